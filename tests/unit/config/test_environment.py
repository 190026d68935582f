"""Reading the environment."""

import pytest

from config import databases, environment, logs


def test_an_unset_variable_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOPIC_PARTITIONS", raising=False)
    assert environment.integer("TOPIC_PARTITIONS") == 3


def test_a_variable_that_is_not_declared_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        environment.text("NO_SUCH_SETTING")


def test_a_value_that_is_no_number_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_THREADS", "many")
    with pytest.raises(environment.InvalidSetting, match="WEB_THREADS must be a whole number, not 'many'"):
        environment.integer("WEB_THREADS")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("yes", True), ("0", False), ("", False), ("OFF", False)])
def test_flags(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("TLS", text)
    assert environment.flag("TLS") is value


def test_a_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLS", "maybe")
    with pytest.raises(environment.InvalidSetting, match="TLS"):
        environment.flag("TLS")


def test_lists_have_no_blanks_and_no_empty_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_URL", " http://a:1 ,, http://b:2,")
    assert environment.items("REGISTRY_URL") == ["http://a:1", "http://b:2"]


def test_a_database_url_is_taken_apart() -> None:
    settings = databases.from_url("postgres://me:p%40ss@db.example:6432/users?sslmode=require")
    assert settings["NAME"] == "users"
    assert settings["PASSWORD"] == "p@ss"
    assert (settings["HOST"], settings["PORT"]) == ("db.example", "6432")
    assert settings["OPTIONS"] == {**databases.KEEPALIVES, "sslmode": "require"}


def test_a_database_url_may_name_a_unix_socket() -> None:
    settings = databases.from_url("postgresql://me@/users?host=/run/postgresql")
    assert settings["HOST"] == "/run/postgresql"
    assert "host" not in settings["OPTIONS"]


@pytest.mark.parametrize("url", ["mysql://db/users", "postgres://db", "users"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(environment.InvalidSetting):
        databases.from_url(url)


def test_the_log_format_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    assert logs.logging_settings()["handlers"]["stderr"]["formatter"] == "json"
