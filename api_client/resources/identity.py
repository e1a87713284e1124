"""Health, sign-up, claim request, whoami (contract 2.1 to 2.4)."""

from api_client.records.identity import ClaimRequest, Health, SignUp, Whoami
from api_client.resources.base import Resource, given, inbox
from api_client.retry import Repeat
from api_client.secret import Secret
from api_client.transport import Call


class Identity(Resource):
    """Who is there, and who am I."""

    def health(self) -> Health:
        """GET /healthz, without the token."""
        return self._record(Health, Call("GET", "/healthz", repeat=Repeat.READ, is_authenticated=False))

    def sign_up(
        self,
        *,
        agent_name: str,
        runtime: str,
        agent_contact: Secret | str | None = None,
        discovery_source: str | None = None,
        return_token: bool = True,
    ) -> SignUp:
        """POST /v1/agent-signups: a new agent, or with a known contact the same agent and a rotated token.

        Never repeated, whatever happens: a repeat would rotate the token that the first answer carried.
        """
        agent_contact = inbox(agent_contact) if agent_contact is not None else None
        call = Call(
            "POST",
            "/v1/agent-signups",
            body=given(
                agent_name=agent_name,
                runtime=runtime,
                agent_contact=agent_contact.reveal() if agent_contact else None,
                discovery_source=discovery_source,
                return_token=return_token,
            ),
            is_authenticated=False,
        )
        return self._record(SignUp, call)

    def claim_request(self, *, contact: Secret | str) -> ClaimRequest:
        """POST /v1/agent-claims: name the sponsor's inbox. It asks for a claim, and proves nothing (contract 4.3)."""
        contact = inbox(contact)
        return self._record(ClaimRequest, Call("POST", "/v1/agent-claims", body={"contact": contact.reveal()}))

    def whoami(self) -> Whoami:
        """GET /v1/whoami."""
        return self._record(Whoami, Call("GET", "/v1/whoami", repeat=Repeat.READ))
