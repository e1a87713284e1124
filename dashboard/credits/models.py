"""The sponsor's money path: what was asked for, what was paid, what was taken back. 1 credit is 1 US cent."""

import uuid

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Agent

DEFAULT_FRESH_SIGN_IN_CENTS = 5_000


class Source(models.TextChoices):
    """Who told us that a light is on."""

    STATUS = "status", "Status of the payment"
    LEDGER = "ledger", "Activity ledger"
    QUOTA = "quota", "Balance"
    STRIPE = "stripe", "Stripe"


class Purchase(models.Model):
    """One intention to buy credits for one agent: of a sponsor here, or of the agent itself, found in its ledger.

    Idempotency keys are saved before the calls that carry them, so that an unclear outcome is settled later with the
    same key. `state` is ours and never goes backwards (`dashboard.credits.machine`); `remote_state` is the service's
    word. Amounts are whole cents, credits whole credits; None means that nobody told yet. Each of the four lights has
    its moment and its source. `status_at` is when the answer that was applied last had been asked for.
    """

    class Origin(models.TextChoices):
        SPONSOR = "sponsor", "Opened here"
        AGENT = "agent", "Opened by the agent"

    class State(models.TextChoices):
        QUOTING = "quoting", "Asking for the price"
        QUOTED = "quoted", "Price held"
        OPENING = "opening", "Opening the payment"
        OPEN = "open", "Waiting for the payer"
        PROCESSING = "processing", "Payment under way"
        PAID = "paid", "Paid, credits on their way"
        SUCCEEDED = "succeeded", "Done"
        EXPIRED = "expired", "Expired"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Canceled"
        REFUSED = "refused", "Refused"

    UNDER_WAY = (State.QUOTING, State.QUOTED, State.OPENING, State.OPEN, State.PROCESSING, State.PAID)
    # Only now somebody can pay, or has: before, nothing can cost money.
    PAYABLE = (State.OPENING, State.OPEN, State.PROCESSING, State.PAID)

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="purchases")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="purchases")
    origin = models.CharField(max_length=8, choices=Origin)
    opened_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    # The form that was sent: sent again by the back button it finds its purchase, even a finished one.
    form_key = models.UUIDField(null=True)

    credits = models.BigIntegerField(null=True)
    pack_id = models.CharField(max_length=200, blank=True)
    payment_method = models.CharField(max_length=200, blank=True)
    price_cents = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=8, default="USD")
    live_money = models.BooleanField(null=True)
    # What was chosen, as one word: of equal terms a workspace has one purchase under way for an agent.
    terms = models.CharField(max_length=420, blank=True)

    quote_key = models.CharField(max_length=64, blank=True)
    attempt_key = models.CharField(max_length=64, blank=True)
    quote_id = models.CharField(max_length=200, blank=True)
    quote_expires_at = models.DateTimeField(null=True)
    payment_attempt_id = models.CharField(max_length=200, blank=True)
    checkout_session_id = models.CharField(max_length=200, blank=True)
    receipt_id = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True)
    # A link only where scheme and host are on the list; `hand_off_refused` where the service sent another.
    hand_off_url = models.CharField(max_length=4_000, blank=True)
    hand_off_refused = models.BooleanField(default=False)
    # What to pay where (contract 3.8), checked: address, amount_atomic, amount, decimals, token, network, contract.
    deposit = models.JSONField(null=True)

    state = models.CharField(max_length=12, choices=State)
    remote_state = models.CharField(max_length=200, blank=True)
    status_at = models.DateTimeField(null=True)
    poll_seconds = models.PositiveIntegerField(default=10)
    paid_at = models.DateTimeField(null=True)
    paid_source = models.CharField(max_length=8, choices=Source, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_source = models.CharField(max_length=8, choices=Source, blank=True)
    granted_at = models.DateTimeField(null=True)
    granted_source = models.CharField(max_length=8, choices=Source, blank=True)
    balance_moved_at = models.DateTimeField(null=True)
    balance_moved_source = models.CharField(max_length=8, choices=Source, blank=True)

    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    problem_code = models.CharField(max_length=64, blank=True)
    problem_text = models.CharField(max_length=254, blank=True)
    problem_trace_id = models.CharField(max_length=200, blank=True)
    problem_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "agent", "terms"],
                name="credits_one_under_way_of_terms",
                condition=Q(origin="sponsor", state__in=["quoting", "quoted", "opening", "open", "processing", "paid"]),
            ),
            models.UniqueConstraint(fields=["workspace", "form_key"], name="credits_one_purchase_a_form"),
            models.UniqueConstraint(
                fields=["agent", "quote_key"], name="credits_quote_key_once", condition=~Q(quote_key="")
            ),
            models.UniqueConstraint(
                fields=["agent", "attempt_key"], name="credits_attempt_key_once", condition=~Q(attempt_key="")
            ),
            models.UniqueConstraint(fields=["agent", "quote_id"], name="credits_quote_once", condition=~Q(quote_id="")),
            models.UniqueConstraint(
                fields=["agent", "payment_attempt_id"],
                name="credits_attempt_once",
                condition=~Q(payment_attempt_id=""),
            ),
            models.UniqueConstraint(
                fields=["agent", "checkout_session_id"],
                name="credits_session_once",
                condition=~Q(checkout_session_id=""),
            ),
            models.UniqueConstraint(
                fields=["agent", "receipt_id"], name="credits_receipt_once", condition=~Q(receipt_id="")
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-opened_at", "-id"], name="credits_of_workspace"),
            models.Index(fields=["workspace", "agent", "-opened_at", "-id"], name="credits_of_agent"),
            models.Index(fields=["workspace", "state", "-opened_at"], name="credits_of_state"),
            models.Index(
                fields=["agent"],
                name="credits_balance_awaited",
                condition=Q(granted_at__isnull=False, balance_moved_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        amount = f"{self.credits} credits" if self.credits is not None else self.pack_id or "credits"
        return f"{amount} for {self.agent}"

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def is_sponsors(self) -> bool:
        return self.origin == self.Origin.SPONSOR


class Receipt(models.Model):
    """Credits granted for a payment, once; `live_money` False is the old test settlement and never counted as money.

    Written when the service first tells of it and not changed afterwards, but for a credit event told later. `payer`
    holds what the service says of the payer, whose shape it has not published.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    purchase = models.OneToOneField(Purchase, on_delete=models.PROTECT, related_name="receipt")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="receipts")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="receipts")
    opened_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    remote_id = models.CharField(max_length=200)
    credit_event_id = models.CharField(max_length=200, blank=True)
    credits = models.BigIntegerField()
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=8, default="USD")
    live_money = models.BooleanField()
    method = models.CharField(max_length=200, blank=True)
    payer = models.JSONField(default=dict)
    issued_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "remote_id"], name="credits_one_receipt_an_id"),
            models.UniqueConstraint(
                fields=["agent", "credit_event_id"],
                name="credits_one_receipt_a_credit_event",
                condition=~Q(credit_event_id=""),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-issued_at", "-id"], name="credits_receipts"),
            models.Index(fields=["workspace", "agent", "-issued_at", "-id"], name="credits_receipts_of_agent"),
            models.Index(
                fields=["workspace", "-issued_at", "-id"],
                name="credits_test_receipts",
                condition=Q(live_money=False),
            ),
            models.Index(
                fields=["workspace", "agent"], name="credits_test_receipts_of_agent", condition=Q(live_money=False)
            ),
            # What a page adds up, without a look into the rows.
            models.Index(
                fields=["workspace", "currency", "amount_cents", "credits", "purchase"],
                name="credits_receipts_counted",
                condition=Q(live_money=True),
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id

    @property
    def is_counted(self) -> bool:
        """Whether sums hold it: money moved, in the one currency that they are in."""
        return self.live_money and self.currency == "USD"


class Reversal(models.Model):
    """One step of a refund or dispute, as one ledger event told it; never changed (the database refuses it).

    `credits_delta` is negative where credits were taken, positive where they came back; None: not told.
    """

    class Kind(models.TextChoices):
        REFUNDED = "refunded", "Refunded"
        DISPUTED = "disputed", "Disputed"
        REINSTATED = "reinstated", "Reinstated"
        PENDING = "pending", "Pending"
        REJECTED = "rejected", "Rejected"

    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="reversals")
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="reversal")
    payment_reversal_id = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, choices=Kind)
    credits_delta = models.BigIntegerField(null=True)
    amount_cents = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["purchase", "occurred_at", "id"], name="credits_reversals_in_order")]

    def __str__(self) -> str:
        return f"{self.purchase} {self.kind}"


class HandOffMute(models.Model):
    """A workspace does not want to be asked to pay by this agent any more."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    muted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    muted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "agent"], name="credits_one_mute")]

    def __str__(self) -> str:
        return f"{self.agent} in {self.workspace}"


class BuyingRule(models.Model):
    """What a workspace asks of its buyers: a fresh sign-in above so many cents of live money."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="buying_rule")
    fresh_sign_in_cents = models.PositiveIntegerField(default=DEFAULT_FRESH_SIGN_IN_CENTS)

    def __str__(self) -> str:
        return f"{self.workspace}: {self.fresh_sign_in_cents} cents"


class PriceList(models.Model):
    """The one row that mirrors rails and packs as the service last told them; whole cents and credits."""

    ONLY = 1

    methods = models.JSONField(default=list)
    packs = models.JSONField(default=dict)
    synced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"as of {self.synced_at:%Y-%m-%d %H:%M}"


class BuyerDetails(models.Model):
    """Who buys, as a workspace wants it on its receipts from a moment on; never changed (the database refuses it).

    A receipt shows what held when it was issued: a later change adds a row and rewrites no paper.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="buyer_details")
    since = models.DateTimeField()
    name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=500, blank=True)
    tax_id = models.CharField(max_length=64, blank=True)
    order_number = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-since", "-id"], name="credits_buyer_details")]

    def __str__(self) -> str:
        return self.name
