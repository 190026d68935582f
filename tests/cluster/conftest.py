"""One control plane for all of these tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kubernetes import binaries, tools
from tests.support.kubernetes.cluster import ControlPlane


@pytest.fixture(scope="session")
def cluster(everything: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with pretended nodes; skipped, with the reason, where there can be none."""
    if not everything:
        pytest.skip("a control plane takes minutes: make test-all")
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make keys with")
    try:
        tools.program("helm")
        started = ControlPlane(_folder(tmp_path_factory))
    except (tools.Unavailable, binaries.Unbuildable) as error:
        pytest.skip(str(error))
    with started:
        yield started


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("control-plane")
