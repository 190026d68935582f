"""What a client would rather have: `Prefer` (RFC 7240)."""

import re

from config import environment

# For whoever does not say how long: enough for an event's usual way, short enough for somebody who looks at a screen.
DEFAULT_SECONDS = 2
# Of a preference named twice the first counts (RFC 7240, 2); one that cannot be read is ignored.
_WAIT = re.compile(r'(?:^|,)[ \t]*wait[ \t]*=[ \t]*"?([0-9]{1,9})"?[ \t]*(?=[;,]|$)', re.ASCII | re.IGNORECASE)


def wait(prefer: str | None) -> int | None:
    """For how many seconds the client would wait for a better answer: `wait=10`; None where it does not say.

    At most CONSISTENCY_WAIT_SECONDS, whatever it says.
    """
    found = _WAIT.search(prefer or "")
    return min(int(found.group(1)), environment.integer("CONSISTENCY_WAIT_SECONDS")) if found else None
