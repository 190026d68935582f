"""The Dockerfile: what a linter says of it, and that every image has what its service imports, and no more."""

import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from desktop.bootstrap import BASE
from desktop.services import SERVICES, Service
from tests.support.dockerfile import FILE, instructions, stages

PACKAGES = ("config", "service", "eventsourcing", *(service.name for service in SERVICES), "desktop")
by_name = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def test_hadolint_has_nothing_to_say() -> None:
    tool = Path(sys.executable).parent / "hadolint"
    answer = subprocess.run([str(tool), str(FILE)], capture_output=True, text=True, check=False)
    assert (answer.stdout + answer.stderr, answer.returncode) == ("", 0)


def _imported(service: Service) -> set[str]:
    """The packages of ours that the service imports, by any way; those that only a tool of the desktop run needs
    (manage.py's bootstrap) are copied file by file."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found = {service.name}
    for module in graph.find_descendants(service.name) | {service.name}:
        found |= {name.partition(".")[0] for name in graph.find_upstream_modules(module)}
    return found


@by_name
def test_an_image_has_what_its_service_imports_and_no_other_service(service: Service) -> None:
    copied = {path for path in stages()[service.name].copied if "/" not in path}
    assert copied == _imported(service) | {"config", "service", "manage.py"}


@by_name
def test_an_image_starts_the_services_web_server_where_the_desktop_run_does(service: Service) -> None:
    stage = stages()[service.name]
    assert stage.environment["DJANGO_SETTINGS_MODULE"] == f"{service.name}.settings"
    assert stage.environment["PORT"] == str(service.port)
    assert stage.environment.get("WEB_PROTOCOL", "wsgi") == service.protocol
    assert stage.command == ["gunicorn", "--config", "service/gunicorn.py", f"{service.name}.{service.protocol}"]


@by_name
def test_an_image_does_not_run_as_root_and_passes_signals_on(service: Service) -> None:
    stage = stages()[service.name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage.user)
    assert stage.entrypoint == ["/usr/bin/tini", "--"]


def test_what_has_the_compiler_is_built_on_by_nobody() -> None:
    bases = [rest for name, rest in instructions() if name == "FROM"]
    assert not [base for base in bases if base.startswith(("packages ", "code "))]


def test_the_base_is_an_argument_with_a_full_version() -> None:
    assert instructions()[0] == ("ARG", "BASE=docker.io/library/python:3.11.14-slim-bookworm")


def test_nothing_reaches_the_build_but_what_is_named() -> None:
    lines = (BASE / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    admitted = {rule.strip("!/") for rule in rules if rule.startswith("!")}
    wanted = {path for stage in stages().values() for path in stage.copied if path not in {".", "/opt/venv"}}
    assert admitted == wanted
