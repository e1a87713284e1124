"""Bearer authentication with an agent's restricted token (contract 2, 3.2)."""

from collections.abc import Generator

import httpx

from api_client.secret import Secret


class BearerAuth(httpx.Auth):
    """Adds `authorization: Bearer <token>` to the one request it is given for.

    Raises ValueError where the token holds what a header cannot carry: further down the refusal would quote it.
    """

    def __init__(self, token: Secret) -> None:
        if not all("!" <= character <= "~" for character in token.reveal()):
            raise ValueError("the token holds characters that a header cannot carry")
        self._token = token

    def __repr__(self) -> str:
        return "BearerAuth([secret])"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._token.reveal()}"
        yield request
