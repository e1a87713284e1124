"""A process of its own that turns untrusted files into small pictures: run by path, it knows nothing of ours.

It is started without environment, may write no file, and gets MEMORY_BYTES above what it needs to stand ready and
CPU_SECONDS for each file. A file decides by its first bytes what it is, and is decoded by the decoder of that format
alone. What comes out is always drawn anew: pixels and nothing else. `dashboard/assets/decoding.py` speaks with it:

    in    one JSON object a line: path, widths
    out   one JSON object a line: what was found; then the bytes of its pictures, as many as `sizes` says
"""

import base64
import io
import json
import resource
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, ImageFile

try:
    import av
except ImportError:  # the wheel with a video decoder is an extra
    av = None  # type: ignore[assignment]

MEMORY_BYTES = 150 * 1024 * 1024
CPU_SECONDS = 3.0
# What a picture may take once it is unpacked, and how many pixels one may have that is read at a smaller scale.
MOST_BYTES = 130 * 1024 * 1024
MOST_PIXELS = 200_000_000
MOST_VIDEO_PIXELS = 4096 * 2304
MAX_SIDE = 60_000
# Those of printing presses take some 600 KB.
MOST_PROFILE_BYTES = 1024 * 1024
# A picture taller than this many times its width is made narrower: a strip of kilometres helps nobody.
MOST_HEIGHT = 2.5
QUALITY = 81
BYTES_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "LA": 4, "PA": 4}
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPS_SIDES = frozenset({5, 6, 7, 8})

# Its threads' stacks would count as memory of the picture.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
ImageFile.LOAD_TRUNCATED_IMAGES = False
# Sizes are judged here, by what they take; Pillow's own limit knows nothing of scaled reading.
Image.MAX_IMAGE_PIXELS = None


class CannotPreview(Exception):
    """Why there is no picture: a word of the glossary "preview_problem"."""


def mime_of(head: bytes) -> str:
    """Return what a file is by its first bytes; empty for whatever is no picture and no video that we know."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[4:8] == b"ftyp":
        if b"avif" in head[8:32] or b"avis" in head[8:32]:
            return "image/avif"
        # HEIC is a picture in a video's clothes, which nothing here decodes.
        return "" if head[8:11] in {b"hei", b"hev", b"mif", b"msf"} else "video/mp4"
    return "video/webm" if head.startswith(b"\x1a\x45\xdf\xa3") else ""


FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF", "image/avif": "AVIF"}


def preview(path: Path, widths: list[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return what is known of a file, and a WebP for each width that it is large enough for; raises CannotPreview."""
    with path.open("rb") as file:
        mime = mime_of(file.read(64))
        file.seek(0)
        if mime == "image/webp":
            webp_refuse(file.read(30))
            file.seek(0)
        if mime in FORMATS:
            found, small, size = still(file, FORMATS[mime], max(widths))
        elif mime:
            found, small, size = poster(file, max(widths))
        else:
            raise CannotPreview("not_a_picture")
    found |= {"mime": mime, "width": size[0], "height": size[1]}
    pictures = list(scaled(in_srgb(small), size, widths))
    found |= tiny(pictures[0])
    return found, [webp(picture) for picture in pictures]


def still(file: BinaryIO, name: str, most: int) -> tuple[dict[str, Any], Image.Image, tuple[int, int]]:
    """Return a picture upright and at most a little larger than what is made of it, and its real size in pixels."""
    with Image.open(file, formats=[name]) as source:
        refuse_size(source)
        # All but JPEG are unpacked whole, and PNG already to look for its turn at the end of the file.
        if name != "JPEG":
            refuse_bytes(source, 0)
        turn = int(source.getexif().get(ExifTags.Base.Orientation, 1) or 1) if name != "GIF" else 1
        size = source.size[::-1] if turn in SWAPS_SIDES else source.size
        found = {"is_animated": bool(getattr(source, "is_animated", False)), "duration_ms": None}
        box = fitting(size, most)
        wanted = box[::-1] if turn in SWAPS_SIDES else box
        whole = source.width * source.height
        # JPEG alone can be read at a smaller scale: then most of it is never unpacked.
        source.draft("RGB", wanted)
        refuse_bytes(source, whole)
        return found, upright(shrunk(source, wanted), turn), (size[0], size[1])


