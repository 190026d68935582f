"""PostgreSQL URLs as Django and psycopg2 want them."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from config import environment

# A peer that vanished without a word is noticed within about ten seconds.
KEEPALIVES = {"keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3"}


def from_url(url: str) -> dict[str, Any]:
    """Django's database settings for `postgres://user:password@host:port/name?option=value`.

    An empty host or `?host=/folder` means a Unix socket. Raises InvalidSetting for another scheme or no name.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise environment.InvalidSetting(f"{url!r} is not postgres://user:password@host:port/database.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "config.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        # One connection per thread, kept and checked: a restarted database costs a reconnect, not an error.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": KEEPALIVES | options,
    }


def from_environment() -> dict[str, dict[str, Any]]:
    """Django's DATABASES from DATABASE_URL; without it a name that connects nowhere, so that commands
    which need no database (`check`, `makemigrations --check`) run."""
    url = environment.text("DATABASE_URL") or "postgres://127.0.0.1:1/unset"
    return {"default": from_url(url)}
