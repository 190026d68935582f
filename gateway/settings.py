"""Django settings of the gateway, which has no database, no sessions and no admin."""

from config.settings import *  # noqa: F403 -- Django's way to share settings

SERVICE = "gateway"
REGISTRY_NAME = "EDGE-SERVICE"

DATABASES = {}
INSTALLED_APPS = ["service", "gateway"]
# Only for what Django answers here itself; what is passed on to the services never comes by.
MIDDLEWARE = [
    "service.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = []
ROOT_URLCONF = "gateway.urls"
