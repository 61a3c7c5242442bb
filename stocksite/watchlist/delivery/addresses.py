"""Which addresses a webhook may reach: public ones, and nothing of the network the site runs in.

A name is judged by what it resolves to at the moment of sending, and the connection goes to the
address that was judged: a name that answers differently a moment later gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

MAX_URL: Final = 500
_PORTS: Final = {"http": 80, "https": 443}
_LOCAL_NAMES: Final = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet")

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) → addresses as text. Raises OSError when there are none."""

# Ranges that carry an IPv4 address inside, or lead into a network by a detour.
_TUNNELS: Final = tuple(
    IPv6Network(text)
    for text in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
)
# Public by number in some versions of Python, or answered by the host's own platform.
_PLATFORM: Final = tuple(
    ip_network(text) for text in ("168.63.129.16/32", "192.88.99.0/24", "192.0.0.0/24")
)


class AddressRefused(ValueError):
    """The URL or what it resolves to may not be reached; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's URL, taken apart and checked for form."""

    scheme: str
    host: str
    """A name in ASCII, or an address without brackets."""
    port: int
    path: str
    """Path and query, percent-encoded."""

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Take a webhook's URL apart. Raises AddressRefused with what is wrong; asks no network.

    Addresses written as numbers are judged here already, names only by their form.
    """
    if len(url) > MAX_URL:
        raise AddressRefused(f"A webhook's address has at most {MAX_URL} characters.")
    if any(not "!" <= char <= "~" for char in url) or "\\" in url:
        raise AddressRefused("Use printable ASCII without spaces, like https://example.com/hook.")
    parts, port = _split(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise AddressRefused("Use a whole address, like https://example.com/hook.")
    if "@" in parts.netloc:
        raise AddressRefused("User names and passwords have no place in a webhook's address.")
    if port is not None and port not in _PORTS.values() and port < 1024:
        raise AddressRefused(f"Port {port} is not for webhooks. Use 80, 443 or one from 1024 on.")
    host = parts.hostname.rstrip(".").partition("%")[0]
    if "[" in parts.netloc and ":" not in host:
        raise AddressRefused("Only an IPv6 address may stand in brackets.")
    _judge_name(host)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path + query)


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        raise AddressRefused("This is no address. Use one like https://example.com/hook.") from None


def _judge_name(host: str) -> None:
    literal = _literal(host)
    if literal is not None:
        judge(literal)
        return
    if "." not in host or host == "localhost" or host.endswith(_LOCAL_NAMES):
        raise AddressRefused(f"{host} is a name of a local network, which a webhook may not reach.")


def _literal(host: str) -> Address | None:
    """The address a host is, in any spelling a resolver takes: 127.1, 0x7f000001, 2130706433."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def judge(address: Address) -> None:
    """Raise AddressRefused unless the address is public."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    known = mapped or address
    tunnel = isinstance(known, IPv6Address) and any(known in network for network in _TUNNELS)
    platform = any(known.version == net.version and known in net for net in _PLATFORM)
    closed = known.is_multicast or known.is_reserved or known.is_unspecified or known.is_loopback
    if tunnel or platform or closed or known.is_link_local or not known.is_global:
        raise AddressRefused(f"{address} is not a public address, so a webhook may not reach it.")


def resolve(host: str, port: int) -> Sequence[str]:
    """The system's answer for a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def permitted(target: Target, resolver: Resolver = resolve) -> str:
    """The address to connect to, as text. Raises AddressRefused when *any* answer is not public,
    OSError when there is none: a name with one private address is not trusted with the others.
    """
    answers = resolver(target.host, target.port)
    if not answers:
        raise OSError(f"{target.host} has no address")
    for text in answers:
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            raise AddressRefused(
                f"{target.host} resolves to something that is no address."
            ) from None
        judge(address)
    return answers[0].partition("%")[0]
