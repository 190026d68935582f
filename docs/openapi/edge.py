"""What the gateway answers itself."""

from typing import Any

from docs.openapi.answers import ALWAYS, Answer, shared, success
from docs.openapi.fields import headers
from docs.openapi.shapes import Schema, reference, several

TAG = "gateway"
# What can come of the gateway itself, whatever it is asked for.
OURS = (400, 401, 403, 413, 414, 429, 431, 500)


def operations() -> dict[str, Any]:
    """Its paths."""
    return {
        "/actuator/health": _health("gatewayHealth", "UP once the gateway has heard of the registry."),
        "/actuator/health/liveness": _get("gatewayLiveness", "UP while the process answers.", _up("It is alive.")),
        "/actuator/health/readiness": _readiness(),
        "/actuator/gateway/routes": _get(
            "listRoutes", "The routes, as Spring Cloud Gateway tells them.", _is("All routes.", several("Route"))
        ),
    }


def health(prefix: str) -> dict[str, Any]:
    """The health of the service behind a prefix, its only path that is no view of its API."""
    found = _health(f"{prefix}Health", "UP while everything that the service cannot do without answers.")
    found["get"]["responses"] = shared(*ALWAYS) | found["get"]["responses"]
    return found


def _readiness() -> dict[str, Any]:
    """Down is told as such, too."""
    told = _is("Which services can be reached.", reference("Readiness"))
    description = "UP while the gateway is; of each service, to how many instances requests go."
    return {"get": _operation("gatewayReadiness", description, {"200": told, "503": told})}


def _health(name: str, description: str) -> dict[str, Any]:
    """Health is told as such, up or down; a problem comes where nobody is there to tell."""
    up = {"200": _up("It is up."), "503": _up("It is down, or nobody is there.")}
    up["503"]["content"]["application/problem+json"] = {"schema": reference("Problem")}
    return {"get": _operation(name, description, up)}


def _get(name: str, description: str, answer: Answer) -> dict[str, Any]:
    return {"get": _operation(name, description, {"200": answer})}


def _operation(name: str, description: str, answers: dict[str, Answer]) -> dict[str, Any]:
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return {
        "operationId": name,
        "summary": spaced[0].upper() + spaced[1:],
        "description": description,
        "tags": [TAG],
        "responses": {**shared(*OURS), **answers},
    }


def _up(description: str) -> Answer:
    return _is(description, reference("Health"))


def _is(description: str, schema: Schema) -> Answer:
    return success(description, schema, fields=headers())
