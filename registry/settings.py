"""Django settings of the registry."""

from config.settings import *  # noqa: F403 -- Django's way to share settings
from config.settings import ADMIN_APPS, SHARED_APPS

SERVICE = "registry"

INSTALLED_APPS = [*ADMIN_APPS, *SHARED_APPS, "registry"]
ROOT_URLCONF = "registry.urls"
# One host, several admins: a login in one must not end the login in another.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "registry-session", "registry-csrf"
