"""The sandbox's tables. A public id is the primary key wherever the contract gives the thing an id."""

from sandbox.models.activity import Event, EventReference, Feedback
from sandbox.models.identity import Agent
from sandbox.models.money import BookEntry, Quote
from sandbox.models.operator import Change, FeedbackAnswer, Guardrails
from sandbox.models.payments import PaymentAttempt, ProviderEvent, PurchaseKey, Receipt, Reversal
from sandbox.models.work import Asset, Job
from sandbox.stripe_stand_in.models import Delivery, KeptReply, StandInObject

__all__ = [
    "Agent",
    "Asset",
    "BookEntry",
    "Change",
    "Delivery",
    "Event",
    "EventReference",
    "Feedback",
    "FeedbackAnswer",
    "Guardrails",
    "Job",
    "KeptReply",
    "PaymentAttempt",
    "ProviderEvent",
    "PurchaseKey",
    "Quote",
    "Receipt",
    "Reversal",
    "StandInObject",
]
