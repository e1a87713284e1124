from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "dashboard.billing"
