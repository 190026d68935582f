"""Log lines for machines."""

import json
import logging
import sys

import pytest

from config.logs import JsonFormatter, TextFormatter


def test_a_record_is_one_line_of_json_with_what_was_added() -> None:
    record = logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": "two\n%s", "args": ("lines",)})
    record.request_id = "r-1"
    line = JsonFormatter().format(record)
    assert "\n" not in line
    entry = json.loads(line)
    assert entry["message"] == "two\nlines"
    assert entry["request_id"] == "r-1"


def test_an_exception_stands_in_it() -> None:
    record = logging.makeLogRecord({"msg": "failed"})
    try:
        int("why")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert "ValueError: invalid literal" in json.loads(JsonFormatter().format(record))["exception"]


def fail(said: str) -> None:
    raise ValueError(said)


@pytest.mark.parametrize("formatter", [TextFormatter("%(levelname)s %(message)s"), JsonFormatter()])
def test_what_a_database_quotes_of_a_row_is_left_out(formatter: logging.Formatter) -> None:
    said = """null value in column "version"
DETAIL:  Failing row contains (7, Zuleika, Dobson).
CONTEXT:  JSON data, line 1: Zuleika"""
    record = logging.makeLogRecord({"levelname": "ERROR", "msg": "It failed: %s", "args": (said,)})
    try:
        fail(said)
    except ValueError:
        record.exc_info = sys.exc_info()
    line = formatter.format(record)
    assert "null value in column" in line
    assert "Traceback" in line
    assert "Zuleika" not in line
