"""What can go wrong, by name."""

from typing import Any


class PolyannotError(Exception):
    """Anything that this client raises."""


class ApiError(PolyannotError):
    """The server refused: `code` is for programs, `detail` for people, `errors` names fields."""

    def __init__(self, status: int, code: str, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors


class JobFailed(PolyannotError):
    """A job ended without being done."""


class JobSlow(PolyannotError):
    """A job was still at work when the time to wait was over; it goes on."""


class ChecksumWrong(PolyannotError):
    """A file that came is not the one that the server has; nothing of it was kept."""
