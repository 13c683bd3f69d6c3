"""The one place that reads environment variables: each with its default and meaning. No Django import.

``VARIABLES`` is what ``docs/settings.md`` and ``.env.example`` are checked against.
"""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Variable:
    """A setting read from the environment; ``default`` is the text used when the variable is unset or empty."""

    name: str
    default: str
    meaning: str


# A password may hold any character, "/", "@" and "#" too, written as it is or percent-encoded: the last "@" ends it.
POSTGRES_URL = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/]*)(?::(?P<password>.*))?@)?"
    r"(?P<host>\[[^\]]*\]|[^@/:\[]*)(?::(?P<port>\d+))?/(?P<name>[^/?]*)(?:\?.*)?"
)
VARIABLES = {
    variable.name: variable
    for variable in (
        Variable("PORTAL_HOME", "var", "Folder of everything the portal keeps: database, keys, files, logs."),
        Variable("PORTAL_BIND", "127.0.0.1", "Address the web server listens on."),
        Variable("PORTAL_PORT", "8000", "Port the web server listens on."),
        Variable("PORTAL_HOSTS", "localhost,127.0.0.1,[::1]", "Host names the site answers to, comma separated."),
        Variable("PORTAL_ORIGINS", "", "Origins trusted for forms behind a proxy, such as https://ml.example.org."),
        Variable(
            "PORTAL_HTTPS", "0", "1 when a proxy in front speaks HTTPS: secure cookies, X-Forwarded-Proto trusted."
        ),
        Variable("PORTAL_PROXIES", "0", "How many proxies of yours stand in front and write X-Forwarded-For."),
        Variable("PORTAL_DEBUG", "0", "1 shows Django's debug pages. Never on a shared server."),
        Variable("PORTAL_SECRET_KEY", "", "Django's signing key. Unset: made once under PORTAL_HOME/keys."),
        Variable("PORTAL_VAULT_KEYS", "", "Fernet keys that encrypt credentials, newest first, comma separated."),
        Variable("PORTAL_WEB_THREADS", "16", "Threads of one web process; a quarter of them may wait for scoring."),
        Variable("PORTAL_AMLOCAL", "1", "1 starts the local Azure ML beside the portal; 0 leaves it out."),
        Variable("PORTAL_AMLOCAL_PORT", "8443", "Port of the local Azure ML that script/server starts."),
        Variable(
            "PORTAL_CLOUDS",
            "local",
            "Clouds to start workers for: local, AzureCloud, AzureChinaCloud, AzureUSGovernment.",
        ),
        Variable(
            "PORTAL_CA_BUNDLE", "", "Certificates the portal trusts when it calls endpoints; unset: the system's."
        ),
        Variable("DATABASE_URL", "", "postgres://user:password@host:port/name. Unset: SQLite under PORTAL_HOME."),
        Variable("REDIS_URL", "", "redis://… or redis+socket://… of the queue. Unset: script/server starts its own."),
    )
}


def text(name: str) -> str:
    """The variable's value, or its default when unset or empty. Raises KeyError for a name not declared here."""
    return os.environ.get(name, "") or VARIABLES[name].default


def is_on(name: str) -> bool:
    return text(name).lower() in {"1", "true", "yes", "on"}


def number(name: str) -> int:
    """The variable as a whole number. Raises ValueError naming the variable."""
    try:
        return int(text(name))
    except ValueError:
        raise ValueError(f"{name} must be a whole number, not {text(name)!r}") from None


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def home() -> Path:
    """The folder of the portal's state, absolute; a relative one counts from the repository."""
    return (ROOT / text("PORTAL_HOME")).resolve()


def kept_secret(name: str, file_name: str) -> str:
    """The variable's value, else a secret made once and kept (mode 0600) in ``PORTAL_HOME/keys``."""
    if given := text(name):
        return given
    path = home() / "keys" / file_name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(made := secrets.token_urlsafe(48))
    return made


def database() -> dict[str, object]:
    """Django's DATABASES["default"]. SQLite in WAL with IMMEDIATE transactions, else PostgreSQL by DATABASE_URL.

    A host that is percent-encoded (``postgres://me@%2Ftmp%2Fpg/name``) names a unix socket's folder.
    """
    if url := text("DATABASE_URL"):
        parts = POSTGRES_URL.fullmatch(url)
        if parts is None:
            raise ValueError("DATABASE_URL must look like postgres://user:password@host:port/name")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts["name"]),
            "USER": unquote(parts["user"] or ""),
            "PASSWORD": unquote(parts["password"] or ""),
            "HOST": unquote(parts["host"].strip("[]")),
            "PORT": parts["port"] or "",
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": home() / "portal.sqlite3",
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
        },
        "TEST": {"NAME": home() / "test.sqlite3"},
    }
