"""Each engine lives, dies and lives again, and keeps what it was told. Starts are slow, so a test has few of them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from desktop.engines import EngineError, PostgreSQL, cache_folder
from desktop.engines.server import Server
from tests.integration.desktop_engines.conftest import Make
from tests.integration.desktop_engines.probes import PROBES, Probe

STOPS = """
import sys
from pathlib import Path
import desktop.engines
engine = getattr(desktop.engines, sys.argv[1])
engine(Path(sys.argv[2]), log=Path(sys.argv[2]) / "log", cache=Path(sys.argv[3])).stop()
"""
every_engine = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.engine.folder)


def family(engine: Server) -> list[psutil.Process]:
    """The engine's process and those below it."""
    own = psutil.Process(engine.pid or 0)
    return [own, *own.children(recursive=True)]


def _connections(process: psutil.Process) -> list[Any]:
    """Those of a process; of one that has ended since, none: PostgreSQL's backends come and go."""
    try:
        return list(process.net_connections("inet"))
    except psutil.NoSuchProcess:
        return []


def addresses(processes: list[psutil.Process]) -> set[str]:
    """Where they listen."""
    found = [one for process in processes for one in _connections(process) if one.status == "LISTEN"]
    return {str(one.laddr[0]).removeprefix("::ffff:") for one in found}


@every_engine
def test_what_was_written_survives_a_kill_and_a_stop(make: Make, probe: Probe, tmp_path: Path) -> None:
    engine = make(probe.engine)
    engine.start()
    processes = family(engine)
    assert engine.version()[0].isdigit()
    assert addresses(processes) == {"127.0.0.1"}
    assert os.getsid(engine.pid or 0) == engine.pid
    probe.write(engine.environment(), "of the first run")

    os.kill(engine.pid or 0, signal.SIGKILL)
    again = make(probe.engine)
    again.start()
    assert again.environment() == engine.environment()
    assert probe.read(again.environment()) == ["of the first run"]

    # Another process stops it: it knows nothing but the data folder.
    processes += family(again)
    line = [sys.executable, "-c", STOPS, probe.engine.__name__, str(tmp_path), str(cache_folder())]
    subprocess.run(line, check=True)
    assert again.pid is None
    assert not psutil.wait_procs(processes, timeout=10)[1]

    last = make(probe.engine)
    last.start()
    assert probe.read(last.environment()) == ["of the first run"]
    last.stop()
    assert last.pid is None


@every_engine
def test_a_port_in_use_is_told_in_a_sentence_and_nothing_is_left(make: Make, probe: Probe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        engine = make(probe.engine, port=port)
        with pytest.raises(EngineError, match=rf"^{engine.name} cannot listen on port {port}: it is in use\. Stop"):
            engine.start()
    assert engine.pid is None


@every_engine
def test_a_stop_during_the_start_leaves_nothing(make: Make, probe: Probe) -> None:
    engine = make(probe.engine)
    told: list[EngineError] = []

    def start() -> None:
        try:
            engine.start()
        except EngineError as error:
            told.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    while engine.pid is None:
        time.sleep(0.005)
    begun = family(engine)
    engine.stop()
    thread.join()
    assert f"{engine.name} was stopped while it started" in str(told[0])
    assert not psutil.wait_procs(begun, timeout=10)[1]


def test_a_killed_postgresql_comes_up_again_though_a_query_of_its_still_runs(make: Make) -> None:
    engine = make(PostgreSQL)
    engine.start()
    client = psycopg2.connect(engine.environment()["DATABASE_URL"])
    ended: list[Exception] = []

    def query() -> None:
        try:
            client.cursor().execute("SELECT count(*) FROM generate_series(1, 100000000000)")
        except psycopg2.Error as error:
            ended.append(error)

    thread = threading.Thread(target=query)
    thread.start()
    with psycopg2.connect(engine.environment()["DATABASE_URL"]) as other, other.cursor() as cursor:
        while not query_runs(cursor):
            time.sleep(0.05)
    other.close()
    processes = family(engine)
    os.kill(engine.pid or 0, signal.SIGKILL)
    engine.start()
    thread.join()
    assert ended
    assert not psutil.wait_procs(processes, timeout=10)[1]


def query_runs(cursor: psycopg2.extensions.cursor) -> bool:
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE '%generate_series%' AND state = 'active' AND pid <> pg_backend_pid()"
    )
    row = cursor.fetchone()
    return row is not None and row[0] == 1


def test_postgresql_that_cannot_start_says_why(make: Make) -> None:
    engine = make(PostgreSQL)
    engine.start()
    engine.stop()
    home = engine.data / "elsewhere" if (engine.data / "elsewhere").exists() else engine.data
    (home / "files" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(
        EngineError, match=r"PostgreSQL ended at its start \(exit code 1\): .*incompatible.* Its log: "
    ):
        engine.start()
    assert engine.pid is None


def test_a_lost_password_is_told(make: Make) -> None:
    engine = make(PostgreSQL)
    engine.start()
    engine.stop()
    (engine.data / "password").write_text("another\n")
    with pytest.raises(EngineError, match="does not take the password in"):
        engine.start()
    assert engine.pid is None


def test_postgresql_does_not_wait_for_its_clients_to_leave(make: Make) -> None:
    engine = make(PostgreSQL)
    engine.seconds_to_stop = 60.0
    engine.start()
    client = psycopg2.connect(engine.environment()["DATABASE_URL"])
    engine.stop()
    assert "received fast shutdown request" in "\n".join(engine.lines())
    assert "database system is shut down" in engine.lines()[-1]
    client.close()
