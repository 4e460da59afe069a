"""What need not be in the log."""

import logging


class AllButHealth(logging.Filter):
    """Leaves out that /healthz answered 503: whoever asks learns it from the answer, every few seconds."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is kept."""
        request = getattr(record, "request", None)
        return getattr(request, "path", None) != "/healthz"
