"""The dashboard. Importing it makes the Celery application the current one, so that tasks find their broker."""

from dashboard.celery import app as celery_app

__all__ = ["celery_app"]
