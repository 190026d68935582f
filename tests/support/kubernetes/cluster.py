"""A control plane of its own: etcd, kube-apiserver, controller-manager and scheduler on free ports of 127.0.0.1.

And kwok, which says of each pod on its pretended nodes that it runs, and of each job that it is done: no container is
started.
"""

import base64
import copy
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from desktop.engines.ports import choose
from tests.support.kubernetes import binaries, tools

NODES = 3
START_SECONDS = 120.0
STOP_SECONDS = 20.0
HOOK = '.metadata.annotations["helm.sh/hook"]'


class ControlPlane:
    """Started by `with`, with `NODES` nodes in as many zones, and volumes for those who ask for them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kubeconfig = folder, folder / "kubeconfig"
        self._binaries = binaries.build()
        self._token = secrets.token_hex(16)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def kubectl(self, *words: str) -> str:
        """What kubectl answers. Raises tools.Refused."""
        return tools.run("kubectl", *words, KUBECONFIG=str(self.kubeconfig), KUBERC="off")

    def helm(self, *words: str) -> str:
        """What helm answers. Raises tools.Refused."""
        homes = {f"HELM_{name}_HOME": str(self.folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        return tools.run("helm", *words, KUBECONFIG=str(self.kubeconfig), **homes)

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Create or change objects. Raises tools.Refused."""
        file = self.folder / "apply.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        self.kubectl("apply", "--filename", str(file))

    def get(self, kinds: str, namespace: str) -> list[dict[str, Any]]:
        """All objects of some kinds (`pods,jobs`) in a namespace."""
        found = json.loads(self.kubectl("get", kinds, "--namespace", namespace, "--output", "json"))
        return list(found["items"])

    def _start(self) -> None:
        etcd, peers, self.port, manager, scheduler = (choose() for _ in range(5))
        self._write_credentials()
        store = f"http://127.0.0.1:{etcd}"
        peer = f"http://127.0.0.1:{peers}"
        self._run("etcd", f"--data-dir={self.folder / 'etcd'}", f"--listen-client-urls={store}",
                  f"--advertise-client-urls={store}", f"--listen-peer-urls={peer}",
                  f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}")  # fmt: skip
        issuer = "https://kubernetes.default.svc"
        self._run("kube-apiserver", f"--etcd-servers={store}", "--bind-address=127.0.0.1",
                  f"--secure-port={self.port}",
                  f"--cert-dir={self.folder / 'certs'}", f"--service-account-issuer={issuer}",
                  "--service-account-key-file=sa.key", "--service-account-signing-key-file=sa.key",
                  "--service-cluster-ip-range=10.96.0.0/16", "--token-auth-file=tokens.csv",
                  "--authorization-mode=RBAC")  # fmt: skip
        self._until(lambda: self.kubectl("get", "--raw", "/readyz"))
        shared = ("--kubeconfig=kubeconfig", "--leader-elect=false", "--bind-address=127.0.0.1")
        self._run("kube-controller-manager", *shared, f"--secure-port={manager}", "--use-service-account-credentials",
                  "--service-account-private-key-file=sa.key", f"--cert-dir={self.folder / 'manager'}")  # fmt: skip
        self._run("kube-scheduler", *shared, f"--secure-port={scheduler}", f"--cert-dir={self.folder / 'scheduler'}")
        (self.folder / "stages.yaml").write_text(_stages((self._binaries / "stages.yaml").read_text()))
        self._run("kwok", "--kubeconfig=kubeconfig", "--manage-all-nodes=true", "--config=stages.yaml")
        self.apply(*(_node(number) for number in range(1, NODES + 1)), _storage_class(), *map(_volume, range(10)))
        self._until(lambda: self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=5s"))

    def _write_credentials(self) -> None:
        subprocess.run(
            ["openssl", "genrsa", "-out", str(self.folder / "sa.key"), "2048"], check=True, capture_output=True
        )
        (self.folder / "tokens.csv").write_text(f'{self._token},admin,1,"system:masters"\n')
        cluster = {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self._token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "current-context": "test",
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))

    def _run(self, name: str, *options: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(self._binaries / name), *options],
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._stack.callback(_stop, process)

    def _until(self, check: Callable[[], object]) -> None:
        """Try until it raises no Refused. The last one is raised when the time is over."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                check()
            except tools.Refused:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stages(text: str) -> str:
    """kwok's rules, and one more: the pod of `helm test`, which no job owns, is done as a job's pod is."""
    stages = [stage for stage in yaml.safe_load_all(text) if stage]
    done = copy.deepcopy(next(stage for stage in stages if stage["metadata"]["name"] == "pod-complete"))
    done["metadata"]["name"] = "test-complete"
    expressions = done["spec"]["selector"]["matchExpressions"]
    owner = next(one for one in expressions if "ownerReferences" in one["key"])
    owner.update({"key": HOOK, "operator": "In", "values": ["test"]})
    return yaml.safe_dump_all([*stages, done])


def _node(number: int) -> dict[str, Any]:
    room = {"cpu": "32", "memory": "256Gi", "pods": "110"}
    labels = {"kubernetes.io/hostname": f"node-{number}", "topology.kubernetes.io/zone": f"zone-{number}"}
    metadata = {"name": f"node-{number}", "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "status": {"allocatable": room, "capacity": room},
    }


def _storage_class() -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "there", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(number: int) -> dict[str, Any]:
    """There is nothing here that would make volumes: so they are there."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"volume-{number}"},
        "spec": {
            "capacity": {"storage": "20Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "there",
            "hostPath": {"path": f"/volumes/{number}"},
        },
    }


def stub(group: str, kind: str, plural: str, version: str = "v1") -> dict[str, Any]:
    """The definition of somebody else's kind, which takes anything: for objects that no controller here looks at."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    named = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": group, "names": named, "scope": "Namespaced", "versions": [served]}
    metadata = {"name": f"{plural}.{group}"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def secret(name: str, **content: str) -> dict[str, Any]:
    """A Secret as an operator would make it."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}


def documents(stream: str) -> Sequence[dict[str, Any]]:
    """The JSON documents that follow one another in the output of `kubectl get --watch`; a last one that was cut off
    is left out."""
    decoder, found, place = json.JSONDecoder(), [], 0
    while place < len(stream):
        try:
            document, place = decoder.raw_decode(stream, place)
        except json.JSONDecodeError:
            break
        found.append(document)
        place += len(stream[place:]) - len(stream[place:].lstrip())
    return found
