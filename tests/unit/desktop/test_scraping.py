"""Where metrics are, and Prometheus' configuration."""

import json
from pathlib import Path

from desktop import scraping
from desktop.services import Ports


def test_the_gateway_and_what_is_no_web_server_have_ports_of_their_own(tmp_path: Path) -> None:
    chosen = scraping.choose(tmp_path)
    assert set(chosen) == {
        "gateway-web",
        "users-relay",
        "friends-relay",
        "friends-consume",
        "recommendations-consume",
        "recommendations-project",
    }
    assert len(set(chosen.values())) == len(chosen)
    assert scraping.choose(tmp_path) == chosen


def test_every_process_is_a_target_with_its_service_and_its_name(tmp_path: Path) -> None:
    found = scraping.addresses(Ports(users=8121), {"gateway-web": 20001, "users-relay": 20002})
    assert found["users-web"] == "127.0.0.1:8121"
    assert found["gateway-web"] == "127.0.0.1:20001"
    assert "friends-relay" not in found
    configuration = scraping.write(tmp_path, found)
    assert "metrics_path: /actuator/prometheus" in configuration.read_text()
    targets = json.loads((tmp_path / "targets.json").read_text())
    relay = {"targets": ["127.0.0.1:20002"], "labels": {"service": "users", "process": "relay"}}
    assert relay in targets
    assert len(targets) == len(found)
