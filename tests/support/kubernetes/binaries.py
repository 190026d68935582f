"""The control plane's programs, built once from their Go modules into the cache.

etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok, which pretends that nodes run pods. Building
takes both cores of a small machine for about ten minutes and fetches some 200 MB; nothing is installed on it.
"""

import os
import shutil
import subprocess
from pathlib import Path

from desktop.engines import cache_folder

KUBERNETES = "1.34.3"
KWOK = "0.8.0"
SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
VERSIONED = ("component-base", "client-go/pkg")
ETCD = "go.etcd.io/etcd/server/v3"
# k8s.io/kubernetes names these by a version that only its own repository can resolve.
STAGING = [
    "api",
    "apiextensions-apiserver",
    "apimachinery",
    "apiserver",
    "cli-runtime",
    "client-go",
    "cloud-provider",
    "cluster-bootstrap",
    "code-generator",
    "component-base",
    "component-helpers",
    "controller-manager",
    "cri-api",
    "cri-client",
    "csi-translation-lib",
    "dynamic-resource-allocation",
    "endpointslice",
    "externaljwt",
    "kms",
    "kube-aggregator",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
    "metrics",
    "mount-utils",
    "pod-security-admission",
    "sample-apiserver",
    "sample-cli-plugin",
    "sample-controller",
]


class Unbuildable(Exception):
    """The programs cannot be built here; the message says why."""


def folder() -> Path:
    """Where the programs are kept."""
    return cache_folder() / f"kubernetes-{KUBERNETES}-kwok-{KWOK}"


def complete() -> bool:
    """Whether all of them have been built."""
    return (folder() / "complete").is_file()


def build() -> Path:
    """The folder with all programs, built where that has not been done. Raises Unbuildable."""
    if complete():
        return folder()
    if shutil.which("go") is None:
        raise Unbuildable("there is no Go to build a Kubernetes control plane with")
    source = folder() / "source"
    source.mkdir(parents=True, exist_ok=True)
    (source / "go.mod").write_text(_module())
    (source / "tools.go").write_text(_tools())
    _go(source, "mod", "tidy")
    # Without it the server says that it is v0.0.0, and charts that ask for a version are refused.
    version = "".join(f" -X k8s.io/{package}/version.gitVersion=v{KUBERNETES}" for package in VERSIONED)
    for name in SERVERS:
        target = str(folder() / name)
        _go(source, "build", f"-ldflags=-s -w{version}", "-o", target, f"k8s.io/kubernetes/cmd/{name}")
    _go(source, "build", "-o", str(folder() / "etcd"), ETCD)
    _go(source, "install", f"sigs.k8s.io/kwok/cmd/kwok@v{KWOK}", GOBIN=str(folder()))
    (folder() / "stages.yaml").write_text(_stages(source))
    (folder() / "complete").touch()
    return folder()


def _module() -> str:
    staging = f"v0.{KUBERNETES.partition('.')[2]}"
    replaced = "\n".join(f"replace k8s.io/{name} => k8s.io/{name} {staging}" for name in STAGING)
    return f"module controlplane\n\ngo 1.24.0\n\nrequire k8s.io/kubernetes v{KUBERNETES}\n\n{replaced}\n"


def _tools() -> str:
    packages = "\n".join(f'\t_ "k8s.io/kubernetes/cmd/{name}"' for name in SERVERS)
    return f'//go:build tools\n\npackage controlplane\n\nimport (\n{packages}\n\t_ "{ETCD}"\n)\n'


def _stages(source: Path) -> str:
    """kwok's rules: what becomes of a pod and of a node, and how fast (they come with its source)."""
    stages = Path(_go(source, "env", "GOMODCACHE")) / f"sigs.k8s.io/kwok@v{KWOK}" / "kustomize" / "stage"
    files = sorted(
        path for kind in ("node/fast", "node/heartbeat", "pod/fast") for path in (stages / kind).glob("*.yaml")
    )
    return "\n---\n".join(file.read_text() for file in files if file.name != "kustomization.yaml")


def _go(source: Path, *words: str, **environment: str) -> str:
    # Low priority: whoever works on this machine meanwhile goes first.
    answer = subprocess.run(
        ["nice", "-n", "15", "go", *words],
        cwd=source,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise Unbuildable(f"go {' '.join(words)} failed: {answer.stderr.strip()[-600:]}")
    return answer.stdout.strip()
