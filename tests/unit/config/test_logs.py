"""Log lines for machines."""

import json
import logging
import sys

from config.logs import JsonFormatter


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
