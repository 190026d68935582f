"""What a query names, without a parser of PromQL: promtool is what knows whether it is one."""

import re

_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_MATCHERS = re.compile(r"\{([^}]*)\}")
_NAME = re.compile(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")
_WORDS = {"or", "and", "unless", "offset", "bool"}
# What `$name` in a dashboard is, when all is chosen and Grafana scrapes every five seconds.
_VARIABLES = {"$__rate_interval": "30s", "$__range": "1h"}


def chosen(query: str) -> str:
    """The query as Grafana asks it where every variable is 'all'."""
    for name, value in _VARIABLES.items():
        query = query.replace(name, value)
    return re.sub(r"\$\w+", ".*", query)


def metrics(query: str) -> set[str]:
    """The metrics that it asks for."""
    bare = re.sub(r"\[[^\]]*\]|offset \w+|\b\d[\w.]*", "", _MATCHERS.sub("", _GROUPING.sub("", query)))
    return set(_NAME.findall(bare)) - _WORDS


def labels(query: str) -> set[str]:
    """The labels that it groups by or chooses by."""
    grouped = {label.strip() for group in _GROUPING.findall(query) for label in group.split(",") if label.strip()}
    matched = {
        name for matcher in _MATCHERS.findall(query) for name in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matcher)
    }
    return grouped | matched
