from django.apps import AppConfig

from dashboard.feedback.words import WORDS
from dashboard.lib.glossary import words_add


class FeedbackConfig(AppConfig):
    name = "dashboard.feedback"

    def ready(self) -> None:
        words_add(WORDS)
