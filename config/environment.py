"""The one place that reads the environment.

Every variable that a service understands stands in `SETTINGS`, with its default and its meaning; reading one that
does not is a programming error, so that the reference of settings cannot fall behind the code.
"""

import os
from dataclasses import dataclass


class InvalidSetting(Exception):
    """A variable in the environment has a value that cannot be used; the message names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One environment variable: its default as text, and what it means."""

    name: str
    default: str
    meaning: str


def _declare(*rows: tuple[str, str, str]) -> dict[str, Setting]:
    return {name: Setting(name=name, default=default, meaning=meaning) for name, default, meaning in rows}


SETTINGS = _declare(
    ("DATABASE_URL", "", "PostgreSQL of the service: `postgres://user:password@host:port/database`."),
    (
        "DATABASE_DIRECT_URL",
        "",
        "The same database without a transaction pooler between, for session locks and LISTEN; "
        "unset: `DATABASE_URL`.",
    ),
    ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092", "Brokers to begin with: `host:port,host:port`."),
    ("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."),
    ("KAFKA_SASL_MECHANISM", "", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with a SASL protocol."),
    ("KAFKA_SASL_USERNAME", "", "User of the SASL login."),
    ("KAFKA_SASL_PASSWORD", "", "Password of the SASL login."),
    ("KAFKA_SSL_CAFILE", "", "Certificate authority that the brokers' certificates are checked against."),
    ("TOPIC_PREFIX", "", "Stands before every topic's and consumer group's name, to share a broker."),
    ("TOPIC_PARTITIONS", "3", "Partitions of a topic when it is made; never changed in place."),
    ("TOPIC_REPLICATION", "1", "Copies of each partition when a topic is made."),
    ("NEO4J_BOLT_URL", "", "Graph database: `bolt://user:password@host:port` or `neo4j://…`."),
    (
        "REGISTRY_URL",
        "",
        "Service registry, `http://host:8761`, with its key `http://services:KEY@host:8761`; several separated by "
        "commas; empty: none, names come from DNS.",
    ),
    (
        "REGISTRY_KEY",
        "",
        "The registry's: the password that its clients must have, at least 32 random characters; two separated by a "
        "comma while it is replaced; empty: no password, and then it must listen on this machine only.",
    ),
    (
        "REGISTRY_NETWORKS",
        "",
        "Networks that instances may be in, for registry and gateway: `10.0.0.0/8,fd00::/8`; empty: this machine "
        "where HOST is, else the private networks.",
    ),
    ("REGISTRY_LOWEST_PORT", "1024", "The lowest port that an instance may register."),
    ("REGISTRY_LEASE_SECONDS", "15", "How long a registration lives without a renewal; renewed at a third."),
    (
        "REGISTRY_SELF_PRESERVATION",
        "1",
        "0: the registry evicts whoever does not renew, also where many of ten instances or more stop at once.",
    ),
    (
        "USER_SERVICE_URL",
        "http://users:8120",
        "Users service, where there is no registry; where it is set, the gateway uses it until a registry has "
        "answered.",
    ),
    ("FRIEND_SERVICE_URL", "http://friends:8100", "The same of the friends service."),
    (
        "RECOMMENDATION_SERVICE_URL",
        "http://recommendations:8110",
        "The same of the recommendations service.",
    ),
    ("HOST", "127.0.0.1", "Address to listen on, and the one that is registered."),
    ("PORT", "8000", "Port to listen on, and the one that is registered."),
    (
        "METRICS_PORT",
        "0",
        "Port of the metrics of a gateway, relay, consumer or projector, at `HOST`; 0: none. Other web servers have "
        "theirs at their own port.",
    ),
    ("WEB_PROTOCOL", "wsgi", "wsgi: threads serve requests; asgi: an event loop does (the gateway)."),
    ("WEB_WORKERS", "1", "Web worker processes of the service."),
    ("WEB_THREADS", "8", "Threads of each web worker: the most requests that it serves at a time."),
    (
        "FEED_STREAMS",
        "4",
        "Streams of the event feed that each web worker has open at a time, at most all but one of its threads.",
    ),
    ("SECRET_KEY", "", "Signs admin sessions; at least 50 random characters where others can reach the service."),
    ("TLS", "0", "1: clients come over HTTPS; cookies are secure, HSTS is on, the admin redirects to HTTPS."),
    ("ALLOWED_HOSTS", "*", "Host names that the service answers to, separated by commas."),
    ("RUN_DIR", "", "Folder for the service's run files (locks, heartbeats, metrics); empty: the temporary folder."),
    ("LOG_FORMAT", "text", "text: for a terminal; json: one object a line."),
    ("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "Where spans go, over OTLP in HTTP: `http://collector:4318`; empty: nowhere. The SDK of OpenTelemetry reads "
        "other variables of its specification itself (`OTEL_TRACES_SAMPLER`, …).",
    ),
    ("OTEL_SERVICE_NAME", "", "What the service is called in traces; empty: by its settings module."),
    (
        "CONSISTENCY_WAIT_SECONDS",
        "30",
        "The longest that a read waits for what its `Consistency-Token` names; the gateway waits so much longer.",
    ),
    ("GATEWAY_TIMEOUT_SECONDS", "10", "How long the gateway waits for an instance's answer before it says 504."),
    (
        "GATEWAY_TIMEOUTS",
        "",
        "The same for single routes: `recommendation-service=20,user-service=5`.",
    ),
    (
        "GATEWAY_RATE_LIMIT",
        "",
        "Requests that each client has at a gateway: `600/60`, so many at once and as many again in so many seconds; "
        "its workers share them evenly; empty: no limit.",
    ),
    (
        "GATEWAY_API_KEYS",
        "",
        "Clients that are counted by name, wherever they ask from: `name:SHA256,…`, of the key that they send as "
        "`X-API-Key`, in hexadecimal.",
    ),
    (
        "GATEWAY_TRUSTED_PROXIES",
        "",
        "Networks of proxies before the gateway whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: "
        "`10.0.0.0/8,fd00::/8`.",
    ),
    (
        "GATEWAY_CORS_ORIGINS",
        "",
        "Origins whose pages may ask the gateway: `https://app.example,https://other.example`.",
    ),
    (
        "GATEWAY_JWKS_URL",
        "",
        "Where the issuer of tokens publishes its keys, `https://…`, `http://…` or `file:///…`: clients must have a "
        "token then; empty: nobody has to say who they are.",
    ),
    ("GATEWAY_JWT_ISSUER", "", "The issuer that tokens must be of (`iss`)."),
    ("GATEWAY_JWT_AUDIENCE", "", "Whom tokens must be for (`aud`)."),
    ("GATEWAY_JWT_SKEW_SECONDS", "30", "How far the issuer's clock may be from ours."),
    (
        "INTERNAL_KEYS",
        "",
        "What the gateway and the services sign their requests to services with, at least 32 random characters; two "
        "separated by a comma while it is replaced, the first signs; empty: services believe whoever reaches them.",
    ),
    ("GATEWAY_POLL_MILLISECONDS", "2000", "How often each gateway worker asks the registry what is up."),
    (
        "GATEWAY_CONNECTIONS",
        "256",
        "Requests that the gateway has under way at an instance; as many again wait, then 503. Each of its workers "
        "has its part.",
    ),
)


def _raw(name: str, default: str | None) -> str:
    setting = SETTINGS[name]
    return os.environ.get(name, setting.default if default is None else default)


def text(name: str, default: str | None = None) -> str:
    """The variable's text; `default` (else the table's) where it is unset."""
    return _raw(name, default)


def integer(name: str, default: int | None = None) -> int:
    """The variable as a whole number. Raises InvalidSetting where it is none."""
    value = _raw(name, None if default is None else str(default))
    try:
        return int(value)
    except ValueError:
        raise InvalidSetting(f"{name} must be a whole number, not {value!r}.") from None


def flag(name: str, default: bool | None = None) -> bool:
    """The variable as yes or no: 1/true/yes/on or 0/false/no/off. Raises InvalidSetting otherwise."""
    value = _raw(name, None if default is None else str(int(default))).strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return False
    raise InvalidSetting(f"{name} must be 0 or 1, not {value!r}.")


def items(name: str, default: str | None = None) -> list[str]:
    """The variable as a list: its parts between commas, without blanks and empty ones."""
    return [part.strip() for part in _raw(name, default).split(",") if part.strip()]
