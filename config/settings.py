"""Django settings that all services share. A service's own `settings.py` imports these and adds its name,
its apps and its URLs. What differs between machines comes from `config.environment`."""

import tempfile
from pathlib import Path

from config import environment
from config.databases import from_environment
from config.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
RUN_DIR = Path(environment.text("RUN_DIR") or tempfile.gettempdir())

TLS = environment.flag("TLS")
DEBUG = False
SECRET_KEY = environment.text("SECRET_KEY") or "insecure: only for a system that nobody else can reach"
ALLOWED_HOSTS = environment.items("ALLOWED_HOSTS")

DATABASES = from_environment()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING = logging_settings()

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
STATIC_URL = "static/"
# The admin's style sheets come straight from the packages: nothing to collect, nothing to mount.
WHITENOISE_USE_FINDERS = True
APPEND_SLASH = True

ADMIN_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
SHARED_APPS = ["rest_framework", "service"]

_FIRST = ["service.http_metrics.RequestMetricsMiddleware", "service.middleware.RequestContextMiddleware"]
_REST = [
    "service.deadline.DeadlineMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
MIDDLEWARE = [*_FIRST, *_REST]
# Of services that stand behind the gateway.
MIDDLEWARE_BEHIND = [*_FIRST, "service.identity.middleware.IdentityMiddleware", *_REST]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["service.parsing.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["service.rendering.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "service.rendering.OneRepresentation",
    "EXCEPTION_HANDLER": "service.exceptions.exception_handler",
    "UNAUTHENTICATED_USER": None,
}

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = TLS
# The gateway and the probes speak plain HTTP inside the cluster; people's browsers are redirected.
SECURE_REDIRECT_EXEMPT = [r"^(v1|actuator|eureka)/"]
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
X_FRAME_OPTIONS = "DENY"
