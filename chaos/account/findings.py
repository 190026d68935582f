"""What an account finds wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LOST, DOUBLED, WRONG = "lost", "doubled", "wrong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One discrepancy: whether something is lost, doubled or wrong, a sentence, the stream and the requests."""

    kind: str
    what: str
    stream: str = ""
    requests: Sequence[str] = ()


Findings = Iterator[Finding]
