"""Django settings of the gateway, which has no database, no sessions and no admin."""

from config.settings import *  # noqa: F403 -- Django's way to share settings

SERVICE = "gateway"
REGISTRY_NAME = "EDGE-SERVICE"

DATABASES = {}
INSTALLED_APPS = ["service", "gateway"]
# Only for what Django answers here itself; what is passed on to the services never comes by.
MIDDLEWARE = [
    "service.middleware.RequestContextMiddleware",
    "gateway.middleware.ContentLengthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = []
# Nobody stands before us whose headers would be believed: whether a request came over TLS says the ASGI scope.
SECURE_PROXY_SSL_HEADER = None  # type: ignore[assignment]  # as shared settings have it, it is never None
ROOT_URLCONF = "gateway.urls"
