"""The Compose file: valid, whole, and as strict as the chart; a swarm takes it too."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from desktop.bootstrap import BASE
from desktop.services import SERVICES
from docker import dotenv
from tests.support import compose
from tests.support.dockerfile import stages

OURS = compose.ours()
ALL: dict[str, dict[str, Any]] = compose.whole()["services"]
each = pytest.mark.parametrize("name", OURS)


@pytest.mark.parametrize("name", ["compose.yaml", "compose.override.yaml"])
def test_it_is_valid_for_the_specification_of_compose(name: str) -> None:
    text = yaml.safe_dump(compose.read(name, compose.variables()))
    compose_spec.PyCompose.from_yaml(text)


def test_together_they_are_valid_and_name_nothing_that_is_not_there() -> None:
    found = compose_spec.PyCompose.from_yaml(yaml.safe_dump(dict(compose.whole())))
    found.validate()
    for one in ALL.values():
        assert set(one.get("depends_on", ())) <= set(ALL)
        for config in one.get("configs", ()):
            assert (compose.FOLDER / compose.whole()["configs"][config["source"]]["file"]).is_file()


def test_a_swarm_takes_it() -> None:
    if shutil.which("docker") is None:
        pytest.skip("no docker client to ask what a swarm takes")
    command = ["docker", "stack", "config", "--compose-file", str(compose.FOLDER / "compose.yaml")]
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/nonexistent", **compose.variables()}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (answer.stderr, answer.returncode) == ("", 0)
    assert set(yaml.safe_load(answer.stdout)["services"]) == set(ALL)


def test_every_process_of_the_system_is_a_container() -> None:
    wanted = {
        service.name if process == "web" else f"{service.name}-{process}"
        for service in SERVICES
        for process in service.processes
    }
    once = {name for name in OURS if name.endswith(("-migrate", "-topics"))}
    assert set(OURS) - once == wanted
    assert {name.partition("-")[0] for name in once} == {service.name for service in SERVICES if service.database}


@each
def test_a_container_may_nothing_and_writes_in_memory_only(name: str) -> None:
    container = OURS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    written = {volume["target"]: volume["type"] for volume in container["volumes"]}
    assert written == {"/tmp": "tmpfs", "/run/social-network": "tmpfs"}  # noqa: S108 -- the container's


@pytest.mark.parametrize("name", ALL)
def test_an_image_is_named_by_its_version(name: str) -> None:
    assert ALL[name]["image"].partition(":")[2].strip("v")[0].isdigit()


@each
def test_a_container_starts_after_what_it_needs(name: str) -> None:
    container, after = OURS[name], OURS[name].get("depends_on", {})
    database = f"{compose.service_of(container)}-db"
    if container["restart"] == "on-failure":
        assert after[database] == {"condition": "service_healthy"}
        return
    assert container["restart"] == "unless-stopped"
    if database in ALL:
        assert after[database.replace("-db", "-migrate")] == {"condition": "service_completed_successfully"}
    for other, needs in after.items():
        if needs == {"condition": "service_healthy"} and other not in OURS:
            assert "healthcheck" in ALL[other]


def test_a_database_is_on_a_network_with_its_service_alone() -> None:
    for service in SERVICES:
        if service.database:
            network = f"{service.name}-db"
            there = {name for name, one in ALL.items() if network in one["networks"]} - {network}
            assert {compose.service_of(ALL[name]) for name in there} == {service.name}
            assert ALL[network]["networks"] == [network]
    inside = {name for name, network in compose.whole()["networks"].items() if network.get("internal")}
    assert set(compose.whole()["networks"]) - inside == {"outside"}


def test_only_the_gateway_is_open_to_others() -> None:
    ports = {name: one["ports"] for name, one in ALL.items() if "ports" in one}
    assert ports.pop("gateway") == ["9000:9000"]
    assert all(port.startswith("127.0.0.1:") for found in ports.values() for port in found)


def test_prometheus_asks_every_process_where_its_metrics_are() -> None:
    config = yaml.safe_load((compose.FOLDER / "prometheus" / "prometheus.yaml").read_text())
    (job,) = config["scrape_configs"]
    asked = {entry["targets"][0]: entry["labels"] for entry in job["static_configs"]}
    wanted = {}
    for name, container in OURS.items():
        if container["restart"] == "unless-stopped":
            service = compose.service_of(container)
            port = container["environment"].get("METRICS_PORT", stages()[service].environment["PORT"])
            wanted[f"{name}:{port}"] = {"service": service, "process": name.partition("-")[2] or "web"}
            assert set(container["networks"]) & set(ALL["prometheus"]["networks"])
    assert asked == wanted


def test_dashboards_may_be_none_but_their_folder_is_there() -> None:
    (mount,) = [volume for volume in ALL["grafana"]["volumes"] if isinstance(volume, dict)]
    assert (compose.FOLDER / mount["source"]).resolve() == BASE / "helm" / "social-network" / "dashboards"
    assert (compose.FOLDER / mount["source"]).is_dir()


def test_passwords_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_bytes((compose.FOLDER / ".env.example").read_bytes())
    assert dotenv.write(tmp_path)
    text = (tmp_path / ".env").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert not dotenv.write(tmp_path)
    assert (tmp_path / ".env").read_text() == text
    values = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert all(values.values())
    assert len({values[name] for name in ("SECRET_KEY", "REGISTRY_KEY", "POSTGRES_PASSWORD", "NEO4J_PASSWORD")}) == 4
