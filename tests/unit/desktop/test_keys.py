"""Secrets that are made once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from desktop import keys


def test_a_secret_stays_the_same_and_is_for_the_owner_only(tmp_path: Path) -> None:
    secret = keys.kept(tmp_path / "secret", size=12)
    assert len(secret) == 16
    assert keys.kept(tmp_path / "secret", size=12) == secret
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert keys.kept(tmp_path / "other", size=12) != secret


def test_all_who_ask_at_once_get_the_same(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def ask(round_: int) -> str:
        together.wait(20)
        return keys.kept(tmp_path / f"secret-{round_}", size=12)

    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            assert len(set(pool.map(ask, [number] * 8))) == 1
    assert not list(tmp_path.glob(".*"))
