"""Every container of ours in the chart and in the Compose file: what would be started, with which environment."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support import compose
from tests.support.dockerfile import stages
from tests.support.kubernetes.chart import containers, of_kind, ours, pods, render


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """One container: of which service, as which process, with what; `probe` is the command that asks how it is."""

    name: str
    service: str
    process: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    probe: Sequence[str] = ()

    @property
    def once(self) -> bool:
        """Whether it is to end by itself."""
        return self.process in {"migrate", "topics", "await-migrations"}


def _whole(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """The image's environment and the manifest's over it."""
    return stages()[service].environment | dict(given)


def _arguments(service: str, given: Sequence[str] | None) -> Sequence[str]:
    return given or stages()[service].command


def of_compose() -> Iterator[Start]:
    """Those of docker/compose.yaml."""
    for name, container in compose.ours().items():
        service = compose.service_of(container)
        check = container.get("healthcheck", {}).get("test", ["CMD", "python", "-m", "service.alive"])
        yield Start(
            name=name,
            service=service,
            process=name.removeprefix(service).strip("-") or "web",
            arguments=_arguments(service, container.get("command")),
            environment=_whole(service, container["environment"]),
            probe=check[1:],
        )


def of_helm(values: str) -> Iterator[Start]:
    """Those of the chart with a values file; `helm test`'s asks a whole cluster, and is left out."""
    manifests = render(values)
    secrets = {one["metadata"]["name"]: _decoded(one) for one in of_kind(manifests, "Secret")}
    for name, pod in pods([one for one in manifests if one["kind"] != "Pod"]):
        service = pod["metadata"]["labels"]["app.kubernetes.io/name"]
        for container in filter(ours, containers(pod)):
            given = {one["name"]: _value(one, secrets) for one in container["env"]}
            yield Start(
                name=f"{name}/{container['name']}",
                service=service,
                process=container["name"],
                arguments=_arguments(service, container.get("args")),
                environment=_whole(service, given),
                probe=container.get("readinessProbe", {}).get("exec", {}).get("command", ()),
            )


def _decoded(secret: Mapping[str, Any]) -> dict[str, str]:
    data = {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()}
    return data | dict(secret.get("stringData", {}))


def _value(variable: Mapping[str, Any], secrets: Mapping[str, Mapping[str, str]]) -> str:
    if "value" in variable:
        return str(variable["value"])
    reference = variable["valueFrom"]["secretKeyRef"]
    # What others make (an operator's Secret) has a content that the manifests do not show.
    return secrets.get(reference["name"], {}).get(reference["key"], "given")
