"""What all engines do alike: start, answer, be found by another process, stop, and say why not."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from desktop import runfiles
from desktop.engines import EngineError, ports, server
from tests.unit.desktop_engines.conftest import Make
from tests.unit.desktop_engines.stand_in import ANSWERING, STUBBORN, StandIn


def test_it_answers_when_start_returns_and_is_gone_when_stop_returns(make: Make) -> None:
    engine = make(ANSWERING)
    engine.start()
    pid = engine.pid
    assert engine.answers()
    assert pid is not None
    engine.stop()
    assert not engine.answers()
    assert engine.pid is None
    assert runfiles.identify(pid) is None


def test_before_a_start_it_has_neither_process_nor_port(make: Make) -> None:
    engine = make(ANSWERING)
    assert (engine.pid, engine.port) == (None, None)
    engine.stop()


def test_a_chosen_port_stays_the_same_between_starts(make: Make) -> None:
    first = make(ANSWERING)
    first.start()
    first.stop()
    second = make(ANSWERING)
    second.start()
    assert second.port == first.port


def test_a_given_port_in_use_is_said_and_nothing_is_started(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        engine = make(ANSWERING, port=port)
        with pytest.raises(EngineError, match=rf"Stand-in cannot listen on port {port}: it is in use\. Stop whoever"):
            engine.start()
    assert engine.pid is None
    assert not engine.lines()


def test_a_remembered_port_in_use_is_replaced(make: Make) -> None:
    first = make(ANSWERING)
    first.start()
    first.stop()
    with socket.create_server(("127.0.0.1", first.port or 0)):
        second = make(ANSWERING)
        second.start()
        assert second.port != first.port


# At its first start, somebody else takes the port just before it, and it ends as one that finds its port in use.
QUARREL = """
import os, pathlib, socket, sys, time
mark = pathlib.Path("mark")
if not mark.exists():
    mark.touch()
    thief = socket.create_server(("127.0.0.1", int(sys.argv[{argument}])))
    if os.fork():
        os._exit(1)
    os.setsid()
    time.sleep(3)
    os._exit(0)
"""


@pytest.mark.parametrize("argument", [1, 2], ids=["its first port", "a further one"])
def test_a_port_that_is_taken_between_choice_and_start_is_replaced(make: Make, argument: int) -> None:
    engine = make(QUARREL.format(argument=argument) + ANSWERING)
    engine.start()
    assert engine.answers()
    assert (engine.data / "mark").exists()


def test_a_given_port_that_is_taken_between_choice_and_start_is_said(make: Make) -> None:
    port = ports.choose()
    engine = make(QUARREL.format(argument=1) + ANSWERING, port=port)
    with pytest.raises(EngineError, match=f"cannot listen on port {port}"):
        engine.start()
    assert engine.pid is None


def test_a_process_that_ends_at_once_is_told_with_its_last_line_and_its_log(make: Make, tmp_path: Path) -> None:
    engine = make("print('first'); raise SystemExit('ERROR the cellar is flooded')")
    expected = rf"Stand-in ended at its start \(exit code 1\): ERROR the cellar is flooded. Its log: {tmp_path}/log"
    with pytest.raises(EngineError, match=expected):
        engine.start()
    assert engine.pid is None


def test_a_process_that_is_killed_at_its_start_is_told_with_the_signal(make: Make) -> None:
    engine = make("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(EngineError, match="killed by SIGKILL"):
        engine.start()


def test_a_process_that_never_answers_is_given_up_and_ended(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SECONDS_TO_START", 0.5)
    engine = make("import time; print('thinking', flush=True); time.sleep(60)")
    with pytest.raises(EngineError, match=r"does not answer on port \d+ after .* thinking"):
        engine.start()
    assert engine.pid is None


def test_a_disk_that_fills_up_while_it_starts_is_told_as_that(make: Make) -> None:
    engine = make("raise SystemExit('java.io.IOException: No space left on device')")
    with pytest.raises(EngineError, match=r"has no room: the disk of .* is full\. Free some"):
        engine.start()


def test_a_disk_that_is_almost_full_is_told_before_the_start(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LEAST_BYTES", 2**62)
    engine = make(ANSWERING)
    with pytest.raises(EngineError, match="is full"):
        engine.start()
    assert not engine.lines()


def test_a_system_error_is_a_sentence(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(self: StandIn) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "/some/where")

    monkeypatch.setattr(StandIn, "prepare", refuses)
    with pytest.raises(EngineError, match=r"Stand-in does not start: Read-only file system \(/some/where\)"):
        make(ANSWERING).start()


def test_it_is_ended_by_force_when_it_does_not_stop(make: Make) -> None:
    engine = make(STUBBORN)
    engine.start()
    pid = engine.pid
    engine.stop()
    assert pid is not None
    assert runfiles.identify(pid) is None


def test_ctrl_c_in_the_terminal_does_not_reach_it(make: Make) -> None:
    engine = make(ANSWERING)
    engine.start()
    assert engine.pid is not None
    assert os.getsid(engine.pid) == engine.pid != os.getsid(0)


def test_it_inherits_no_open_file_not_even_an_inheritable_one(make: Make, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        engine = make(
            f"import os\ntry: os.fstat({file.fileno()})\nexcept OSError: print('closed', flush=True)\n" + ANSWERING
        )
        engine.start()
    assert engine.lines() == ["closed"]


def test_another_object_finds_it_and_stops_it(make: Make) -> None:
    make(ANSWERING).start()
    other = make(ANSWERING)
    pid = other.pid
    assert pid is not None
    other.stop()
    assert runfiles.identify(pid) is None


def test_a_second_start_replaces_what_an_earlier_run_left(make: Make) -> None:
    left = make(ANSWERING)
    left.start()
    pid = left.pid
    engine = make(ANSWERING)
    engine.start()
    assert pid is not None
    assert runfiles.identify(pid) is None
    assert engine.answers()


def test_a_pid_file_whose_process_id_is_somebody_elses_by_now_kills_nobody(make: Make) -> None:
    engine = make(ANSWERING)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        started = runfiles.identify(stranger.pid)
        assert started is not None
        runfiles.write(engine.data / "process.json", {"pid": stranger.pid, "started": f"not {started.started}"})
        assert engine.pid is None
        engine.stop()
        assert stranger.poll() is None
        engine.start()
        assert stranger.poll() is None
        stranger.kill()


def test_killed_it_is_started_again(make: Make) -> None:
    engine = make(ANSWERING)
    engine.start()
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    engine.start()
    assert engine.answers()


def test_a_stop_ends_a_start_under_way(make: Make) -> None:
    engine = make("import time; time.sleep(60)")
    said: list[str] = []

    def start() -> None:
        try:
            engine.start()
        except EngineError as error:
            said.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    deadline = time.monotonic() + 20
    while engine.pid is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    engine.stop()
    thread.join(20)
    assert said == ["Stand-in was stopped while it started."]
    assert engine.pid is None
