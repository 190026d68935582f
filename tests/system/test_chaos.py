"""A short chaos run, of a fixed seed: in `make test-all`, for it takes both processors for two minutes."""

import os
import subprocess
import sys

from desktop.bootstrap import BASE
from tests.conftest import EVERYTHING
from tests.support.desktop import environment
from tests.support.system import ENGINES

SECONDS = 900

if EVERYTHING:

    def test_nothing_is_lost_or_doubled_under_kills() -> None:
        kind = os.environ.get(ENGINES, "light")
        arguments = ["--minutes", "1.5", "--seed", "7", "--engines", kind if kind in {"light", "full"} else "light"]
        done = subprocess.run(
            [sys.executable, "chaos/run.py", *arguments],
            cwd=BASE,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "lost 0, doubled 0, otherwise wrong 0" in done.stdout
