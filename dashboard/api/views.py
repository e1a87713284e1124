"""The JSON API: thin over the same services as the pages. What agents read about it: docs/agent-api.md."""

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from dashboard.accounts.access import Decision
from dashboard.agents.agent_first import release_by_agent, request_make, request_state, sentence_for
from dashboard.agents.ceremony import Presented, attempt_present
from dashboard.agents.inquiry import ClaimRefusal
from dashboard.api.serializers import ClaimConfirmationSerializer, ClaimRequestSerializer
from dashboard.api.throttles import ByAddress, ChecksByAddress, ChecksByToken, bearer_token


class AgentView(APIView):
    """An endpoint for agents. Each answer is `{"state": str, "message": str}`, with the status of its state."""

    access = Decision("public")
    throttles: dict[str, list[type[BaseThrottle]]] = {}

    def get_throttles(self) -> list[BaseThrottle]:
        kinds = self.throttles.get(self.request.method or "", [ByAddress])
        return [kind() for kind in kinds]

    def check_throttles(self, request: Request) -> None:
        """Stop at the first that refuses: a visitor who comes too often costs no hashing."""
        for throttle in self.get_throttles():
            if not throttle.allow_request(request, self):
                self.throttled(request, throttle.wait() or 0)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ClaimRefusal):
            return _answer(exc.state, exc.sentence, exc.status)
        return super().handle_exception(exc)


CHECKED: list[type[BaseThrottle]] = [ByAddress, ChecksByAddress, ChecksByToken]


class ClaimConfirmationView(AgentView):
    """`POST /api/v1/claims/confirmations`: an agent answers its sponsor's code with its own token.

    Request: `Authorization: Bearer TOKEN` and `{"code": str}`. States: pending with the phrase, confirmed, refused
    (200), wrong_code and wrong_token (401), already_claimed (409), expired and superseded (410), too_many (429), and
    pending with 503 when Image Skill does not answer.
    """

    def post(self, request: Request) -> Response:
        form = ClaimConfirmationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return _told(attempt_present(code=form.validated_data["code"], token=bearer_token(request)))


class ClaimRequestView(AgentView):
    """`/api/v1/claims`: an agent asks a person to link it (POST, `{"contact": email}`), or how that stands (GET).

    States: pending with the phrase, confirmed, refused (200), wrong_token (401), not_asked (404, GET), already_claimed
    (409, POST), expired and superseded (410, GET), too_many (429), and pending with 503 when Image Skill does not
    answer.
    """

    throttles = {"POST": CHECKED}

    def get(self, request: Request) -> Response:
        return _told(request_state(token=bearer_token(request)))

    def post(self, request: Request) -> Response:
        form = ClaimRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return _told(request_make(token=bearer_token(request), contact=form.validated_data["contact"].lower()))


class ClaimReleaseView(AgentView):
    """`POST /api/v1/claims/releases`: an agent ends its link here with its own token.

    States: released (200), wrong_token (401), not_linked (404), too_many (429), and pending with 503.
    """

    throttles = {"POST": CHECKED}

    def post(self, request: Request) -> Response:
        release_by_agent(token=bearer_token(request))
        return _answer("released", "The link is released, and our copy of your token is deleted.")


def _told(presented: Presented) -> Response:
    if presented.phrase:
        return _answer(presented.state, "Print this phrase for your sponsor.", phrase=presented.phrase)
    return _answer(presented.state, sentence_for(presented.state))


def _answer(state: str, message: str, code: int = status.HTTP_200_OK, **more: str) -> Response:
    return Response({"state": state, "message": message, **more}, status=code, headers={"Cache-Control": "no-store"})
