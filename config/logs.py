"""Logging: readable lines on a terminal, one JSON object a line in containers; no row of a database in either."""

import json
import logging
from typing import Any

from config import environment

# What PostgreSQL adds to an error quotes the row or the value that it did not take: somebody's name, perhaps.
QUOTING = ("DETAIL:", "CONTEXT:")


def discreet(text: str) -> str:
    """The text without the lines of a database's error that show what was in the row."""
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(QUOTING))


class TextFormatter(logging.Formatter):
    """A line for people, and what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return discreet(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (ISO 8601), level, logger, message, the
    request's id and trace, and what `extra=` added."""

    _standard = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON text."""
        entry: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname,
            "logger": record.name,
            "message": discreet(record.getMessage()),
        }
        entry |= {key: value for key, value in record.__dict__.items() if key not in self._standard}
        if record.exc_info:
            entry["exception"] = discreet(self.formatException(record.exc_info))
        return json.dumps(entry, default=str, ensure_ascii=False)


def logging_settings() -> dict[str, Any]:
    """Django's LOGGING for LOG_FORMAT and LOG_LEVEL."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {
                "()": "config.logs.TextFormatter",
                "fmt": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
            },
            "json": {"()": "config.logs.JsonFormatter"},
        },
        "filters": {"request": {"()": "service.context.OfRequest"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": environment.text("LOG_FORMAT"),
                "filters": ["request"],
            }
        },
        "root": {"handlers": ["stderr"], "level": environment.text("LOG_LEVEL").upper()},
        "loggers": {
            # Kafka's client tells of every reconnection; what it cannot mend reaches our own loggers.
            "kafka": {"level": "ERROR"},
            "neo4j.notifications": {"level": "ERROR"},
            # 4xx answers are clients' business and stand in the metrics; 5xx are logged where they are raised.
            "django.request": {"level": "ERROR"},
        },
    }
