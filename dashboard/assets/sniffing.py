"""What a file is by its first bytes, whatever its name and its sender say: how it is filed, called and handed over."""

from pathlib import Path

from dashboard.assets.models import Asset

# As many as tell every type below apart.
HEAD = 64
UNKNOWN = "application/octet-stream"
ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "model/gltf-binary": "glb",
}
STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"\x1a\x45\xdf\xa3": "video/webm",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"\xff\xf2": "audio/mpeg",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
    b"glTF": "model/gltf-binary",
}
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
KINDS = {
    "image": Asset.Kind.IMAGE,
    "video": Asset.Kind.VIDEO,
    "audio": Asset.Kind.AUDIO,
    "model": Asset.Kind.MODEL,
}


def type_of(head: bytes) -> str:
    """Return the type of a file that begins so; of pictures and videos it is what the decoder takes them for."""
    if head[:4] == b"RIFF":
        return RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        if b"avif" in head[8:32] or b"avis" in head[8:32]:
            return "image/avif"
        if head[8:11] in {b"hei", b"hev", b"mif", b"msf"}:
            return "image/heic"
        return "audio/mp4" if head[8:11] == b"M4A" else "video/mp4"
    return next((found for start, found in STARTS.items() if head.startswith(start)), UNKNOWN)


def type_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return type_of(file.read(HEAD))


def kind_of(mime: str) -> Asset.Kind:
    """Return what people call a file of a type."""
    return KINDS.get(mime.partition("/")[0], Asset.Kind.OTHER)


def file_name(remote_id: str, mime: str) -> str:
    """Return what a file is called on the disk of whoever takes it: its id, and an ending that fits what it is."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "_" for one in remote_id)
    return f"{plain[:150]}.{ENDINGS.get(mime, 'bin')}"
