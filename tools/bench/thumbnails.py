"""Small pictures: how quick, how like the original, how large, and how much memory a large one takes.

Against the way that everybody writes first: open, `thumbnail` with LANCZOS, save as WebP. Times are the
processor's own, rounds are interleaved, the best of each counts.
"""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from dashboard.assets.decoder import preview
from dashboard.assets.decoding import Decoders
from sandbox.renderer import Spec, render
from tools.bench.figures import Figure
from tools.bench.size import Size

WIDTH, NO_DATABASE = 512, "none"
# Those of dashboard/assets/previews.py, which wants Django around it.
WIDTHS = (320, 640, 1280)
PICTURES = {"png:1024": ("png", 1024, 2.3), "png:2048": ("png", 2048, 1.9), "jpeg": ("jpeg", 2048, 5.0)}
FIFTY_MEGAPIXELS = (8_700, 5_800)
BLOCK = 8
# Constants of the index, for values up to 255 (Wang et al., 2004).
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def figures(size: Size) -> Iterator[Figure]:
    """All figures of small pictures; they need no database and no server."""
    with TemporaryDirectory() as folder:
        for name, (kind, side, bound) in PICTURES.items():
            yield from _compared(name, _drawn(Path(folder), kind, side), bound, size.rounds)
        large = _drawn(Path(folder), "png", 2048)
        yield _three_widths(large, size.rounds)
        yield _two_processes(large, size.rounds)
        yield _memory(_large(Path(folder)))


def _compared(name: str, path: Path, bound: float, rounds: int) -> Iterator[Figure]:
    ours, naive = _best([lambda: preview(path, [WIDTH]), lambda: _naive(path)], rounds)
    yield Figure(f"thumbnails_{name}", NO_DATABASE, 1 / ours, "pictures/s", (">=", bound), baseline=1 / naive)
    small, plain = preview(path, [WIDTH])[1][0], _naive(path)
    with Image.open(path) as whole:
        wanted = whole.convert("L").resize((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    less = likeness(small, wanted) - likeness(plain, wanted)
    yield Figure(f"thumbnails_{name}:ssim", NO_DATABASE, less, "to naive", (">=", -0.006))
    yield Figure(f"thumbnails_{name}:bytes", NO_DATABASE, len(small), "bytes", ("<=", 1.25), baseline=len(plain))


def _three_widths(path: Path, rounds: int) -> Figure:
    largest = max(WIDTHS)
    three, one = _best([lambda: preview(path, [*WIDTHS]), lambda: preview(path, [largest])], rounds)
    return Figure("thumbnails_widths", NO_DATABASE, three * 1000, "ms", ("<=", 1.5), baseline=one * 1000)


def _two_processes(path: Path, rounds: int) -> Figure:
    alone, both = Decoders(1), Decoders(2)
    one, two = _best([lambda: _many(alone, 1, path), lambda: _many(both, 2, path)], rounds, clock=time.perf_counter)
    alone.close()
    both.close()
    return Figure("thumbnails_processes", NO_DATABASE, 1 / two, "runs/s", (">=", 1.6), baseline=1 / one)


def _many(decoders: Decoders, at_once: int, path: Path) -> None:
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(lambda _: decoders.decode(path, WIDTHS), range(8)))


def _memory(path: Path) -> Figure:
    """What a decoder's resident memory grows by over a picture of fifty megapixels."""
    decoders = Decoders(1)
    before = decoders.peak_bytes()
    decoders.decode(path, WIDTHS)
    more = decoders.peak_bytes() - before
    decoders.close()
    return Figure("thumbnails_memory", NO_DATABASE, more / 1e6, "MB", ("<=", 150))


def _best(
    contestants: Sequence[Callable[[], object]], rounds: int, clock: Callable[[], float] = time.process_time
) -> list[float]:
    """Seconds of each contestant's best round, in turn."""
    best = [float("inf")] * len(contestants)
    for _ in range(rounds + 1):
        for place, run in enumerate(contestants):
            began = clock()
            run()
            best[place] = min(best[place], clock() - began)
    return best


def _naive(path: Path) -> bytes:
    with Image.open(path) as image:
        image.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS, reducing_gap=None)
        file = io.BytesIO()
        image.save(file, "WEBP")
    return file.getvalue()


def _drawn(folder: Path, kind: str, side: int) -> Path:
    """A picture that the sandbox draws, rich in detail: of flat ones WebP's quick way makes more bytes of few."""
    spec = Spec("fal.flux-dev", "bench", width=side, height=side, file_format=kind)
    path = folder / f"{kind}-{side}"
    path.write_bytes(render(spec).content)
    return path


def _large(folder: Path) -> Path:
    path = folder / "large"
    Image.effect_noise((512, 512), 90).convert("RGB").resize(FIFTY_MEGAPIXELS).save(path, "JPEG", quality=90)
    return path


def likeness(webp: bytes, wanted: Image.Image) -> float:
    """The structural similarity (SSIM) of two grey pictures of one size, over blocks side by side."""
    with Image.open(io.BytesIO(webp)) as shown:
        first, second, width = shown.convert("L").tobytes(), wanted.tobytes(), wanted.width
    places = [(x, y) for y in range(0, wanted.height - BLOCK + 1, BLOCK) for x in range(0, width - BLOCK + 1, BLOCK)]
    return sum(_block(first, second, y * width + x, width) for x, y in places) / len(places)


def _block(first: bytes, second: bytes, at: int, width: int) -> float:
    rows = range(at, at + BLOCK * width, width)
    one = b"".join(first[row : row + BLOCK] for row in rows)
    two = b"".join(second[row : row + BLOCK] for row in rows)
    number = len(one)
    mean_one, mean_two = sum(one) / number, sum(two) / number
    spread_one = sum(value * value for value in one) / number - mean_one**2
    spread_two = sum(value * value for value in two) / number - mean_two**2
    shared = sum(a * b for a, b in zip(one, two, strict=True)) / number - mean_one * mean_two
    above = (2 * mean_one * mean_two + C1) * (2 * shared + C2)
    return above / ((mean_one**2 + mean_two**2 + C1) * (spread_one + spread_two + C2))
