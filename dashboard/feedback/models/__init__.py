"""What agents report, the clusters that reviewers decide on, and everything that was ever done to them.

A `Report` is what one agent sent, made inert. It lies in one `Cluster`, alone or with others that say the same; state,
assignee, proof and answer are the cluster's. `Change` is its history and only grows.
"""

from dashboard.feedback.models.answers import Answer, Delivery, Goodwill, Telling
from dashboard.feedback.models.clusters import Cluster, ClusterKey, ClusterText, Hold
from dashboard.feedback.models.history import Change, DayMark, Move
from dashboard.feedback.models.reports import Intake, MutedSource, Report
from dashboard.feedback.models.weighing import Note, Proof, Suggestion, TrackerLink
from dashboard.feedback.models.words import OPEN_STATES, Level, Place, State, Sureness

__all__ = [
    "OPEN_STATES",
    "Answer",
    "Change",
    "Cluster",
    "ClusterKey",
    "ClusterText",
    "DayMark",
    "Delivery",
    "Goodwill",
    "Hold",
    "Intake",
    "Level",
    "Move",
    "MutedSource",
    "Note",
    "Place",
    "Proof",
    "Report",
    "State",
    "Suggestion",
    "Sureness",
    "Telling",
    "TrackerLink",
]
