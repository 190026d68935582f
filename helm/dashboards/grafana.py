"""A dashboard as Grafana's JSON (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/).

The data source is a variable too, so that a dashboard works wherever it is imported.
"""

from collections.abc import Iterator
from typing import Any

from helm.dashboards.panels import Dashboard, Panel, Row, Variable

# Of the JSON model; newer Grafanas bring it up by themselves.
SCHEMA_VERSION = 39
COLUMNS, HEIGHT, STAT_HEIGHT = 24, 8, 4
SOURCE = {"type": "prometheus", "uid": "${source}"}
Json = dict[str, Any]


def rendered(dashboard: Dashboard) -> Json:
    """The dashboard as Grafana imports it."""
    return {
        "uid": f"social-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.meaning,
        "tags": ["social-network"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "15s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "links": [_links()],
        "templating": {"list": [_source(), *map(_variable, dashboard.variables)]},
        "panels": list(_laid_out(dashboard.rows)),
    }


def _links() -> Json:
    """A menu of the other dashboards."""
    menu: Json = {"type": "dashboards", "title": "Social network", "asDropdown": True}
    return menu | {"tags": ["social-network"], "keepTime": True, "includeVars": False}


def _source() -> Json:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0}


def _variable(variable: Variable) -> Json:
    return {
        "name": variable.name,
        "label": variable.name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _laid_out(rows: tuple[Row, ...]) -> Iterator[Json]:
    """Rows from top to bottom, panels from left to right."""
    number = top = 0
    for row in rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "gridPos": _place(0, top, COLUMNS, 1), "panels": []}
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left, height = top + height, 0, 0
            number += 1
            height = max(height, _height(panel))
            yield {"id": number, "gridPos": _place(left, top, panel.width, _height(panel)), **_panel(panel)}
            left += panel.width
        top += height


def _height(panel: Panel) -> int:
    return STAT_HEIGHT if panel.kind == "stat" else HEIGHT


def _place(left: int, top: int, width: int, height: int) -> Json:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel) -> Json:
    defaults: Json = {"unit": panel.unit, "min": 0}
    if panel.most is not None:
        defaults["max"] = panel.most
    if panel.kind == "timeseries":
        defaults["custom"] = _lines(panel)
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": SOURCE,
        "targets": [_target(number, panel) for number in range(len(panel.queries))],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": OPTIONS[panel.kind](panel),
    }


def _lines(panel: Panel) -> Json:
    stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
    return {"lineWidth": 1, "fillOpacity": 25 if panel.stacked else 8, "showPoints": "never", "stacking": stacking}


def _target(number: int, panel: Panel) -> Json:
    one = panel.queries[number]
    target: Json = {"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": one.expr}
    target |= {"legendFormat": one.legend, "range": True, "instant": False}
    return target | ({"format": "heatmap"} if panel.kind == "heatmap" else {})


def _of_lines(panel: Panel) -> Json:
    legend = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _of_number(panel: Panel) -> Json:
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    return {"graphMode": "area", "colorMode": "value", "textMode": "auto", "reduceOptions": reduced}


def _of_buckets(panel: Panel) -> Json:
    return {"calculate": False, "yAxis": {"unit": panel.unit}, "color": {"mode": "scheme", "scheme": "Blues"}}


OPTIONS = {"timeseries": _of_lines, "stat": _of_number, "heatmap": _of_buckets}
