"""Where a request comes from: its connection's other end, or whom a trusted proxy there names."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from config import environment
from service.networks import Address, Network


class Peers:
    """`trusted`: the networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.

    `Forwarded` (RFC 7239) is not: a proxy that writes one of the two passes on what a client has put into the other.
    """

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def read(self, scope: dict[str, Any]) -> dict[str, Any]:
        """The scope with the client's address and scheme in place of the proxy's."""
        if not self._trusted or not scope["client"] or not self._trusts(_address(scope["client"][0])):
            return scope
        changed: dict[str, Any] = {}
        client = self._client(_values(scope, b"x-forwarded-for"))
        if client is not None:
            changed["client"] = (str(client), 0)
        # The last one is what the nearest proxy has said.
        scheme = (_values(scope, b"x-forwarded-proto") or [""])[-1].lower()
        if scheme in {"http", "https"}:
            changed["scheme"] = scheme
        return {**scope, **changed}

    def _client(self, hops: Sequence[str]) -> Address | None:
        """From the right, each written by the hop after it: the first that is no trusted proxy. What is no address
        ends the row, for who wrote it cannot be told."""
        found = None
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            found = address
            if not self._trusts(address):
                break
        return found

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)


def _values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    lines = b",".join(value for key, value in scope["headers"] if key == name)
    return [part.strip() for part in lines.decode("latin-1").split(",") if part.strip()]


def _address(text: str) -> Address | None:
    """The address in `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; None: there is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found


def from_environment() -> Peers:
    """As GATEWAY_TRUSTED_PROXIES says. Raises InvalidSetting."""
    try:
        return Peers([ip_network(text) for text in environment.items("GATEWAY_TRUSTED_PROXIES")])
    except ValueError as error:
        raise environment.InvalidSetting(f"GATEWAY_TRUSTED_PROXIES: {error}") from error
