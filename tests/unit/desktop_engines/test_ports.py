"""Ports: chosen free, remembered, given up when somebody else has them."""

import errno
import socket
from pathlib import Path
from typing import Any

import pytest

from desktop.engines import EngineError, ports


def test_a_port_is_free_until_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert not ports.free(port)
    assert ports.free(port)


def test_a_port_on_all_addresses_is_not_free() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listening:
        assert not ports.free(listening.getsockname()[1])


def test_a_port_of_the_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(EngineError, match=r"Port 80 is for root only\. Choose one above 1023"):
        ports.free(80)


def test_a_choice_is_below_the_ports_of_outgoing_connections() -> None:
    assert ports.choose() in ports.CHOICE


def test_with_all_of_those_taken_any_free_port_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "free", lambda port: False)
    assert 1023 < ports.choose() < 65536


def test_it_is_remembered(tmp_path: Path) -> None:
    first = ports.remembered(tmp_path / "port")
    assert ports.remembered(tmp_path / "port") == first
    assert (tmp_path / "port").read_text() == f"{first}\n"


def test_the_preferred_is_taken_when_free_and_not_when_not(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert ports.remembered(tmp_path / "one", preferred=port) != port
    assert ports.remembered(tmp_path / "two", preferred=port) == port


@pytest.mark.parametrize("content", ["", "seven", "0", "80", "70000", "-1"])
def test_a_broken_note_is_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "port").write_text(content)
    assert ports.remembered(tmp_path / "port") in ports.CHOICE
