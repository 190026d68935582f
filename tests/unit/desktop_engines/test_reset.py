"""`./manage.py reset` leaves nothing, also not what lies outside the data folder."""

from pathlib import Path

import pytest

from desktop import cli, preflight
from desktop.engines import PostgreSQL, accounts
from desktop.engines.accounts import Account


def test_what_postgresql_keeps_elsewhere_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ELSEWHERE", tmp_path / "elsewhere")
    folder = tmp_path / "data"
    preflight.claim(folder)
    data = folder / "engines" / PostgreSQL.folder
    data.mkdir(parents=True)
    place = accounts.home(data, Account(54_321, 54_321))
    assert place.parent == tmp_path / "elsewhere"
    assert cli.main(["reset", "--yes", "--data", str(folder)]) == 0
    assert not place.exists()
    assert not folder.exists()
