"""The chart rendered by helm, and ways through what it renders."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import yaml

from desktop.bootstrap import BASE
from tests.support.kubernetes import tools

CHART = BASE / "helm" / "social-network"
RELEASE = "net"
# Each values file over the defaults; "" is the defaults alone.
VALUES = ("", "values-desktop.yaml", "values-hyperscale.yaml")
Manifest = Mapping[str, Any]


def options(values: str, *more: str) -> list[str]:
    """helm's options for a values file."""
    return [*(["--values", str(CHART / values)] if values else []), *more]


@cache
def render(values: str = "", *more: str) -> Sequence[Manifest]:
    """All manifests of an installation (or, with `--is-upgrade`, of an upgrade)."""
    text = tools.run("helm", "template", RELEASE, str(CHART), "--namespace", "social", *options(values, *more))
    return [document for document in yaml.safe_load_all(text) if document]


def named(manifest: Manifest) -> str:
    """`Deployment/net-users-web`."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """Those of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def pods(manifests: Sequence[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """(what makes it, its pod template or itself) of everything that makes pods."""
    for manifest in manifests:
        if manifest["kind"] == "Pod":
            yield named(manifest), manifest
        elif manifest["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield named(manifest), manifest["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    """All of a pod, those that run before it too."""
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def ours(container: Manifest) -> bool:
    """Whether it runs an image of this project."""
    return "/social-network-" in container["image"]
