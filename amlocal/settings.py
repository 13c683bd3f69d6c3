"""Where amlocal keeps things, what it listens on and how it behaves, read once from `AMLOCAL_*` variables. No other
file reads them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PROFILES = ("default", "least-kind")
ENVIRONMENTS = ("relaxed", "strict", "given")
# Whether a job gets the MLflow of Azure\'s images above a newer one of the given Python, or the given one.
MLFLOWS = ("azure", "given")
CLOUD = "local"
SHORTEST_SECRET = 32
SHORTEST_GIVEN = 16


class SettingsError(Exception):
    """A setting that cannot work, told in one sentence."""


@dataclass(frozen=True)
class Settings:
    home: Path
    bind: str
    port: int
    public_url: str
    secret: str
    is_controlled: bool
    profile: str
    pace: str
    time_scale: float
    subscription: str
    group: str
    workspace: str
    region: str
    scoring_python: str
    job_python: str
    environments: str
    mlflow: str
    offline: Path | None
    quotas: Mapping[str, int]

    def __repr__(self) -> str:
        return f"Settings(home={str(self.home)!r}, public_url={self.public_url!r}, profile={self.profile!r})"

    @property
    def netloc(self) -> str:
        return urlsplit(self.public_url).netloc

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def own_host(self) -> str:
        """Where this machine itself reaches it, as a URL has it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104 - read, not bound
        return f"[{host}]" if ":" in host else host

    @property
    def is_path_style(self) -> bool:
        """Blob URLs carry the account in the path: azure-storage-blob allows that for these two hosts only."""
        return self.public_host in ("localhost", "127.0.0.1")

    @property
    def is_least_kind(self) -> bool:
        return self.profile == "least-kind"

    @property
    def storage_suffix(self) -> str:
        """What the SDK puts behind `{account}.blob.` to reach a datastore."""
        if self.is_path_style:
            return "core.local"
        port = urlsplit(self.public_url).port
        return f"core.local:{port}" if port and port != 443 else "core.local"

    def account_name(self, account: str) -> str:
        """A storage account as datastores name it, so that `https://{name}.blob.{suffix}` leads back here."""
        return f"{self.netloc}/{account}" if self.is_path_style else account

    def blob_url(self, account: str) -> str:
        return f"https://{self.account_name(account)}.blob.{self.storage_suffix}"

    @property
    def client_secret(self) -> str:
        """What a client shows to get tokens and to use /_amlocal. Made from the secret, which itself never leaves the
        server."""
        return hmac.new(self.secret.encode(), b"client", hashlib.sha256).hexdigest()

    @property
    def ca_bundle(self) -> Path:
        return self.home / "tls" / "ca-bundle.pem"

    def at_port(self, port: int) -> Settings:
        """The same settings once port 0 has become a real one."""
        url = f"https://localhost:{port}" if urlsplit(self.public_url).port == 0 else self.public_url
        return replace(self, port=port, public_url=url)

    def at_url(self, url: str) -> Settings:
        """The same settings as the running server has them."""
        return replace(self, public_url=url)


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings and make the home folder and its secret if they are missing. Raises SettingsError."""
    home = Path(environ.get("AMLOCAL_HOME") or ".amlocal").absolute()
    bind = environ.get("AMLOCAL_BIND") or "127.0.0.1"
    port = _number(environ, "AMLOCAL_PORT", 8443)
    if not 0 <= port <= 65535 or port != int(port):
        raise SettingsError(f"AMLOCAL_PORT is {port:g}; it can be 0 to 65535.")
    given_secret = environ.get("AMLOCAL_SECRET", "")
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as exc:
        raise SettingsError(f"AMLOCAL_HOME {home} cannot be a folder ({exc.strerror}).") from exc
    if bind not in LOOPBACK and len(given_secret) < SHORTEST_GIVEN:
        raise SettingsError(
            "AMLOCAL_BIND opens amlocal to other machines: set AMLOCAL_SECRET to a long random text as well,"
            f" of {SHORTEST_GIVEN} characters at least."
        )
    profile = _choice(environ, "AMLOCAL_PROFILE", PROFILES)
    return Settings(
        home=home,
        bind=bind,
        port=int(port),
        public_url=_url(environ) or f"https://localhost:{int(port)}",
        secret=given_secret or _own_secret(home),
        is_controlled=environ.get("AMLOCAL_CONTROL", "") == "1",
        profile=profile,
        pace=environ.get("AMLOCAL_PACE") or "immediate",
        time_scale=_number(environ, "AMLOCAL_TIME_SCALE", 1),
        subscription=environ.get("AMLOCAL_SUBSCRIPTION_ID") or "00000000-0000-0000-0000-000000000001",
        group=environ.get("AMLOCAL_RESOURCE_GROUP") or "amlocal",
        workspace=environ.get("AMLOCAL_WORKSPACE") or "local",
        region=environ.get("AMLOCAL_REGION") or "eastus",
        scoring_python=environ.get("AMLOCAL_SCORING_PYTHON") or sys.executable,
        job_python=environ.get("AMLOCAL_JOB_PYTHON") or environ.get("AMLOCAL_SCORING_PYTHON") or sys.executable,
        environments=_choice(environ, "AMLOCAL_ENV", ENVIRONMENTS),
        mlflow=_choice(environ, "AMLOCAL_MLFLOW", MLFLOWS),
        quotas=_read_quotas(environ.get("AMLOCAL_QUOTAS", "")),
        offline=_folder(environ, "AMLOCAL_OFFLINE"),
    )


def _read_quotas(text: str) -> dict[str, int]:
    """`cores=8,endpoints=3`; which names there are is known by arm/quotas.py."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not all(number.strip().isdecimal() for _, _, number in pairs):
        raise SettingsError(f"AMLOCAL_QUOTAS is {text!r}; it must be such as cores=8,endpoints=3.")
    return {name.strip(): int(number) for name, _, number in pairs}


def _choice(environ: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The first choice is the default."""
    text = environ.get(name) or choices[0]
    if text not in choices:
        raise SettingsError(f"{name} is {text!r}; it can be {' or '.join(choices)}.")
    return text


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name)
    if text and not Path(text).is_dir():
        raise SettingsError(f"{name} is {text!r}; there is no such folder.")
    return Path(text).absolute() if text else None


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name) or str(default)
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; it must be a number.") from None


def _url(environ: Mapping[str, str]) -> str:
    text = (environ.get("AMLOCAL_PUBLIC_URL") or "").rstrip("/")
    if text and not re.fullmatch(r"https://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?", text):
        raise SettingsError(f"AMLOCAL_PUBLIC_URL is {text!r}; it must be https://HOST or https://HOST:PORT.")
    return text.lower()


def _own_secret(home: Path) -> str:
    """The random secret of this home, made once, readable by its owner only."""
    path, new = home / "secret", home / f"secret.{secrets.token_hex(8)}"
    try:
        if not path.exists():
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            # There at once and whole: a kill never leaves an empty secret, and of two processes one wins.
            with contextlib.suppress(FileExistsError):
                os.link(new, path)
            new.unlink()
        found = path.read_text().strip()
    except OSError as exc:
        raise SettingsError(f"The secret in {home} cannot be read or written ({exc.strerror}).") from exc
    if len(found) < SHORTEST_SECRET:
        raise SettingsError(f"{path} has no secret in it: delete it, and amlocal makes a new one.")
    return found
