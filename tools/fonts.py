"""Makes the fonts that PDFs embed: ``python -m tools.fonts`` (after ``npm ci``), into static/fonts, which is committed.

The pages' font comes as one variable WOFF2 a script; a PDF wants one plain TrueType file a weight.
"""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "node_modules" / "@fontsource-variable" / "geist" / "files"
# The first tells the metrics, and what two of them have is taken from the first that has it.
SCRIPTS = ("latin", "latin-ext", "vietnamese", "cyrillic", "cyrillic-ext")
WEIGHTS = {"regular": 400, "semibold": 600}


def main() -> None:
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    for name, weight in WEIGHTS.items():
        with TemporaryDirectory() as folder:
            parts = [_part(script, weight, Path(folder)) for script in SCRIPTS]
            font = Merger().merge([str(part) for part in parts])
        # The same bytes whenever it is made.
        font["head"].created = font["head"].modified = 0
        font.recalcTimestamp = False
        # Whoever draws a PDF tells its fonts apart by this name.
        font["name"].setName(f"Geist-{name.title()}", 6, 3, 1, 0x409)
        font.save(ROOT / "static" / "fonts" / f"geist-{name}.ttf")


def _part(script: str, weight: int, folder: Path) -> Path:
    font = instantiateVariableFont(TTFont(SOURCE / f"geist-{script}-wght-normal.woff2"), {"wght": weight})
    # A PDF places glyph by glyph: kerning and alternates would be carried for nothing.
    for table in ("GSUB", "GPOS", "GDEF", "STAT"):
        if table in font:
            del font[table]
    font.flavor = None
    path = folder / f"{script}.ttf"
    font.save(path)
    return path


if __name__ == "__main__":
    main()
