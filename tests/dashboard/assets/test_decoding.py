"""What strangers send is decoded elsewhere, within limits, and ends in a clear state whatever it is."""

import io
import os
import random
import re
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dashboard.assets import decoding
from dashboard.assets.decoder import MEMORY_BYTES
from dashboard.assets.decoding import CannotPreview, Decoded, Decoders
from dashboard.assets.previews import PREVIEW_WIDTHS
from dashboard.lib.glossary import GLOSSARY
from tests.dashboard.assets.files import (
    DISGUISES,
    FORMATS,
    encoded,
    hostile,
    ink_profile,
    picture,
    screen_profile,
    video,
    wide_profile,
)

HOSTILE = hostile()


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    """One process for all of them: one that died over a file would be missed by the next."""
    pool = Decoders(1)
    yield pool
    pool.close()


@pytest.fixture
def decode(decoders: Decoders, tmp_path: Path) -> Any:
    def decode_it(content: bytes) -> Decoded:
        path = tmp_path / "file"
        path.write_bytes(content)
        return decoders.decode(path, PREVIEW_WIDTHS)

    return decode_it


def child_of(decoders: Decoders) -> int:
    """Return the number of the process that waits."""
    process = decoders._idle.queue[-1]
    return process._process.pid if process else 0


def peak_of(pid: int) -> int:
    """Return the most address space that a process ever had, in bytes."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmPeak"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("name", FORMATS)
def test_picture_of_each_format_is_made_small(name: str, decode: Any) -> None:
    found = decode(encoded(name, picture(1500, 1000)))
    assert (found.mime, found.width, found.height) == (f"image/{name}", 1500, 1000)
    sizes = [Image.open(io.BytesIO(one)).size for one in found.pictures]
    assert sizes == [(320, 213), (640, 427), (1280, 853)]
    assert {Image.open(io.BytesIO(one)).format for one in found.pictures} == {"WEBP"}
    assert found.placeholder.startswith("data:image/webp;base64,")
    assert len(found.placeholder) <= 200


def test_small_picture_is_never_blown_up(decode: Any) -> None:
    found = decode(encoded("png", picture(500, 100)))
    assert [Image.open(io.BytesIO(one)).size for one in found.pictures] == [(320, 64), (500, 100)]
    assert [Image.open(io.BytesIO(one)).size for one in decode(encoded("png", picture(1, 1))).pictures] == [(1, 1)]


def test_strip_is_made_narrower_and_still_shown(decode: Any) -> None:
    found = decode(encoded("png", picture(200, 20_000)))
    assert [Image.open(io.BytesIO(one)).size for one in found.pictures] == [(8, 800)]


@pytest.mark.parametrize("turn", range(1, 9))
def test_picture_stands_upright_and_its_metadata_is_gone(turn: int, decode: Any) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x8825] = turn, "secret place", {1: "N", 2: (52.0, 31.0, 12.0)}
    found = decode(encoded("jpeg", _turned(picture(400, 200), turn), exif=exif, quality=95))
    assert (found.width, found.height) == (400, 200)
    small = Image.open(io.BytesIO(found.pictures[0])).convert("RGB")
    assert not {"exif", "icc_profile", "xmp"} & set(small.info)
    assert b"secret" not in b"".join(found.pictures)
    red, green, blue = small.getpixel((10, 10))
    assert (red > 200, green < 60, blue < 60) == (True, True, True)


def _turned(upright: Image.Image, turn: int) -> Image.Image:
    """Return the picture as a camera stores it that was held that way."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return upright.transpose(undo[turn]) if turn in undo else upright


def test_first_picture_of_an_animation_stands_for_it(decode: Any) -> None:
    frames = [picture(64, 64), Image.new("RGB", (64, 64), "black")]
    for name in ("gif", "webp"):
        found = decode(encoded(name, frames[0], save_all=True, append_images=frames[1:]))
        assert found.is_animated
        assert Image.open(io.BytesIO(found.pictures[0])).convert("RGB").getpixel((4, 4))[0] > 200


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_way_to_keep_colours_is_understood(mode: str, decode: Any) -> None:
    name = "jpeg" if mode == "CMYK" else "png"
    source = Image.new("I;16", (96, 64), 3_000) if mode == "I;16" else picture(mode=mode)
    assert decode(encoded(name, source)).width == 96


def test_sixteen_bits_of_grey_keep_their_shade(decode: Any) -> None:
    found = decode(encoded("png", Image.new("I;16", (96, 64), 30_000)))
    assert abs(Image.open(io.BytesIO(found.pictures[0])).convert("L").getpixel((9, 9)) - 30_000 // 256) <= 2


def test_holes_stay_holes(decode: Any) -> None:
    found = decode(encoded("png", Image.new("RGBA", (64, 64), (255, 0, 0, 0))))
    assert Image.open(io.BytesIO(found.pictures[0])).convert("RGBA").getpixel((9, 9))[3] == 0
    assert found.colour == "#ffffff"


# The red of a screen, in the numbers of a wider one.
WIDE_RED, RED = (234, 51, 35), (255, 0, 0)
GREEN_IN_LAB = (200, 60, 190)


def shade(found: Decoded) -> tuple[int, ...]:
    return Image.open(io.BytesIO(found.pictures[0])).convert("RGB").getpixel((9, 9))


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "avif"])
def test_colours_of_a_wide_screen_are_those_that_it_shows(name: str, decode: Any) -> None:
    found = decode(encoded(name, Image.new("RGB", (900, 60), WIDE_RED), icc_profile=wide_profile()))
    assert max(abs(told - wanted) for told, wanted in zip(shade(found), RED, strict=True)) <= 6
    assert found.colour.startswith("#f")
    assert all("icc_profile" not in Image.open(io.BytesIO(one)).info for one in found.pictures)


