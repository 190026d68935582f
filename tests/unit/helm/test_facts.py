"""The chart's processes are those of the system; what runs before them comes in the right way and order."""

import pytest

from desktop.services import SERVICES
from tests.support.kubernetes.chart import RELEASE, VALUES, Manifest, of_kind, render


@pytest.mark.parametrize("values", VALUES)
def test_every_process_of_every_service_is_a_deployment_of_its_own(values: str) -> None:
    wanted = {f"{RELEASE}-{service.name}-{process}" for service in SERVICES for process in service.processes}
    assert {one["metadata"]["name"] for one in of_kind(render(values), "Deployment")} == wanted


def test_every_service_answers_on_its_port() -> None:
    found = {one["metadata"]["name"]: one["spec"]["ports"][0]["port"] for one in of_kind(render(), "Service")}
    assert found == {f"{RELEASE}-{service.name}": service.port for service in SERVICES}


def test_only_who_has_a_database_knows_its_address_and_only_of_its_own() -> None:
    for manifest in of_kind(render(), "Deployment", "Job"):
        labels = manifest["metadata"]["labels"]
        service = next(one for one in SERVICES if one.name == labels["app.kubernetes.io/name"])
        (container,) = manifest["spec"]["template"]["spec"]["containers"]
        secrets = {
            one["name"]: one["valueFrom"]["secretKeyRef"]["name"] for one in container["env"] if "valueFrom" in one
        }
        assert secrets.get("DATABASE_URL") == (f"{service.name}-db-app" if service.database else None)
        asks = service.graph and labels["app.kubernetes.io/component"] in {"web", "project"}
        assert ("NEO4J_BOLT_URL" in secrets) == asks


def _hooks(manifests: list[Manifest]) -> dict[str, tuple[str, str]]:
    found = {}
    for manifest in manifests:
        notes = manifest["metadata"].get("annotations", {})
        if "helm.sh/hook" in notes:
            found[manifest["metadata"]["name"]] = (notes["helm.sh/hook"], notes["helm.sh/hook-weight"])
    return found


def test_migrations_are_a_part_of_the_first_install_and_a_hook_before_each_upgrade() -> None:
    databases = [service.name for service in SERVICES if service.database]
    installed = {job["metadata"]["name"]: job for job in of_kind(render("values-desktop.yaml"), "Job")}
    assert _hooks(list(installed.values())) == {}
    assert set(installed) >= {f"{RELEASE}-{name}-migrate" for name in databases}
    upgraded = _hooks(of_kind(render("values-desktop.yaml", "--is-upgrade"), "Job"))
    for name in databases:
        assert upgraded[f"{RELEASE}-{name}-migrate-upgrade"] == ("pre-upgrade", "0")
    for name in ("users", "friends"):
        assert upgraded[f"{RELEASE}-{name}-topics-upgrade"] == ("pre-upgrade", "1")


def test_who_needs_tables_waits_for_them() -> None:
    for manifest in of_kind(render(), "Deployment"):
        spec = manifest["spec"]["template"]["spec"]
        name = manifest["metadata"]["labels"]["app.kubernetes.io/name"]
        waits = [container["args"] for container in spec.get("initContainers", ())]
        assert waits == ([] if name == "gateway" else [["python", "manage.py", name, "await_migrations"]])


def test_without_a_registry_the_names_are_those_of_kubernetes() -> None:
    (gateway,) = [
        one
        for one in of_kind(render("", "--set", "discovery=dns"), "Deployment")
        if "gateway" in one["metadata"]["name"]
    ]
    (container,) = gateway["spec"]["template"]["spec"]["containers"]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    assert variables["REGISTRY_URL"] == ""
    assert variables["RECOMMENDATION_SERVICE_URL"] == f"http://{RELEASE}-recommendations:8110"
    assert variables["USER_SERVICE_URL"] == f"http://{RELEASE}-users:8120"


def test_who_speaks_to_the_registry_has_its_key_and_jobs_do_not() -> None:
    for manifest in of_kind(render(), "Deployment") + of_kind(render(), "Job"):
        (container,) = manifest["spec"]["template"]["spec"]["containers"]
        names = [one["name"] for one in container["env"]]
        urls = [one.get("value", "") for one in container["env"] if one["name"] == "REGISTRY_URL"]
        assert ("REGISTRY_KEY" in names) == (manifest["kind"] == "Deployment")
        if urls != [""] and urls:
            # Kubernetes puts into a value only what stands before it.
            assert names.index("REGISTRY_KEY") < names.index("REGISTRY_URL")
            assert urls == [f"http://services:$(REGISTRY_KEY)@{RELEASE}-registry:8761"]


def test_volumes_and_generated_passwords_outlive_the_release() -> None:
    manifests = render("values-desktop.yaml")
    for engine in of_kind(manifests, "StatefulSet"):
        assert engine["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"
    for secret in of_kind(manifests, "Secret"):
        assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
