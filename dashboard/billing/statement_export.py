"""A month's lines as a file: a short one at once, a long one in the background."""

from zoneinfo import ZoneInfo

from dashboard.accounts.models import PlatformRole
from dashboard.billing.statement import COLUMNS, Period, disputes, payments, payouts, refunds, statement_rows
from dashboard.credits.months import Month
from dashboard.exports.kinds import ExportKind, Order, Product, kind_register
from dashboard.lib.export import file_name, file_pieces, file_type

# A request that streams holds one of the server's threads: more rows than these are made in the background.
STREAMED_AT_MOST = 10_000


def row_count(period: Period) -> int:
    return sum(
        rows.order_by().count() for rows in (payments(period), refunds(period), disputes(period), payouts(period))
    )


def export_name(period: Period) -> str:
    return f"money-{period.month}"


def statement_produce(order: Order) -> Product:
    """Make the file of a month; the parameters are `month`, `zone` and `format`. Raises ValueError for no month."""
    month, kind = Month.parse(order.parameters["month"]), order.parameters["format"]
    if month is None:
        raise ValueError("That is no month.")
    period = Period(month, ZoneInfo(order.parameters["zone"]))
    return Product(
        file_name=file_name(export_name(period), kind),
        content_type=file_type(kind),
        pieces=file_pieces(kind, COLUMNS, statement_rows(period)),
        rows_total=row_count(period),
    )


STATEMENT = kind_register(
    ExportKind(
        name="billing_statement",
        label="Monthly statement",
        rows_name="lines",
        produce=statement_produce,
        platform_roles=frozenset({PlatformRole.BILLING_ADMIN}),
    )
)