def poster(file: BinaryIO, most: int) -> tuple[dict[str, Any], Image.Image, tuple[int, int]]:
    """Return the first picture of a video that stands by itself."""
    if av is None:
        raise CannotPreview("no_decoder")
    with av.open(file, mode="r", metadata_errors="ignore") as container:
        if not container.streams.video:
            raise CannotPreview("not_a_picture")
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = "NONKEY"
        if not 0 < stream.codec_context.width * stream.codec_context.height <= MOST_VIDEO_PIXELS:
            raise CannotPreview("too_large")
        frame = next(iter(container.decode(stream)), None)
        if frame is None or frame.width * frame.height > MOST_VIDEO_PIXELS:
            raise CannotPreview("broken" if frame is None else "too_large")
        length = int(container.duration // 1000) if container.duration else None
        picture = frame.to_image()  # type: ignore[no-untyped-call]
    found = {"is_animated": False, "duration_ms": length}
    return found, shrunk(picture, fitting(picture.size, most)), picture.size


def webp_refuse(head: bytes) -> None:
    """Refuse a WebP by its header: its decoder takes room for three canvases before anybody can ask for its size."""
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    if 12 * width * height > MOST_BYTES:
        raise CannotPreview("too_large")


def refuse_size(source: Image.Image) -> None:
    """Refuse what nobody needs to unpack to know that it is too much."""
    width, height = source.size
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MOST_PIXELS:
        raise CannotPreview("too_large")


def refuse_bytes(source: Image.Image, whole: int) -> None:
    """Refuse what would not fit when unpacked, at the scale at which it will be; `whole` is its pixels at full size."""
    # A progressive JPEG keeps all its coefficients, at the full size whatever the scale.
    kept = 3 * whole if source.info.get("progressive") else 0
    if source.width * source.height * BYTES_A_PIXEL.get(source.mode, 4) + kept > MOST_BYTES:
        raise CannotPreview("too_large")


def fitting(size: tuple[int, int], width: int) -> tuple[int, int]:
    """Return the size that a picture gets for a nominal width: never larger than it is, never taller than sensible."""
    scale = min(1.0, width / size[0], MOST_HEIGHT * width / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrunk(source: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the picture in plain colours, or in inks, at a size that is no larger."""
    source.load()
    if source.mode.startswith("I;16"):
        # To bytes by their upper halves: converted as they are, all but the darkest would be white.
        source = source.point(lambda value: value * (1 / 256)).convert("L")
    if source.mode not in {"RGB", "RGBA", "L", "CMYK"}:
        has_holes = source.mode in {"LA", "PA", "RGBa", "La"} or "transparency" in source.info
        source = source.convert("RGBA" if has_holes else "RGB")
    if source.size == size:
        return source.copy()
    return source.resize(size, Image.Resampling.LANCZOS, reducing_gap=1.0)


def upright(picture: Image.Image, turn: int) -> Image.Image:
    return picture.transpose(TURNED[turn]) if turn in TURNED else picture


def in_srgb(picture: Image.Image) -> Image.Image:
    """Return a small picture in the colours of a screen by its file's profile; as it is where there is none of use."""
    profile = picture.info.get("icc_profile") or b""
    plain = picture.convert("RGB") if picture.mode == "CMYK" else picture
    if not 0 < len(profile) <= MOST_PROFILE_BYTES:
        return plain
    try:
        told = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if (told.profile.profile_description or "").startswith("sRGB"):
            return plain
        mode, screen = "RGBA" if picture.mode == "RGBA" else "RGB", ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(told, screen, picture.mode, mode).apply(picture)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return plain


def scaled(largest: Image.Image, size: tuple[int, int], widths: list[int]) -> Iterator[Image.Image]:
    """Yield a picture for each width, smallest first; a small original has no larger ones. Each is made of the next."""
    useful = [width for place, width in enumerate(sorted(widths)) if place == 0 or sorted(widths)[place - 1] < size[0]]
    made, source = [], largest
    for width in reversed(useful):
        source = shrunk(source, fitting(size, width))
        made.append(source)
    yield from reversed(made)


def webp(picture: Image.Image) -> bytes:
    """Return the picture as WebP without anything but its pixels."""
    file = io.BytesIO()
    bare = picture if picture.mode in {"RGB", "RGBA"} else picture.convert("RGB")
    bare.info = {}
    bare.save(file, "WEBP", quality=QUALITY, method=0)
    return file.getvalue()


def tiny(picture: Image.Image) -> dict[str, str]:
    """Return what is painted first: the mean colour, and a picture of at most 8 pixels a side as an address."""
    bare = Image.new("RGB", picture.size, "white")
    bare.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    bare.thumbnail((8, 8), Image.Resampling.BOX)
    file = io.BytesIO()
    bare.save(file, "WEBP", quality=20, method=0)
    red, green, blue = bare.resize((1, 1), Image.Resampling.BOX).tobytes()
    address = "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    return {"colour": f"#{red:02x}{green:02x}{blue:02x}", "placeholder": address}


def answer(line: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Answer one request; whatever a file does to a decoder ends as a word."""
    asked = json.loads(line)
    try:
        return preview(Path(asked["path"]), asked["widths"])
    except CannotPreview as problem:
        return {"problem": str(problem)}, []
    except MemoryError:
        return {"problem": "too_large", "is_last": True}, []
    except Exception as error:  # noqa: BLE001 - the edge of a process whose work is to meet whatever there is
        return {"problem": "broken", "detail": type(error).__name__}, []


def memory_limit() -> None:
    """Bound what is taken from here on; where the system does not tell how much that is, the sizes alone bound it."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES, taken + MEMORY_BYTES))


def main() -> None:
    warnings.simplefilter("ignore")
    Image.init()
    memory_limit()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(b"{}\n")
    sys.stdout.buffer.flush()
    for line in sys.stdin.buffer:
        # Counts the time of this process alone; its signal ends it.
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        found, pictures = answer(line)
        signal.setitimer(signal.ITIMER_PROF, 0)
        found["sizes"] = [len(picture) for picture in pictures]
        sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")
        for picture in pictures:
            sys.stdout.buffer.write(picture)
        sys.stdout.buffer.flush()
        if found.get("is_last"):
            return


if __name__ == "__main__":
    main()
