"""The reference of the Helm chart's values: what its schema says of each, and its default."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).resolve().parent.parent / "helm" / "social-network"
INTRO = """\
# Values of the Helm chart

Every value that the chart [`helm/social-network`](../../helm/social-network) knows; its schema refuses any other. The
defaults are those of `values.yaml`. `values-desktop.yaml` and `values-hyperscale.yaml` change some of them:
[deploy on Kubernetes](../how-to/deploy-on-kubernetes.md).

| value | default | meaning |
|---|---|---|
"""
# They stand in many places and mean the same in each: told once, at the end.
SHARED = {
    "workload": "A process (`services.*.web`, `relay`, `consume`, `project`)",
    "database": "A database (`databases.*`)",
    "key": "A key (`services.*.secretKey`)",
    "resources": "Resources (`*.resources`)",
}
Schema = Mapping[str, Any]


def page(made: str) -> str:
    """The whole page."""
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    defaults = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    rows = "\n".join(_rows(schema, schema, "", defaults))
    shared = "".join(_shared(schema, name, title) for name, title in SHARED.items())
    return f"{made}\n{INTRO}{rows}\n{shared}"


def _shared(schema: Schema, name: str, title: str) -> str:
    rows = "\n".join(_rows(schema, schema["$defs"][name], "", None))
    return f"\n## {title}\n\n| value | meaning |\n|---|---|\n{rows}\n"


def _rows(schema: Schema, part: Schema, path: str, defaults: Any) -> Iterator[str]:
    for name, inner in part.get("properties", {}).items():
        place, default = f"{path}{name}", defaults.get(name) if defaults is not None else None
        reference = inner.get("$ref", "").rpartition("/")[2]
        meaning = (inner.get("description") or schema["$defs"].get(reference, {}).get("description", "")).replace(
            "|", "\\\\|"
        )
        if "properties" in inner:
            yield from _rows(schema, inner, f"{place}.", default)
        elif defaults is None:
            yield f"| `{place}` | {meaning} |"
        elif name != "global":
            yield f"| `{place}` | {'' if reference in SHARED else _shown(default)} | {meaning} |"


def _shown(default: Any) -> str:
    return f"`{json.dumps(default)}`" if default not in ("", None) else ""
