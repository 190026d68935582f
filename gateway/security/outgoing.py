"""What every answer says, whoever gave it (https://owasp.org/www-project-secure-headers/)."""

from gateway.body import Message, Send
from gateway.headers import Headers

# Where an answer does not say it itself.
DEFAULTS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
# For data: whatever a browser takes it for, nothing in it runs, loads or is framed.
DATA_ONLY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains; preload")
# The gateway's to say: from a service they would be about another connection, or another limit.
OURS = frozenset(
    {
        b"access-control-allow-origin",
        b"access-control-allow-credentials",
        b"access-control-allow-methods",
        b"access-control-allow-headers",
        b"access-control-expose-headers",
        b"access-control-max-age",
        b"ratelimit",
        b"ratelimit-policy",
    }
)


class Outgoing:
    """Sends an answer on, with `fields` and the defaults added to its head. `secure`: it goes over HTTPS."""

    def __init__(self, send: Send, *, secure: bool) -> None:
        self._send, self._secure = send, secure
        self.fields: Headers = []

    async def __call__(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            message = {**message, "headers": self._dressed(message["headers"])}
        await self._send(message)

    def _dressed(self, headers: Headers) -> Headers:
        found = [header for header in headers if header[0].lower() not in OURS]
        names = {name.lower(): value for name, value in found}
        found += [header for header in DEFAULTS if header[0] not in names]
        if DATA_ONLY[0] not in names and not names.get(b"content-type", b"").startswith(b"text/html"):
            found.append(DATA_ONLY)
        if self._secure and HSTS[0] not in names:
            found.append(HSTS)
        return found + self.fields
