"""Django settings of the gateway, which has no database, no sessions and no admin."""

from typing import Any

from config.settings import *  # noqa: F403 -- Django's way to share settings

SERVICE = "gateway"
REGISTRY_NAME = "EDGE-SERVICE"

DATABASES: dict[str, Any] = {}
INSTALLED_APPS = ["service", "gateway"]
# Only for what Django answers here itself; what is passed on to the services never comes by.
MIDDLEWARE = [
    "service.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = []
ROOT_URLCONF = "gateway.urls"
