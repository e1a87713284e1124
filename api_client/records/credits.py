"""Buying credits: 1 credit is 1 US cent (contract 2.6 to 2.12, 3.4, 3.6, 3.8). Amounts are whole cents."""

from api_client.records.base import Answer, Id, JsonObject, Moment, Record, Text, Url, Whole, Word, Words
from api_client.records.quota import lift_limits
from api_client.records.wire import lift, rows, usd_to_micros


class PaymentMethod(Record):
    """One rail. Offer it only where `is_offerable`; `unavailable_reason` and `settlement_blocker` are for people."""

    method_id: Id
    status: Word | None = None
    available: bool = False
    quoteable: bool = False
    purchasable: bool = False
    live_money: bool | None = None
    unavailable_reason: Text | None = None
    buyer_modes: Words = ()
    requires_browser: bool | None = None
    agent_initiated: bool | None = None
    agent_settleable: bool | None = None
    settlement_blocker: Text | None = None
    default_pack_id: Word | None = None
    min_amount_cents: Whole | None = None
    max_amount_cents: Whole | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "limits", min_amount_cents="min_amount_cents", max_amount_cents="max_amount_cents")
        return wire

    @property
    def is_offerable(self) -> bool:
        """The rule of contract 4.18."""
        return self.available and self.quoteable and self.purchasable


class PaymentMethods(Answer):
    """All rails of the service; rows that could not be read are in `extra["malformed_methods"]`."""

    methods: tuple[PaymentMethod, ...]
    contract_version: Word | None = None
    credit_unit_cents: Whole | None = None
    currency: Word | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "methods", PaymentMethod)
        return wire


class CreditPack(Record):
    """A fixed number of credits at a fixed price."""

    pack_id: Id
    credits: Whole
    amount_cents: Whole
    currency: Word = "USD"
    name: Text | None = None
    display_name: Text | None = None


class CreditPacks(Answer):
    """The packs on sale, and the bounds of a free amount; unreadable rows are in `extra["malformed_packs"]`."""

    packs: tuple[CreditPack, ...]
    default_pack_id: Word | None = None
    credit_unit_cents: Whole | None = None
    currency: Word | None = None
    custom_supported: bool | None = None
    custom_min_credits: Whole | None = None
    custom_max_credits: Whole | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "packs", CreditPack)
        lift(
            wire,
            "custom_quotes",
            custom_supported="supported",
            custom_min_credits="min_credits",
            custom_max_credits="max_credits",
        )
        return wire


class Quote(Answer):
    """A price held for a while (contract 2.8). It never changes a balance."""

    quote_id: Id
    credits: Whole
    price_amount_cents: Whole
    state: Word | None = None
    currency: Word = "USD"
    expires_at: Moment | None = None
    accepted_payment_method: Word | None = None
    idempotency_key: Word | None = None
    pack_id: Word | None = None
    live_money: bool | None = None
    next_actions: JsonObject | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "pack", pack_id="pack_id")
        return wire


class PayableInstructions(Record):
    """Pay exactly `token_amount_atomic` (10,000 atomic units a cent) to the address, or nothing (contract 4.6)."""

    deposit_address: Id
    token_amount_atomic: Word
    token_amount: Word | None = None
    token_decimals: Whole | None = None
    token_currency: Word | None = None
    token_contract_address: Word | None = None
    network: Word | None = None
    amount_cents: Whole | None = None
    amount_usd_micros: Whole | None = None
    supported_token_currencies: Words = ()
    expires_at: Moment | None = None
    exact_amount_required: bool | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        usd_to_micros(wire, "amount_usd", "amount_usd_micros")
        return wire


class X402Deposit(Record):
    """A deposit in a stable coin (contract 3.8); without instructions there is nothing to pay to."""

    method_id: Word | None = None
    scheme: Word | None = None
    network: Word | None = None
    token_currency: Word | None = None
    deposit_address_present: bool | None = None
    payable_instructions: PayableInstructions | None = None


class PurchaseAttempt(Answer):
    """A try to pay one quote (contract 2.10, 2.11). It never changes a balance; `expires_at` is ours (INF).

    Show `checkout_handoff_url` first, `checkout_url` only as a fallback and with its fragment untouched (4.4);
    check scheme and host of either before making it a link.
    """

    payment_attempt_id: Id
    state: Word | None = None
    attempt_status: Word | None = None
    quote_id: Word | None = None
    provider: Word | None = None
    accepted_payment_method: Word | None = None
    checkout_session_id: Word | None = None
    checkout_handoff_url: Url | None = None
    checkout_compact_url: Url | None = None
    checkout_url: Url | None = None
    credits: Whole | None = None
    amount_cents: Whole | None = None
    currency: Word = "USD"
    live_money: bool | None = None
    expires_at: Moment | None = None
    stripe_x402: X402Deposit | None = None
    next: JsonObject | None = None


class PurchaseStatus(Answer):
    """The one source of a payment's state (contract 2.12, 4.5). Receipt and credit event come with success.

    Published states: action_required, succeeded. The inner shapes of receipt, credit event and provider event are
    unpublished, so they are kept as sent.
    """

    state: Word
    quote: Quote | None = None
    payment_attempt: PurchaseAttempt | None = None
    receipt_id: Word | None = None
    credit_event_id: Word | None = None
    receipt: JsonObject | None = None
    credit_event: JsonObject | None = None
    provider_event: JsonObject | None = None
    remaining_credits: Whole | None = None
    payment_backed_remaining_credits: Whole | None = None
    next: JsonObject | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift_limits(wire)
        for name in ("receipt", "credit_event"):
            inner = wire.get(name)
            if isinstance(inner, dict):
                wire.setdefault(f"{name}_id", inner.get(f"{name}_id"))
        return wire
