"""How often agents may knock: by the visitor's address first, then by the token they hold."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from dashboard.agents.secrets import keyed_hash


class ByAddress(SimpleRateThrottle):
    """Per address: codes and tokens are too long to guess, so this is against noise."""

    scope = "claim_address"

    def get_cache_key(self, request: Request, view: APIView) -> str:  # noqa: ARG002
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class ChecksByAddress(ByAddress):
    """Per address, where no code vouches for the token: whoever tries tokens on us gets few answers."""

    scope = "claim_check_address"


class ChecksByToken(SimpleRateThrottle):
    """Per token, wherever it comes from; the cache knows it by its keyed hash alone."""

    scope = "claim_check_token"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:  # noqa: ARG002
        token = bearer_token(request)
        return self.cache_format % {"scope": self.scope, "ident": keyed_hash(token)} if token else None


def bearer_token(request: Request) -> str:
    """Return the token of the Authorization header; empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
