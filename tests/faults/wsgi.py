"""A service's own WSGI application, with traps around its steps: what gunicorn's workers load under the launcher."""

import importlib
import os
from pathlib import Path
from typing import Any

from tests.faults.launcher import FOLDER
from tests.faults.traps import set_traps

_service = os.environ["DJANGO_SETTINGS_MODULE"].partition(".")[0]
application: Any = importlib.import_module(f"{_service}.wsgi").application
set_traps("web", _service, Path(os.environ[FOLDER]))
