"""Which addresses a request of ours may go to, when somebody else chose the address.

A URL is taken in its plainest spelling or not at all: parsers differ in what they make of odd ones, and every such
difference has been a way past somebody's check. What a name leads to is judged after it was resolved, so all the
spellings of an address (`127.1`, `0x7f000001`, `[::ffff:127.0.0.1]`) end at the same rule.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]

PORTS = {"http": 80, "https": 443}
MOST_CHARACTERS = 4_000
# Visible ASCII without what parsers are known to disagree about.
_URL = re.compile(r"""[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]+""")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?")
# Ranges that carry an address of another kind inside, or lead somewhere by themselves: is_global knows not all of them.
_REFUSED = [
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
]
# getaddrinfo knows no time-out: it is waited for in threads of its own, and a stuck one holds up nobody else.
_resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


class AddressRefused(Exception):
    """The address is none that a request may go to. The message is a sentence without the address."""


@dataclass(frozen=True)
class Target:
    """A URL that was taken apart: `path` holds the query too, the fragment is gone."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Take a URL apart; raises AddressRefused for anything but plain http or https."""
    if len(url) > MOST_CHARACTERS or not _URL.fullmatch(url):
        raise AddressRefused("The address holds characters that no plain address has.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("The address cannot be read.") from None
    if parts.scheme not in PORTS:
        raise AddressRefused("Only http and https addresses can be asked.")
    if "@" in parts.netloc:
        raise AddressRefused("The address holds a user name.")
    if port == 0:
        raise AddressRefused("The address names no port that there is.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _host_of(parts.hostname or ""), port or PORTS[parts.scheme], path)


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port; raises AddressRefused."""
    return target_of(url).origin


def _host_of(host: str) -> str:
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        pass
    # One dot at the end is the same name to the network and another one to every list of names.
    if len(host) > 253 or ".." in host or not _HOST.fullmatch(host):
        raise AddressRefused("The address names no host.")
    return host


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the open internet, whatever it is wrapped in."""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(inner)
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the system's resolver tells them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def resolve(host: str, port: int, *, resolver: Resolver, seconds: float) -> list[Address]:
    """Return what a name leads to; raises OSError where nothing does, or not within `seconds`."""
    try:
        told = _resolvers.submit(lambda: list(resolver(host, port))).result(timeout=seconds)
    except TooSlow:
        raise TimeoutError("the name was not resolved in time") from None
    except UnicodeError:
        raise OSError("no name that can be resolved") from None
    # A zone (`fe80::1%eth0`) belongs to link-local addresses, which are refused anyway.
    return [ipaddress.ip_address(address.partition("%")[0]) for address in told]
