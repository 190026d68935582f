"""All admins of a desktop run share one host, and browsers keep cookies by host, not by port."""

from pathlib import Path
from runpy import run_path

ROOT = Path(__file__).resolve().parents[3]


def test_a_login_in_one_admin_does_not_end_the_login_in_another() -> None:
    found = [
        run_path(str(path))
        for path in sorted(ROOT.glob("*/settings.py"))
        if "django.contrib.admin" in path.read_text() or "ADMIN_APPS" in path.read_text()
    ]
    found = [settings for settings in found if "ROOT_URLCONF" in settings and settings["DATABASES"]]
    assert len(found) == 4
    for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"):
        assert len({settings[name] for settings in found}) == 4
