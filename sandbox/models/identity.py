"""Who calls: an agent, its organization and its one live token (contract 3.1)."""

from django.db import models


class ClaimState(models.TextChoices):
    """Published claim states (contract 3.1)."""

    UNCLAIMED = "unclaimed"
    PAYMENT_BACKED = "payment_backed_unclaimed"
    CLAIMED = "claimed"
    REVOKED = "revoked"


class Agent(models.Model):
    """One agent in an organization of its own. The token is a column, so there can never be two live ones.

    Contacts are kept as a keyed hash (to find them again) and in their redacted form (to show them), never raw.
    """

    id = models.CharField(primary_key=True, max_length=40)
    organization_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    runtime = models.CharField(max_length=200)
    discovery_source = models.CharField(max_length=64, blank=True)
    contact_hash = models.CharField(max_length=64, null=True, unique=True)
    contact_redacted = models.CharField(max_length=254, blank=True)
    claim_state = models.CharField(max_length=32, choices=ClaimState.choices, default=ClaimState.UNCLAIMED)
    claim_contact_hash = models.CharField(max_length=64, blank=True, db_index=True)
    claim_contact_redacted = models.CharField(max_length=254, blank=True)
    claim_requested_at = models.DateTimeField(null=True)
    token_hash = models.CharField(max_length=64, unique=True)
    token_created_at = models.DateTimeField()
    free_day = models.DateField(null=True)
    # What a sponsor's claim was confirmed with; null where nobody confirmed one.
    granted = models.JSONField(null=True)
    claimed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(claim_state__in=ClaimState.values), name="agent_claim_state_is_known"
            )
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def claim_request_state(self) -> str | None:
        """`requested` once a claim was asked for, the only published value."""
        return "requested" if self.claim_requested_at else None
