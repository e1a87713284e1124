"""The sandbox's tables. A public id is the primary key wherever the contract gives the thing an id."""

from sandbox.models.activity import Event, EventReference, Feedback
from sandbox.models.identity import Agent
from sandbox.models.money import BookEntry, Quote
from sandbox.models.work import Asset, Job

__all__ = ["Agent", "Asset", "BookEntry", "Event", "EventReference", "Feedback", "Job", "Quote"]
