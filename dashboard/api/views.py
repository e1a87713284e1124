"""The JSON API: thin over the same services as the pages."""

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from dashboard.accounts.access import Decision
from dashboard.agents.ceremony import ClaimRefusal, attempt_present
from dashboard.api.serializers import ClaimConfirmationSerializer


class ClaimConfirmationThrottle(SimpleRateThrottle):
    """Per address: a code has 192 bits, so this is against noise, not against guessing."""

    scope = "claim_confirmation"

    def get_cache_key(self, request: Request, view: APIView) -> str:  # noqa: ARG002
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class ClaimConfirmationView(APIView):
    """`POST /api/v1/claims/confirmations`: an agent answers its sponsor's code with its own token.

    Request: `Authorization: Bearer TOKEN` and `{"code": str}`. Answer: `{"state": str, "message": str}` and, while
    the claim is pending, `"phrase": str` for the sponsor. States: pending, confirmed, refused (200), wrong_code and
    wrong_token (401), already_claimed (409), expired and superseded (410), too_many (429), and pending with 503 when
    Image Skill does not answer.
    """

    access = Decision("public")
    throttle_classes = [ClaimConfirmationThrottle]

    def post(self, request: Request) -> Response:
        form = ClaimConfirmationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            presented = attempt_present(code=form.validated_data["code"], token=bearer_token(request))
        except ClaimRefusal as refusal:
            return _answer(refusal.state, refusal.sentence, refusal.status)
        if presented.phrase:
            return _answer(presented.state, "Print this phrase for your sponsor.", phrase=presented.phrase)
        return _answer(presented.state, f"Your sponsor has {presented.state} the claim.")


def bearer_token(request: Request) -> str:
    """Return the token of the Authorization header; empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _answer(state: str, message: str, code: int = status.HTTP_200_OK, **more: str) -> Response:
    return Response({"state": state, "message": message, **more}, status=code, headers={"Cache-Control": "no-store"})
