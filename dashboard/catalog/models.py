"""What the service can make, as its public catalogue last told; the same for every workspace.

A row outlives its listing: what was made with a model goes on having its name.
"""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class CatalogModel(models.Model):
    """A model of the catalogue (contract 3.12). Prices are whole credits, costs the provider's in micro-dollars.

    None and empty texts mean that the service did not tell. `told` is what it told beyond the columns, as it came.
    """

    remote_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=200, blank=True)
    modality = models.CharField(max_length=200, blank=True)
    operations = models.JSONField(default=list)
    status = models.CharField(max_length=200, blank=True)
    execution_status = models.CharField(max_length=200, blank=True)
    unavailable_reason = models.CharField(max_length=500, blank=True)
    is_default = models.BooleanField(default=False)
    capability_id = models.CharField(max_length=200, blank=True, db_index=True)
    credits_required = models.BigIntegerField(null=True)
    cost_micros = models.BigIntegerField(null=True)
    is_cost_known = models.BooleanField(null=True)
    max_outputs = models.BigIntegerField(null=True)
    max_resolution = models.CharField(max_length=200, blank=True)
    grants = models.JSONField(default=list)
    told = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    is_listed = models.BooleanField(default=True)
    synced_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return " ".join(self.name.split()) or self.remote_id

    @property
    def is_runnable(self) -> bool:
        """Contract 3.12: available and executable; what left the list runs no more."""
        return self.is_listed and self.status == "available" and self.execution_status == "executable"

    @property
    def is_free(self) -> bool:
        """Its price is told and is none."""
        return self.credits_required == 0 and self.is_cost_known is not False

    @property
    def standing(self) -> str:
        """Whether it runs, as the glossary calls it ("model_standing")."""
        if not self.is_listed:
            return "gone"
        if self.is_runnable:
            return "runs"
        return "listed" if self.execution_status == "cataloged_not_wired" else "unavailable"


class Capability(models.Model):
    """What a job names (contract 3.13); all but its id is unpublished, so `told` keeps what came."""

    remote_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    operation = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=200, blank=True)
    grants = models.JSONField(default=list)
    told = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    is_listed = models.BooleanField(default=True)
    synced_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "capabilities"

    def __str__(self) -> str:
        return self.name or self.remote_id
