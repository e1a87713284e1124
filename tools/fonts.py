"""Makes the fonts of pages and PDFs: ``python -m tools.fonts`` (after ``npm ci``), into static/fonts, committed.

The font comes as one variable WOFF2 a script. Pages get it with the weights and features that they use, which is two
thirds of its bytes; a PDF wants one plain TrueType file a weight.
"""

import logging
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "node_modules" / "@fontsource-variable"
FONTS = ROOT / "static" / "fonts"
# As @font-face in assets/css/base.css says.
PAGES = (("geist", "latin"), ("geist", "latin-ext"), ("geist-mono", "latin"))
PAGE_WEIGHTS = (400, 600)
PAGE_FEATURES = ["calt", "ccmp", "kern", "liga", "locl", "mark", "mkmk", "tnum"]
# The first tells the metrics, and what two of them have is taken from the first that has it.
SCRIPTS = ("latin", "latin-ext", "vietnamese", "cyrillic", "cyrillic-ext")
WEIGHTS = {"regular": 400, "semibold": 600}


def main() -> None:
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    for family, script in PAGES:
        _save(_page_font(family, script), f"{family}-{script}.woff2")
    for name, weight in WEIGHTS.items():
        with TemporaryDirectory() as folder:
            parts = [_part(script, weight, Path(folder)) for script in SCRIPTS]
            font = Merger().merge([str(part) for part in parts])
        # Whoever draws a PDF tells its fonts apart by this name.
        font["name"].setName(f"Geist-{name.title()}", 6, 3, 1, 0x409)
        _save(font, f"geist-{name}.ttf")


def _page_font(family: str, script: str) -> TTFont:
    narrowed, plain = instantiateVariableFont(_source(family, script), {"wght": PAGE_WEIGHTS}), BytesIO()
    # The subsetter wants the tables as they are read from a file.
    narrowed.flavor = None
    narrowed.save(plain)
    font = TTFont(plain)
    subsetter = Subsetter(Options(layout_features=PAGE_FEATURES))
    subsetter.populate(unicodes=font.getBestCmap())
    subsetter.subset(font)
    font.flavor = "woff2"
    return font


def _part(script: str, weight: int, folder: Path) -> Path:
    font = instantiateVariableFont(_source("geist", script), {"wght": weight})
    # A PDF places glyph by glyph: kerning and alternates would be carried for nothing.
    for table in ("GSUB", "GPOS", "GDEF", "STAT"):
        if table in font:
            del font[table]
    font.flavor = None
    path = folder / f"{script}.ttf"
    font.save(path)
    return path


def _source(family: str, script: str) -> TTFont:
    return TTFont(SOURCES / family / "files" / f"{family}-{script}-wght-normal.woff2")


def _save(font: TTFont, name: str) -> None:
    # The same bytes whenever it is made.
    font["head"].created = font["head"].modified = 0
    font.recalcTimestamp = False
    font.save(FONTS / name)


if __name__ == "__main__":
    main()
