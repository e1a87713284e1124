"""Fetches media files: from listed origins only, without the token, into a file of the caller's (contract 2.20)."""

import hashlib
from collections.abc import Callable, Collection
from contextlib import closing
from typing import BinaryIO

import httpx

from api_client.body import BodyRefused, BodyTooLate, in_time, within
from api_client.envelope import Reply, not_an_envelope
from api_client.errors import ApiError, ContractError, NotFound
from api_client.records.work import Download
from api_client.transport import asked_wait, network_failure
from api_client.urls import origin_of, parse_url

MEDIA_REFUSED = "MEDIA_REFUSED"  # ours (INF)


def media_download(
    http: httpx.Client,
    *,
    url: str,
    to: BinaryIO,
    allowed_origins: Collection[str],
    max_bytes: int,
    max_seconds: float,
    timeout: httpx.Timeout,
    clock: Callable[[], float],
) -> Download:
    """Write the file at `url` to `to`. Raises ApiError; what was written by then is a part, to be thrown away.

    Never repeated here, since `to` may not be rewound: the caller begins again with a fresh file.
    """
    ends_at = clock() + max_seconds
    request = http.build_request(
        "GET",
        _checked(url, allowed_origins),
        headers={"accept": "*/*", "accept-encoding": "identity"},
        timeout=timeout,
    )
    try:
        with closing(http.send(request, auth=None, stream=True)) as response:
            failure = _failure(response, max_bytes)
            if failure is None:
                return _written(response, to, max_bytes, is_late=lambda: clock() > ends_at)
    except BodyRefused as refused:
        failure = _refused(str(refused))
    except (httpx.HTTPError, BodyTooLate) as error:
        failure = network_failure(error, is_write=False)
    raise failure


def _checked(url: str, allowed_origins: Collection[str]) -> httpx.URL:
    try:
        parsed = parse_url(url)
        is_allowed = origin_of(parsed) in {origin_of(parse_url(origin)) for origin in allowed_origins}
    except ValueError:
        is_allowed = False
    if not is_allowed:
        raise _refused("the media URL is not on a listed origin")
    return parsed


def _failure(response: httpx.Response, max_bytes: int) -> ApiError | None:
    status = response.status_code
    if status in {404, 410}:
        return NotFound("the media file is gone", code=MEDIA_REFUSED, http_status=status)
    if status != 200:
        reply = Reply(status, b"", is_write=False, retry_after_seconds=asked_wait(response))
        return not_an_envelope(reply, "the media host did not send the file")
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return _refused("the media file is packed, which was not asked for")
    declared = response.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > max_bytes:
        return _refused(f"the media file is over {max_bytes} bytes")
    return None


def _written(response: httpx.Response, to: BinaryIO, max_bytes: int, *, is_late: Callable[[], bool]) -> Download:
    chunks = response.iter_bytes() if response.is_stream_consumed else response.iter_raw()
    digest = hashlib.sha256()
    size = 0
    for chunk in in_time(within(chunks, max_bytes), is_late):
        to.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()[:100]
    return Download(size_bytes=size, sha256=digest.hexdigest(), content_type=content_type or None)


def _refused(problem: str) -> ContractError:
    return ContractError(problem, code=MEDIA_REFUSED)
