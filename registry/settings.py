"""Django settings of the registry."""

from config import environment
from config.settings import *  # noqa: F403 -- Django's way to share settings
from config.settings import ADMIN_APPS, DATABASES, MIDDLEWARE, SHARED_APPS
from service import networks

SERVICE = "registry"

INSTALLED_APPS = [*ADMIN_APPS, *SHARED_APPS, "registry"]
ROOT_URLCONF = "registry.urls"
# One host, several admins: a login in one must not end the login in another.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "registry-session", "registry-csrf"

# After the request's context and the redirect to HTTPS, before everything that answers.
MIDDLEWARE = [*MIDDLEWARE[:2], "registry.access.KeyMiddleware", *MIDDLEWARE[2:]]

# A registry has an answer without its database too, and must not wait for one that went without a word. The second is
# libpq's, in milliseconds: how long what was sent may stay unacknowledged.
DATABASES["default"]["OPTIONS"] |= {"connect_timeout": "3", "tcp_user_timeout": "5000"}

# While a key is replaced there are two.
REGISTRY_KEYS = environment.items("REGISTRY_KEY")
REGISTRY_NETWORKS = networks.from_environment()
REGISTRY_LOWEST_PORT = environment.integer("REGISTRY_LOWEST_PORT")
REGISTRY_SELF_PRESERVATION = environment.flag("REGISTRY_SELF_PRESERVATION")
