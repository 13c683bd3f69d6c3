"""Inputs that lie outside of this amlocal: a file at any URL, or a folder of a public blob container, which can be
listed without a key. A folder of copies is looked at first, for places without a network. What came from a network is
not kept: it may be different tomorrow."""

from __future__ import annotations

import html
import ipaddress
import re
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

SECONDS = 60
# Where clouds keep the secrets of the machine that asks.
_METADATA_HOSTS = ("metadata.google.internal", "metadata.azure.internal", "168.63.129.16")
_NAME = re.compile(r"<Name>(.*?)</Name>", re.DOTALL)
_MARKER = re.compile(r"<NextMarker>(.+?)</NextMarker>", re.DOTALL)


def fetch(uri: str, folder: Path, offline: Path | None = None) -> Path:
    """Puts the file or folder at http(s)://, wasb(s):// or abfs(s):// into `folder`; its path there. Where there is
    `offline/HOST/PATH`, that is taken. Raises OSError, ValueError."""
    url = to_url(uri)
    parts = urlsplit(url)
    name = PurePosixPath(unquote(parts.path)).name
    name = "data" if name in ("", "..") else name
    copy = find_copy(url, offline) if offline else None
    if copy is None:
        return _download(url, folder, name)
    if copy.is_dir():
        return Path(shutil.copytree(copy, folder / name))
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(copy, folder / name))


def find_copy(url: str, offline: Path) -> Path | None:
    """The file or folder that stands for a URL; None when there is none. Ports and queries do not count."""
    parts = urlsplit(url)
    inside = offline / (parts.hostname or "")
    copy = inside / unquote(parts.path).strip("/")
    is_safe = bool(parts.hostname) and copy.resolve().is_relative_to(inside.resolve())
    return copy if is_safe and copy.exists() else None


def _download(url: str, folder: Path, name: str) -> Path:
    parts = urlsplit(url)
    if not parts.path.endswith("/"):
        try:
            return _fetch_file(url, folder / name)
        except urllib.error.HTTPError as exc:
            if exc.code not in (400, 404) or ".blob." not in (parts.hostname or "") or parts.query:
                raise
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    container, _, prefix = unquote(parts.path).strip("/").partition("/")
    prefix = f"{prefix}/" if prefix else ""
    base = f"{parts.scheme}://{parts.netloc}/{quote(container)}"
    names = [found for found in _list(base, prefix, parts.query) if not found.endswith("/")]
    if not names:
        raise ValueError("there is nothing")
    for found in names:
        inside = target / found.removeprefix(prefix)
        if not inside.resolve().is_relative_to(target.resolve()):
            raise ValueError(f"the name {found!r} leads out of the folder")
        _fetch_file(f"{base}/{quote(found)}{'?' if parts.query else ''}{parts.query}", inside)
    return target


def to_url(uri: str) -> str:
    """`wasbs://container@account.blob…/path` as a URL, and so `abfss://container@account.dfs…/path`, whose files are
    blobs too; URLs as they are. Raises ValueError for other schemes."""
    parts = urlsplit(uri)
    if parts.scheme in ("wasb", "wasbs", "abfs", "abfss") and parts.username:
        host = (parts.hostname or "").replace(".dfs.", ".blob.")
        return f"https://{host}/{parts.username}{quote(parts.path)}"
    return uri


class _Redirects(urllib.request.HTTPRedirectHandler):
    """What a stranger's server sends on may lead to other servers, and not back into this machine."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        check(newurl)
        if _is_here(newurl) and not _is_here(req.full_url):
            raise ValueError("it leads on to an address of this machine")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_Redirects)


def check(url: str) -> None:
    """Raises ValueError for what is no web address, and for the addresses at which a cloud gives secrets to whatever
    runs on the machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("amlocal cannot read paths of this kind")
    hosts = {parts.hostname or "", *_addresses(parts.hostname or "")}
    if any(host in _METADATA_HOSTS for host in hosts) or any(_address(host).is_link_local for host in hosts):
        raise ValueError("addresses of this kind are not asked")


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(_address(found).is_loopback or _address(found).is_unspecified for found in _addresses(host))


def _addresses(host: str) -> set[str]:
    """The IP addresses of a name; none when it has none, which the download itself will tell."""
    try:
        return {str(found[4][0]).partition("%")[0] for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """A name counts as an address of no kind."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ipaddress.IPv4Address("192.0.2.1")
    return getattr(address, "ipv4_mapped", None) or address


def _fetch_file(url: str, target: Path) -> Path:
    with _open(url) as answer:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(answer, file)
    return target


def _open(url: str) -> Any:
    check(url)
    return _OPENER.open(url, timeout=SECONDS)


def _list(container: str, prefix: str, signature: str) -> Iterator[str]:
    marker = ""
    while True:
        query = urlencode({"restype": "container", "comp": "list", "prefix": prefix, "marker": marker})
        url = f"{container}?{query}{'&' if signature else ''}{signature}"
        with _open(url) as answer:
            page = answer.read().decode("utf-8-sig")
        yield from (html.unescape(name) for name in _NAME.findall(page))
        following = _MARKER.search(page)
        if following is None:
            return
        marker = html.unescape(following[1])
