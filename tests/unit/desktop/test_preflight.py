"""Before the start: whose folder, how much room, which ports."""

import os
import socket
from pathlib import Path

import pytest

from desktop import preflight
from desktop.errors import DesktopError
from desktop.services import SERVICES, Ports


def test_a_new_folder_is_claimed_and_claimed_again(tmp_path: Path) -> None:
    preflight.claim(tmp_path / "deep" / "data")
    preflight.claim(tmp_path / "deep" / "data")
    assert (tmp_path / "deep" / "data" / preflight.MARK).exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DesktopError, match="files that are not this system's"):
        preflight.claim(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_one_system_per_folder(tmp_path: Path) -> None:
    already = pytest.raises(DesktopError, match=r"already runs in .*manage\.py down")
    with preflight.locked(tmp_path), already, preflight.locked(tmp_path):
        pytest.fail("Two at once.")
    with preflight.locked(tmp_path):
        pass


def test_the_lock_is_not_handed_to_processes_that_are_started(tmp_path: Path) -> None:
    with preflight.locked(tmp_path):
        handles = [int(name) for name in os.listdir("/proc/self/fd")]
        held = [number for number in handles if _leads_to(number, tmp_path / "lock")]
        assert held
        assert not any(os.get_inheritable(number) for number in held)


def _leads_to(number: int, path: Path) -> bool:
    try:
        return Path(f"/proc/self/fd/{number}").readlink() == path
    except OSError:
        return False


def test_a_full_disk_is_told_with_the_way_out(tmp_path: Path) -> None:
    preflight.check_disk(tmp_path, least=1)
    with pytest.raises(DesktopError, match=r"MB free, and .* MB are needed\. Free some, or .*--data FOLDER"):
        preflight.check_disk(tmp_path, least=10**18)


def test_a_port_in_use_is_told_with_who_and_the_way_out() -> None:
    ports = Ports.free()
    preflight.check_ports(ports)
    with socket.create_server(("127.0.0.1", ports.friends)), pytest.raises(DesktopError) as told:
        preflight.check_ports(ports)
    assert f"Port {ports.friends}, which friends needs, is in use by " in str(told.value)
    assert f"(process {os.getpid()})" in str(told.value)
    assert "--port friends=NUMBER" in str(told.value)


def test_a_port_in_use_on_all_addresses_counts() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        ports = Ports.free().changed({"gateway": server.getsockname()[1]})
        with pytest.raises(DesktopError, match="which gateway needs, is in use"):
            preflight.check_ports(ports)


def test_a_port_that_was_just_left_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    preflight.check_ports(Ports.free().changed({"users": port}))


def test_an_engines_port_is_looked_at_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = Ports.free().changed({"kafka": server.getsockname()[1]})
        with pytest.raises(DesktopError, match="which kafka needs"):
            preflight.check_ports(ports)


def test_two_services_cannot_share_a_port() -> None:
    ports = Ports.free()
    with pytest.raises(DesktopError, match="chosen for two services"):
        preflight.check_ports(ports.changed({"users": ports.friends}))


def test_the_ports_are_those_of_the_contract() -> None:
    told = {service.name: Ports().of(service) for service in SERVICES}
    assert told == {"gateway": 9000, "users": 8120, "friends": 8100, "recommendations": 8110, "registry": 8761}


@pytest.mark.parametrize("choice", [{"users": 0}, {"users": 65536}, {"mail": 25}])
def test_an_impossible_choice_of_ports_is_refused(choice: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="port"):
        Ports().changed(choice)
