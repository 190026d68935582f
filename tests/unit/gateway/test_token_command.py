"""`./manage.py gateway token`: what it makes is believed where its environment is set, and nowhere else."""

import asyncio
import re
import shlex
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from gateway.security import tokens
from service.identity.signature import Identity
from service.problems import Problem


def said(capsys: pytest.CaptureFixture[str], folder: Path, *options: str) -> str:
    """What the command writes."""
    call_command("token", *options, "--keys", str(folder))
    return capsys.readouterr().out.strip()


def identify(token: str) -> Identity:
    """Whom a gateway with our environment sees."""
    believing = tokens.from_environment()
    assert believing is not None
    return asyncio.run(believing.identify({"headers": [(b"authorization", f"Bearer {token}".encode())]}))


def believe(monkeypatch: pytest.MonkeyPatch, exports: str) -> None:
    """Set what `--environment` says."""
    for line in exports.splitlines():
        (assignment,) = shlex.split(line.removeprefix("export "))
        monkeypatch.setenv(*assignment.split("=", 1))


def test_a_token_is_believed_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    believe(monkeypatch, said(capsys, tmp_path / "keys", "--environment"))
    token = said(capsys, tmp_path / "keys", "--user", "3", "--scope", "admin")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
    assert identify(token) == Identity(actor="user:3", scopes=frozenset({"admin"}))
    assert identify(said(capsys, tmp_path / "keys", "--user", "4")) == Identity(actor="user:4", scopes=frozenset())
    with pytest.raises(Problem, match="key is not known"):
        identify(said(capsys, tmp_path / "others", "--user", "3"))


def test_the_keys_are_for_their_owner_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said(capsys, tmp_path / "keys", "--user", "3")
    assert {file.name for file in (tmp_path / "keys").iterdir()} == {"private.pem", "jwks.json", "internal.key"}
    for path in (tmp_path / "keys", *(tmp_path / "keys").iterdir()):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


@pytest.mark.parametrize("options", [[], ["--user", "3", "--environment"], ["--user", "3", "--minutes", "0"]])
def test_what_makes_no_sense_is_refused(tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("token", *options, "--keys", str(tmp_path))


def test_keys_that_cannot_be_used_are_said(tmp_path: Path) -> None:
    (tmp_path / "private.pem").write_text("nonsense")
    with pytest.raises(CommandError, match="cannot be used"):
        call_command("token", "--user", "3", "--keys", str(tmp_path))
