from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.module_loading import import_string

from dashboard.billing.words import WORDS
from dashboard.lib.glossary import words_add


class BillingConfig(AppConfig):
    name = "dashboard.billing"

    def ready(self) -> None:
        words_add(WORDS)
        # The room below knows nothing of this one: Django tells of the purchases that it saves.
        saved = import_string("dashboard.billing.purchases.purchase_saved")
        post_save.connect(saved, sender="credits.Purchase", dispatch_uid="billing.purchase_saved")