def test_holes_of_a_wide_picture_stay_holes(decode: Any) -> None:
    found = decode(encoded("png", Image.new("RGBA", (64, 64), (*WIDE_RED, 0)), icc_profile=wide_profile()))
    assert Image.open(io.BytesIO(found.pictures[0])).convert("RGBA").getpixel((9, 9))[3] == 0


def test_inks_are_shown_as_their_profile_says(decode: Any) -> None:
    inks = Image.new("CMYK", (64, 64), (200, 20, 20, 20))
    red, green, blue = shade(decode(encoded("jpeg", inks, icc_profile=ink_profile(GREEN_IN_LAB))))
    assert green > 150 > max(red, blue)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(
    "profile",
    [
        screen_profile(),
        b"no profile",
        wide_profile()[:300],
        wide_profile().replace(b"RGB ", b"GRAY"),
        wide_profile().ljust(2 << 20, b"\x00"),
    ],
    ids=["of-a-screen", "no-profile", "cut-off", "of-something-else", "giant"],
)
def test_profile_without_use_changes_nothing(profile: bytes, mode: str, decode: Any) -> None:
    source = picture(mode=mode)
    assert decode(encoded("jpeg", source, icc_profile=profile)) == decode(encoded("jpeg", source))


def test_poster_of_a_video(decode: Any) -> None:
    found = decode(video(64, 48, frames=5))
    assert (found.mime, found.width, found.height, found.duration_ms) == ("video/mp4", 64, 48, 500)
    assert len(found.pictures) == 1


def test_camera_s_picture_of_fifty_megapixels_is_read_small(decode: Any, decoders: Decoders) -> None:
    found = decode(encoded("jpeg", Image.new("RGB", (8_700, 5_800), "teal")))
    assert (found.width, len(found.pictures)) == (8_700, 3)


def test_corpus_is_large_enough() -> None:
    assert len(HOSTILE) >= 200
    assert len({name for name, _ in HOSTILE}) == len(HOSTILE)


def test_bent_profiles_break_no_decoder(decode: Any, decoders: Decoders) -> None:
    dice = random.Random(7)  # noqa: S311
    for good in (wide_profile(), ink_profile(GREEN_IN_LAB)) * 30:
        bent = bytearray(good)
        for _ in range(3):
            bent[dice.randrange(len(bent))] = dice.randrange(256)
        mode = "CMYK" if b"CMYK" in good else "RGB"
        assert decode(encoded("jpeg", picture(mode=mode), icc_profile=bytes(bent))).width == 96
    assert child_of(decoders)


def outcome(decode: Any, content: bytes) -> tuple[str, tuple[bytes, ...]]:
    """Return why there is no picture, or the pictures."""
    try:
        return "", decode(content).pictures
    except CannotPreview as problem:
        return problem.problem, ()


@pytest.mark.parametrize("name", [name for name, _ in HOSTILE])
def test_hostile_file_ends_in_a_clear_state(name: str, decode: Any, decoders: Decoders) -> None:
    problem, pictures = outcome(decode, dict(HOSTILE)[name])
    assert problem in GLOSSARY["preview_problem"] or pictures
    # Whatever was sent: what comes out was drawn by us.
    for small in pictures:
        assert Image.open(io.BytesIO(small)).format == "WEBP"
        assert not re.search(rb"<script|<\?php|%PDF|PK\x03\x04", small)
    if pid := child_of(decoders):
        soft, _ = resource.prlimit(pid, resource.RLIMIT_AS)
        assert peak_of(pid) <= soft
        assert soft < peak_of(os.getpid()) + MEMORY_BYTES
    assert decode(encoded("gif")).width == 96


@pytest.mark.parametrize("name", DISGUISES)
def test_disguise_is_no_picture(name: str, decode: Any) -> None:
    with pytest.raises(CannotPreview) as problem:
        decode(DISGUISES[name])
    assert problem.value.problem == "not_a_picture"


@pytest.mark.parametrize("name", ["png-colour-9000", "png-huge", "jpeg-65000", "gif-huge", "webp-4096"])
def test_bomb_is_too_large(name: str, decode: Any) -> None:
    with pytest.raises(CannotPreview) as problem:
        decode(dict(HOSTILE)[name])
    assert problem.value.problem == "too_large"


def test_process_knows_no_secret_and_writes_no_file(decode: Any, decoders: Decoders) -> None:
    decode(encoded("png"))
    pid = child_of(decoders)
    assert Path(f"/proc/{pid}/environ").read_bytes() in {b"", b"\x00"}
    assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)


def test_process_that_was_killed_is_replaced(decode: Any, decoders: Decoders) -> None:
    decode(encoded("png"))
    process = decoders._idle.queue[-1]
    assert process
    process._process.kill()
    process._process.wait()
    assert decode(encoded("png")).width == 96


def test_process_that_has_done_its_share_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "FILES_A_PROCESS", 1)
    path, pool = tmp_path / "file", Decoders(1)
    path.write_bytes(encoded("png"))
    pool.decode(path, PREVIEW_WIDTHS)
    first = pool._idle.queue[-1]
    assert first
    pool.decode(path, PREVIEW_WIDTHS)
    assert first._process.returncode is not None
    assert child_of(pool) not in {0, first._process.pid}
    pool.close()


def test_process_that_answers_nothing_is_given_up(tmp_path: Path) -> None:
    """A pipe that nobody writes into holds it at opening, as a disk that hangs would."""
    impatient = Decoders(1, wall_seconds=0.2)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotPreview) as problem:
        impatient.decode(tmp_path / "pipe", PREVIEW_WIDTHS)
    assert (problem.value.problem, child_of(impatient)) == ("too_slow", 0)
    impatient.close()
