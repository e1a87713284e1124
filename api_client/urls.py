"""URLs that are given to us and parts of those that we build. No error quotes the URL: it may hold a credential."""

from urllib.parse import quote

import httpx

Origin = tuple[str, str, int]
_PORTS = {"http": 80, "https": 443}
MAX_SEGMENT = 200


def origin_of(url: httpx.URL) -> Origin:
    """Scheme, host and port. Raises ValueError for other schemes, no host, or credentials in the URL."""
    if url.scheme not in _PORTS:
        raise ValueError("a URL must start with http:// or https://")
    if not url.host:
        raise ValueError("a URL needs a host")
    if url.userinfo:
        raise ValueError("a URL must not hold credentials")
    return url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]


def parse_url(text: str) -> httpx.URL:
    """Raises ValueError for what is no URL at all."""
    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        raise ValueError("not a URL") from None


def checked_base(text: str) -> httpx.URL:
    """The root of the API's origin. A path is refused: API paths are absolute, so it would be dropped (contract 0)."""
    url = parse_url(text)
    origin_of(url)
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError("the base URL must be an origin alone: no path, query or fragment")
    return url


def segment(value: str) -> str:
    """One path segment, percent-encoded. Raises ValueError for what is empty, over 200 characters, or climbs."""
    # URL parsers resolve "." and "..", so /v1/jobs/.. would quietly become another endpoint.
    if not value or value in {".", ".."} or len(value) > MAX_SEGMENT:
        raise ValueError("not an id that can be asked for")
    return quote(value, safe="")
