"""What ARM asks of every call before it looks at what is called: an api-version, and JSON for a body. Which versions
there are is not asked: each release of the SDK sends others."""

from __future__ import annotations

import re

from amlocal.web.http import ArmError, Request

VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z]+)?", re.IGNORECASE)


def check(request: Request) -> None:
    """Raises ArmError 400, or 415 for a body that does not say it is JSON."""
    version = request.query.get("api-version")
    if not version:
        sentence = "The api-version query parameter (?api-version=) is required for all requests."
        raise ArmError(400, "MissingApiVersionParameter", sentence)
    if not VERSION.fullmatch(version):
        sentence = f"The api-version '{version}' is invalid: it is a date, such as 2024-10-01 or 2024-10-01-preview."
        raise ArmError(400, "InvalidApiVersionParameter", sentence)
    media = request.header("Content-Type").partition(";")[0].strip()
    if request.length != 0 and not media.lower().endswith("json"):
        sentence = f"The content media type '{media or '<null>'}' is not supported."
        raise ArmError(415, "UnsupportedMediaType", f"{sentence} Only 'application/json' is supported.")
