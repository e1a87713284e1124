"""Papers as PDF: the same bytes for the same paper, names of any script as far as a font reaches.

The embedded font draws Latin, Vietnamese and Cyrillic. Han, kana and Hangul are left to the reader's own fonts, as PDF
allows for them; what neither draws becomes a question mark, and the file says so.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from xml.sax.saxutils import escape

from django.conf import settings
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from dashboard.credits.paper import Paper, Picture, Pictures

REGULAR, STRONG, HAN, HANGUL = "Geist", "Geist-Strong", "STSong-Light", "HYSMyeongJo-Medium"
UNDRAWN = "?"
UNDRAWN_NOTE = "A question mark stands for a character that this file's font does not have; the page shows it."
INK, SOFT, HAIRLINE = HexColor(0x1C2030), HexColor(0x5A6072), HexColor(0xDDE0E6)
MARGIN = 20 * mm
# The frame that reportlab puts a story into pads it by six points on each side.
WIDTH = A4[0] - 2 * MARGIN - 12
# Pictures stand in rows of so many, each within a square.
A_ROW, GAP = 4, 3 * mm
SQUARE = (WIDTH - (A_ROW - 1) * GAP) / A_ROW


def paper_pdf(paper: Paper) -> bytes:
    """Return a paper as a PDF file of A4 pages."""
    _fonts()
    held = BytesIO()
    document = SimpleDocTemplate(
        held,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"{paper.title} {paper.facts[0][1]}",
        author=settings.PRODUCT_NAME,
        invariant=1,
        lang="en",
    )
    document.build(_story(paper), onFirstPage=_foot, onLaterPages=_foot)
    return held.getvalue()


@lru_cache(maxsize=1)
def _fonts() -> frozenset[int]:
    """Register the fonts once a process and return the characters that the embedded one draws."""
    folder = settings.BASE_DIR / "static" / "fonts"
    regular = TTFont(REGULAR, str(folder / "geist-regular.ttf"))
    pdfmetrics.registerFont(regular)
    pdfmetrics.registerFont(TTFont(STRONG, str(folder / "geist-semibold.ttf")))
    for name in (HAN, HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(regular.face.charToGlyph)


def _style(*, size: float = 9.5, color: Color = INK, font: str = REGULAR, is_figure: bool = False) -> ParagraphStyle:
    style = ParagraphStyle(f"{font}-{size}", fontName=font, fontSize=size, leading=size * 1.45, textColor=color)
    if is_figure:
        style.alignment = TA_RIGHT
    return style


def _story(paper: Paper) -> list[Flowable]:
    drawn = _parts(paper)
    shown = paper.pictures.shown if paper.pictures else ()
    told = [*(line.cells for line in paper.lines), *(picture.caption for picture in shown), *paper.facts, paper.buyer]
    texts = [text for texts in told for text in texts]
    notes = [*paper.notes, *([UNDRAWN_NOTE] if any(map(_has_undrawn, texts)) else [])]
    small = _style(size=8, color=SOFT)
    return [*drawn, Spacer(0, 10 * mm), *(Paragraph(markup(note), small) for note in notes)]


def _parts(paper: Paper) -> list[Flowable]:
    head = Paragraph(markup(settings.PRODUCT_NAME), _style(size=11, color=SOFT, font=STRONG))
    title = Paragraph(markup(paper.title), _style(size=20, font=STRONG))
    pictures = _pictures(paper.pictures) if paper.pictures else []
    begin = [head, Spacer(0, 1 * mm), title, Spacer(0, 8 * mm), _about(paper), Spacer(0, 9 * mm)]
    return [*begin, *_figures(paper), *pictures]


def _about(paper: Paper) -> Table:
    """Draw the facts on the left, the buyer on the right; without a buyer the facts have all the room."""
    label, text = _style(color=SOFT), _style()
    told = [(name if place == 0 else "", line) for name, said in paper.facts for place, line in enumerate(_lines(said))]
    rows = [[Paragraph(markup(name), label), Paragraph(markup(line), text)] for name, line in told]
    if not paper.buyer:
        # Only here can a text be longer than a page.
        return Table(rows, colWidths=[40 * mm, WIDTH - 40 * mm], style=_plain(), splitInRow=1)
    facts = Table(rows, colWidths=[34 * mm, 66 * mm], style=_plain())
    buyer = [Paragraph("Buyer", label), *(Paragraph(markup(line), text) for line in paper.buyer)]
    return Table([[facts, buyer]], colWidths=[106 * mm, WIDTH - 106 * mm], style=_plain())


def _lines(said: str) -> list[str]:
    return said.splitlines() or [""]


def _figures(paper: Paper) -> list[Flowable]:
    """Draw the table, which may go on over pages, and the sums beneath it."""
    rows = [_cells(paper, paper.columns, color=SOFT), *(_cells(paper, line.cells) for line in paper.lines)]
    hairlines = [("LINEBELOW", (0, 0), (-1, -1), 0.5, HAIRLINE), ("LINEABOVE", (0, 0), (-1, 0), 0.5, HAIRLINE)]
    lines = Table(rows, colWidths=_widths(paper), repeatRows=1, style=TableStyle([*_TIGHT, *hairlines]))
    sums = [[_sum(name), _sum(text, is_figure=True)] for name, text in paper.totals]
    table = lines if paper.lines else Paragraph(markup(paper.nothing), _style())
    return [table, Spacer(0, 4 * mm), Table(sums, colWidths=[48 * mm, 36 * mm], hAlign="RIGHT", style=_plain())]


def _pictures(pictures: Pictures) -> list[Flowable]:
    """Draw pictures with their captions, a row of them never parted by the end of a page."""
    title = Paragraph(markup(pictures.title), _style(size=12, font=STRONG))
    starts = range(0, len(pictures.shown), A_ROW)
    first, *others = (_row(pictures.shown[start : start + A_ROW]) for start in starts)
    return [Spacer(0, 9 * mm), KeepTogether([title, Spacer(0, 3 * mm), first]), *others]


def _row(row: tuple[Picture, ...]) -> Table:
    missing = [""] * (A_ROW - len(row))
    cells = [[*map(_drawn, row), *missing], [*map(_caption, row), *missing]]
    apart = [
        ("RIGHTPADDING", (0, 0), (-1, -1), GAP),
        ("NOSPLIT", (0, 0), (0, 1)),
        ("BOTTOMPADDING", (0, 1), (-1, 1), 10),
    ]
    widths = [SQUARE + GAP] * (A_ROW - 1) + [SQUARE]
    style = [*_TIGHT, ("VALIGN", (0, 0), (-1, 0), "BOTTOM"), *apart, ("RIGHTPADDING", (-1, 0), (-1, -1), 0)]
    return Table(cells, colWidths=widths, style=TableStyle(style))


def _drawn(picture: Picture) -> Flowable:
    if picture.jpeg:
        return Image(BytesIO(picture.jpeg), width=SQUARE, height=SQUARE, kind="proportional", hAlign="LEFT")
    frame = [("BOX", (0, 0), (-1, -1), 0.5, HAIRLINE), ("ALIGN", (0, 0), (-1, -1), "CENTER")]
    said = Paragraph(markup(picture.absent), ParagraphStyle("absent", _style(size=8, color=SOFT), alignment=TA_CENTER))
    middle = ("VALIGN", (0, 0), (-1, -1), "MIDDLE")
    return Table([[said]], colWidths=[SQUARE], rowHeights=[SQUARE * 2 / 3], style=TableStyle([*frame, middle]))


def _caption(picture: Picture) -> list[Paragraph]:
    return [Paragraph(markup(line), _style(size=6.5, color=SOFT)) for line in picture.caption if line]


def _cells(paper: Paper, cells: Iterable[str], *, color: Color = INK) -> list[Paragraph]:
    return [
        Paragraph(markup(cell), _style(size=9, color=color, is_figure=place >= paper.texts))
        for place, cell in enumerate(cells)
    ]


def _sum(text: str, *, is_figure: bool = False) -> Paragraph:
    return Paragraph(markup(text), _style(font=STRONG, is_figure=is_figure))


def _widths(paper: Paper) -> list[float]:
    """Give figures what a sum of money needs, the last column of words the rest."""
    figures = len(paper.columns) - paper.texts
    figure = min(32 * mm, WIDTH * 0.7 / figures)
    first = [31 * mm] * (paper.texts - 1)
    return [*first, WIDTH - sum(first) - figure * figures, *[figure] * figures]


_TIGHT = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 4),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]


def _plain() -> TableStyle:
    return TableStyle([*_TIGHT, ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)])


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(REGULAR, 8)
    canvas.setFillColor(SOFT)
    canvas.drawRightString(MARGIN + 6 + WIDTH, 12 * mm, f"Page {document.page}")


def markup(text: str) -> str:
    """Return any text as reportlab's markup that says just this: escaped, and each run in a font that draws it."""
    seen = "".join(one for one in unicodedata.normalize("NFC", text) if unicodedata.category(one) not in ("Cc", "Cf"))
    return "".join(_run(font, "".join(run)) for font, run in groupby(seen, _font_of))


def _run(font: str | None, run: str) -> str:
    if font is None:
        return UNDRAWN * len(run)
    return escape(run) if font == REGULAR else f'<font name="{font}">{escape(run)}</font>'


def _has_undrawn(text: str) -> bool:
    return any(_font_of(one) is None for one in unicodedata.normalize("NFC", text) if one.isprintable())


def _font_of(character: str) -> str | None:
    code = ord(character)
    if code in _fonts() or character == " ":
        return REGULAR
    if 0xAC00 <= code <= 0xD7A3:
        return HANGUL
    is_han = 0x3000 <= code <= 0x30FF or 0x4E00 <= code <= 0x9FA5 or 0xFF01 <= code <= 0xFF5E
    return HAN if is_han else None
