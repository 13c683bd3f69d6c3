"""What an exception of a step means: a code and params for ``ops.messages``, and whether and when to try again."""

import logging
import re
import traceback
import uuid
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

from django.db import OperationalError

from ops.azure import errors as azure_errors
from ops.engine.limits import TooSlow
from ops.errors import OpsError

logger = logging.getLogger(__name__)
LONGEST_BACK_OFF_SECONDS = 60.0
# A like operation under way on the same endpoint answers 409 for a while, about half a minute of tries.
CONFLICT_ATTEMPTS = 5
_random = SystemRandom()
CODES: dict[type[azure_errors.AzureError], str] = {
    azure_errors.AzureUnreachable: "azure:unreachable",
    azure_errors.AzureThrottled: "azure:throttled",
    azure_errors.AzureDenied: "azure:denied",
    azure_errors.AzureNotFound: "azure:not_found",
    azure_errors.AzureConflict: "azure:conflict",
    azure_errors.AzureRejected: "azure:rejected",
    azure_errors.AzureFailed: "azure:failed",
}
SIGNATURE = re.compile(r"(sig=)[^&\s'\"]+")


@dataclass(frozen=True)
class Failure:
    """``attempts`` is how many tries this kind gets: 1 none more, None as many as fit before the deadline."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    attempts: int | None = 1
    retry_after: float | None = None

    def is_retried(self, tries: int) -> bool:
        """Whether to try once more after ``tries`` tries."""
        return self.attempts is None or tries < self.attempts

    def delay_seconds(self, tries: int) -> float:
        """Full seconds Azure asked for, never less; else exponential back-off. Both with jitter."""
        if self.retry_after is not None:
            return self.retry_after + _random.uniform(0, min(5.0, 0.1 * self.retry_after))
        return min(LONGEST_BACK_OFF_SECONDS, 2.0 ** min(tries, 10)) * _random.uniform(0.5, 1.0)


def classify(error: BaseException, attempts: int) -> Failure:
    """The failure behind ``error``; ``attempts`` bounds an unanswered call's tries. Logs the unexpected."""
    match error:
        case azure_errors.AzureThrottled():
            return Failure(*_of_azure(error), attempts=None, retry_after=error.retry_after)
        case azure_errors.AzureConflict():
            return Failure(*_of_azure(error), attempts=CONFLICT_ATTEMPTS)
        case azure_errors.AzureError():
            return Failure(*_of_azure(error), attempts=attempts if error.retryable else 1)
        case OpsError():
            return Failure(error.code, error.params)
        case TooSlow():
            return Failure("ops:too_slow", attempts=attempts)
        case OperationalError():
            return Failure("ops:database_busy", attempts=attempts)
    reference = uuid.uuid4().hex[:12]
    story = "".join(traceback.format_exception(error))
    logger.error("unexpected failure, reference %s\n%s", reference, SIGNATURE.sub(r"\1…", story))
    return Failure("ops:generic", {"reference": reference})


def _of_azure(error: azure_errors.AzureError) -> tuple[str, dict[str, Any]]:
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), "azure:failed")
    return code, {"azure_code": error.code, "message": error.message, "request_id": error.request_id}
