"""Which engines there are, and which are left out."""

from pathlib import Path

import pytest

from desktop.engines import EngineError, arcadedb, cache_folder, create

PLAIN = {"HOME": "/home/ada"}


def names(kind: str, environment: dict[str, str]) -> list[str]:
    return [engine.name for engine in create(kind, Path("data"), environment=environment)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("light", ["PostgreSQL", "Apache Kafka", "ArcadeDB"]), ("full", ["PostgreSQL", "Apache Kafka", "Neo4j"])],
)
def test_each_kind_has_three(kind: str, expected: list[str]) -> None:
    assert names(kind, PLAIN) == expected


def test_where_arcadedb_has_no_package_neo4j_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arcadedb, "find_spec", lambda name: None)
    assert names("light", PLAIN) == ["PostgreSQL", "Apache Kafka", "Neo4j"]


@pytest.mark.parametrize(
    ("variable", "gone"),
    [("DATABASE_URL", "PostgreSQL"), ("KAFKA_BOOTSTRAP_SERVERS", "Apache Kafka"), ("NEO4J_BOLT_URL", "Neo4j")],
)
def test_what_the_environment_gives_is_left_out(variable: str, gone: str) -> None:
    left = names("full", PLAIN | {variable: "somewhere"})
    assert len(left) == 2
    assert gone not in left


def test_an_empty_variable_gives_nothing() -> None:
    assert len(names("light", PLAIN | {"DATABASE_URL": ""})) == 3


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="light or full, not 'steam'"):
        create("steam", Path("data"), environment=PLAIN)


def test_given_ports_are_taken() -> None:
    ports = {"postgresql": 5001, "kafka": 5002, "graph": 5003}
    for kind in ("light", "full"):
        made = create(kind, Path("data"), ports=ports, environment=PLAIN)
        assert [engine.port for engine in made] == [5001, 5002, 5003]


def test_logs_lie_beside_the_data(tmp_path: Path) -> None:
    made = create("light", tmp_path, environment=PLAIN)
    assert [engine.log for engine in made] == [
        tmp_path / "logs" / f"{name}.log" for name in ("postgresql", "kafka", "arcadedb")
    ]


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"SOCIAL_NETWORK_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/social-network"),
    ],
)
def test_the_cache_folder_is_the_users_choice(environment: dict[str, str], folder: str) -> None:
    assert cache_folder(environment) == Path(folder)


def test_otherwise_the_cache_folder_is_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert cache_folder({}) == Path("/home/ada/.cache/social-network")


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(EngineError, match="name a folder in SOCIAL_NETWORK_CACHE"):
        cache_folder({})
