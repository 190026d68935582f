"""Grafana's dashboards: made here, written to helm/social-network/dashboards by docs/generate.py.

Of the thousand lines of a dashboard's JSON, queries, units and titles are a tenth. Those stand here.
"""

import json
from pathlib import Path

from helm.dashboards import domain, edge, flow, runtime
from helm.dashboards.grafana import rendered
from helm.dashboards.panels import Dashboard

FOLDER = Path(__file__).resolve().parent.parent / "social-network" / "dashboards"
DASHBOARDS: tuple[Dashboard, ...] = (domain.DASHBOARD, flow.DASHBOARD, edge.DASHBOARD, runtime.DASHBOARD)


def files() -> dict[Path, str]:
    """Every dashboard: its file, and its JSON."""
    return {FOLDER / f"{one.name}.json": json.dumps(rendered(one), indent=1) + "\n" for one in DASHBOARDS}
