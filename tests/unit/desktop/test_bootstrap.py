"""The virtual environment: made when it is missing, made current when the requirements changed, else left alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop import bootstrap
from desktop.bootstrap import BASE, Unusable

FILES = ("requirements.txt", "requirements-desktop.txt")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without an environment, whose requirements are empty: nothing has to be fetched."""
    for name in FILES:
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said as progress."""
    lines: list[str] = []
    monkeypatch.setattr(bootstrap, "say", lines.append)
    return lines


def test_it_is_made_kept_and_made_current(project: Path, told: list[str]) -> None:
    venv = project / ".venv"
    with bootstrap.exclusive(venv):
        bootstrap.make(venv, FILES)
    assert [line.split(" ", 1)[0] for line in told] == ["Making", "Installing", "Installed"]
    answer = subprocess.run(
        [bootstrap.python_of(venv), "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert Path(answer.stdout.strip()).resolve() == venv.resolve()

    told.clear()
    bootstrap.make(venv, FILES)
    assert told == []

    (project / "requirements.txt").write_text("# something else\n")
    bootstrap.make(venv, FILES)
    assert [line.split(" ", 1)[0] for line in told] == ["Installing", "Installed"]


def test_the_load_simulation_is_installed_by_itself_and_once(project: Path, told: list[str]) -> None:
    for name in ("requirements-load.txt", "requirements-dev.txt"):
        (project / name).write_text("# nothing\n")
    venv = project / ".venv"
    bootstrap.make(venv, bootstrap.LOAD)
    bootstrap.make(venv, bootstrap.DESKTOP)
    assert [line.split()[1] for line in told if line.startswith("Installing")] == [*bootstrap.LOAD, FILES[-1]]
    told.clear()
    bootstrap.make(venv, bootstrap.LOAD)
    bootstrap.make(venv, bootstrap.DESKTOP)
    assert told == []


def test_an_install_that_fails_is_told_and_tried_again(project: Path, told: list[str]) -> None:
    venv = project / ".venv"
    (project / "requirements-desktop.txt").write_text("./there/is/no/such/folder\n")
    for _ in range(2):
        with pytest.raises(Unusable, match=r"pip could not install requirements-desktop\.txt"):
            bootstrap.make(venv, FILES)
    assert [line.split(" ", 1)[0] for line in told] == ["Making", "Installing", "Installing"]


def test_an_environment_whose_python_was_removed_is_made_anew(project: Path, told: list[str]) -> None:
    venv = project / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "lib" / "python3.11" / "site-packages" / "pip").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/a/python/that/was/removed")
    assert not bootstrap.works(venv)
    bootstrap.make(venv, FILES)
    assert bootstrap.works(venv)


def test_a_python_without_venv_is_told_with_the_way_out(
    project: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Unusable, match=r"no venv module.*apt install python3\.\d+-venv"):
        bootstrap.make(project / ".venv", FILES)


def test_an_active_environment_is_used_as_it_is(project: Path) -> None:
    assert sys.prefix != sys.base_prefix, "The tests run in an environment."
    bootstrap.ensure_environment(FILES, base=project)
    assert not (project / ".venv").exists()


def test_an_image_with_the_packages_is_used_as_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(bootstrap, "in_container", lambda: True)
    assert bootstrap.brings_its_own(project)
    monkeypatch.setattr(bootstrap, "in_container", lambda: False)
    assert not bootstrap.brings_its_own(project)


def test_a_command_finds_the_environment_of_the_running_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"PORT": "1"})
    bootstrap.load_environment("users", tmp_path)
    assert os.environ == {"PORT": "1"}
    (tmp_path / ".data" / "run").mkdir(parents=True)
    file = tmp_path / ".data" / "run" / "users.env.json"
    file.write_text(json.dumps({"DATABASE_URL": "postgres://there", "PORT": "2"}))
    bootstrap.load_environment("users", tmp_path)
    assert os.environ == {"DATABASE_URL": "postgres://there", "PORT": "1"}
    file.write_text(json.dumps({"DATABASE_URL": "postgres://elsewhere"}))
    bootstrap.load_environment("users", tmp_path)
    assert os.environ["DATABASE_URL"] == "postgres://there"


def test_manage_py_can_be_read_by_a_python_that_is_too_old_and_says_so() -> None:
    code = (BASE / "manage.py").read_text()
    assert "from desktop" not in code.split("def check_python")[0]
    path = str(BASE / "manage.py")
    lines = (f"__file__ = {path!r}", "import sys", "sys.version_info = (3, 8, 1)", f"exec(open({path!r}).read())")
    answer = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith("Python 3.11 or newer is needed, this is 3.8.1 (")
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("arguments", [[], ["nothing.py"]])
def test_a_file_that_is_not_there_is_told(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="name a file"):
        bootstrap.run_script(arguments)
