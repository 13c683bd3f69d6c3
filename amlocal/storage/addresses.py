"""Host and port in stored text: taken out when it is written, put back when it is read. Nothing stored depends on
where amlocal listens, or on how its blobs are addressed."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Stands for host and port.
MARK = "amlocal-host.invalid"
_END = r"(?![\w.:-])"
_STORED_BLOBS = re.compile(rf"{re.escape(MARK)}/([a-z0-9]+)\.blob\.core\.local", re.IGNORECASE)


@dataclass(frozen=True)
class Addresses:
    """`netloc` is amlocal's own host and port; `suffix` (core.local:8443) is what blob hosts end in where the account
    is part of the host, "" where it is part of the path."""

    netloc: str
    suffix: str = ""

    def take_out(self, text: str) -> str:
        """Only where they stand in a URL: a resource group may have the same name as the host."""
        text = re.sub(rf"(?<=//){re.escape(self.netloc)}{_END}", MARK, text, flags=re.IGNORECASE)
        if self.suffix:
            host = rf"(?<=//)([a-z0-9]+)\.blob\.{re.escape(self.suffix)}{_END}"
            text = re.sub(host, rf"{MARK}/\1.blob.core.local", text, flags=re.IGNORECASE)
        return text

    def put_back(self, text: str) -> str:
        if self.suffix:
            text = _STORED_BLOBS.sub(rf"\1.blob.{self.suffix}", text)
        return text.replace(MARK, self.netloc)
