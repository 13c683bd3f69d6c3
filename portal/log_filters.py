"""What the log leaves out."""

import logging

from django.core.exceptions import PermissionDenied


class NoTracebackOfTheExpected(logging.Filter):
    """A request that is refused is one line: where the refusal was raised in our code says nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the traceback from the record; let every record pass."""
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno < logging.ERROR and isinstance(error, PermissionDenied):
            record.exc_info, record.exc_text = None, None
        return True
