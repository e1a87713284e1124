"""Assets and their files (contract 2.20). There is no list of assets: ids come from the activity ledger."""

from collections.abc import Collection
from typing import BinaryIO

import httpx

from api_client.media import media_download
from api_client.records.work import Asset, Download
from api_client.resources.base import Resource
from api_client.retry import Repeat
from api_client.transport import Call
from api_client.urls import segment


class Assets(Resource):
    """What an agent owns."""

    def get(self, asset_id: str) -> Asset:
        """GET /v1/assets/{id}."""
        return self._record(Asset, Call("GET", f"/v1/assets/{segment(asset_id)}", repeat=Repeat.READ), at="asset")

    def download(
        self,
        *,
        url: str,
        to: BinaryIO,
        allowed_origins: Collection[str],
        max_bytes: int,
        max_seconds: float = 120.0,
    ) -> Download:
        """Write the media file at `url` to `to`, in pieces.

        `allowed_origins` are like `https://media.example` or `http://127.0.0.1:8001`; any other URL is a
        ContractError and nothing is sent. The token never goes along, redirects are not followed. At an error `to`
        holds a part: throw it away and begin again.
        """
        timeouts = self._transport.timeouts
        return media_download(
            self._transport.http,
            url=url,
            to=to,
            allowed_origins=allowed_origins,
            max_bytes=max_bytes,
            max_seconds=max_seconds,
            timeout=httpx.Timeout(min(timeouts.read, max_seconds), connect=min(timeouts.connect, max_seconds)),
            clock=self._transport.clock,
        )
