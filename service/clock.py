"""Time as this system keeps and shows it: UTC, to the millisecond."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present in UTC, cut to milliseconds, so that what is stored, published and shown is the same value."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def iso(moment: datetime) -> str:
    """ISO 8601 with milliseconds in UTC: `2026-11-24T19:25:29.363+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def parse_iso(text: str) -> datetime:
    """The moment that `iso` wrote. Raises ValueError for other text or a time without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return moment


def epoch_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970-01-01 UTC."""
    return round(moment.timestamp() * 1000)
