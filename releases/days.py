"""Times as a release gives them: the day."""

from datetime import datetime


def day_of(moment: datetime | None) -> str | None:
    """Return the day of a moment in UTC, as YYYY-MM-DD."""
    return moment.date().isoformat() if moment is not None else None
