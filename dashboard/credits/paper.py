"""Papers: what a receipt or a statement says, in plain text, drawn alike on a page, on paper and in a PDF.

Moments are UTC, so that the same paper says the same wherever it is read. Nothing is escaped here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from dashboard.credits.buyer import buyer_lines, payer_lines
from dashboard.credits.models import BuyerDetails, Receipt, Reversal
from dashboard.credits.receipt_figures import GIVEN_BACK, TAKEN, Figures
from dashboard.credits.statement import Statement
from dashboard.lib.glossary import word_for
from dashboard.lib.presentation import credits_text, credits_unit, money_text

RECEIPT_ONLY = "A receipt, not a tax invoice."
STATEMENT_ONLY = "A statement, not a tax invoice."
UNIT = "One credit is one US cent. Credits belong to the agent they were bought for and cannot move."
NO_MONEY = "Test settlement: no money moved."


@dataclass(frozen=True)
class Line:
    """A row of a paper's table: one text a column; `url` leads from the first on the page alone."""

    cells: tuple[str, ...]
    url: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture, a small JPEG, with the lines beneath it; without one `absent` stands in its place. In PDFs alone."""

    caption: tuple[str, ...]
    jpeg: bytes = b""
    absent: str = ""


@dataclass(frozen=True)
class Pictures:
    """The pictures of a paper under their heading."""

    title: str
    shown: tuple[Picture, ...]


@dataclass(frozen=True)
class Paper:
    """The first `texts` columns are words, the others figures, which stand right. `nothing` is said without lines."""

    title: str
    facts: tuple[tuple[str, str], ...]
    buyer: tuple[str, ...]
    columns: tuple[str, ...]
    texts: int
    lines: tuple[Line, ...]
    totals: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    nothing: str = ""
    pictures: Pictures | None = None

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """Return (column, whether it holds figures)."""
        return [(column, place >= self.texts) for place, column in enumerate(self.columns)]

    @property
    def labelled(self) -> list[tuple[str, list[tuple[str, bool, str]]]]:
        """Return (url, cells) a line, each cell as (column, whether it is a figure, text)."""
        return [
            (line.url, [(*head, cell) for head, cell in zip(self.heads, line.cells, strict=True)])
            for line in self.lines
        ]


def receipt_paper(receipt: Receipt, *, steps: list[Reversal], buyer: BuyerDetails | None) -> Paper:
    """Return the paper of one receipt: what was paid, and what refunds and disputes did to it since."""
    back = sum(map(_step_cents, steps))
    money = partial(money_text, currency=receipt.currency)
    named = " USD" if receipt.currency == "USD" else ""
    totals = [("Paid", f"{money(receipt.amount_cents)}{named}")]
    if back:
        totals = [
            ("Paid", money(receipt.amount_cents)),
            ("Taken back", money(-back)),
            ("Remains", f"{money(receipt.amount_cents - back)}{named}"),
        ]
    return Paper(
        title="Receipt",
        facts=_receipt_facts(receipt),
        buyer=buyer_lines(buyer) or payer_lines(receipt.payer),
        columns=("Date", "What", "Credits", "Amount"),
        texts=2,
        lines=(_bought(receipt), *(_step_line(step, receipt.currency) for step in steps)),
        totals=tuple(totals) if receipt.live_money else (("No money moved", "$0.00"),),
        notes=(RECEIPT_ONLY if receipt.live_money else NO_MONEY, UNIT),
    )


def statement_paper(statement: Statement, *, buyer: BuyerDetails | None) -> Paper:
    """Return the paper of a month: what came in and went out by agent, and in all."""
    month, before, moved = statement.month, statement.before, statement.moved
    return Paper(
        title="Statement",
        facts=(
            ("Month", f"{month.label}, UTC"),
            ("Workspace", statement.workspace.name),
            ("Bought until then", _kept(before)),
            ("Bought by its end", _kept(before + moved)),
        ),
        buyer=buyer_lines(buyer),
        columns=("Agent", "Receipts", "Credits added", "Credits taken back", "Paid", "Refunded or disputed"),
        texts=1,
        lines=tuple(Line((row.name, *_figures_cells(row.figures)), row.url) for row in statement.rows),
        totals=(
            ("Paid", money_text(moved.paid_cents)),
            ("Refunded or disputed", money_text(-moved.back_cents)),
            ("Remains", f"{money_text(moved.net_cents)} USD"),
        ),
        notes=(
            "What was bought, less what was taken back; what is left of it, each agent's balance tells.",
            STATEMENT_ONLY,
            *([_tests_text(statement.tests)] if statement.tests else []),
            *([_foreign_text(statement.foreign)] if statement.foreign else []),
        ),
        nothing=f"Nothing was bought or refunded in {month.label}.",
    )


def moment_text(moment: datetime) -> str:
    """Return a moment as papers say it: "20 Nov 2026, 17:04 UTC"."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def _tests_text(count: int) -> str:
    stands = "stands 1 test settlement" if count == 1 else f"stand {count:,} test settlements"
    return f"Beside these {stands}, which moved no money."


def _foreign_text(count: int) -> str:
    stands = "1 receipt" if count == 1 else f"{count:,} receipts"
    return f"In no figure here: {stands} in another currency than US dollars."


def _day(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y}"


def _kept(figures: Figures) -> str:
    kept = figures.net_credits
    return f"{credits_text(kept)} {credits_unit(kept)}, {money_text(figures.net_cents)}"


def _figures_cells(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.receipts:,}",
        credits_text(figures.granted_credits),
        credits_text(-figures.back_credits),
        money_text(figures.paid_cents),
        money_text(-figures.back_cents),
    )


def _receipt_facts(receipt: Receipt) -> tuple[tuple[str, str], ...]:
    return (
        ("Receipt", receipt.remote_id),
        ("Issued", moment_text(receipt.issued_at)),
        ("Way to pay", word_for("payment_method", receipt.method).text),
        ("Agent", receipt.agent.display_name),
    )


def _bought(receipt: Receipt) -> Line:
    what = f"{credits_text(receipt.credits)} {credits_unit(receipt.credits)} for {receipt.agent.display_name}"
    cents = receipt.amount_cents if receipt.live_money else 0
    return Line(
        (_day(receipt.issued_at), what, credits_text(receipt.credits), money_text(cents, currency=receipt.currency))
    )


def _step_line(step: Reversal, currency: str) -> Line:
    moved = credits_text(step.credits_delta or 0, is_delta=True)
    what = word_for("reversal_kind", step.kind).text
    return Line((_day(step.occurred_at), what, moved, money_text(-_step_cents(step), is_delta=True, currency=currency)))


def _step_cents(step: Reversal) -> int:
    """Return the cents that a step took (below zero: gave back), by the rule of `receipt_figures`."""
    told = step.amount_cents if step.amount_cents is not None else abs(step.credits_delta or 0)
    if step.kind in TAKEN:
        return told
    return -told if step.kind == GIVEN_BACK else 0
