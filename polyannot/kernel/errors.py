"""The errors that acts raise; one place turns them into pages, one into API answers."""

from typing import ClassVar

from django.utils.functional import Promise


class DomainError(Exception):
    """A request that polyannot understood and refuses; `code` is for programs, `message` for people.

    `message` says what happened, what was kept and what to do.
    """

    status: ClassVar[int] = 400

    def __init__(self, code: str, message: str | Promise) -> None:
        super().__init__(code)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Invalid(DomainError):
    """The values given make no sense together."""

    status = 422


class Denied(DomainError):
    """The person may not do this."""

    status = 403


class Missing(DomainError):
    """There is no such row, or none that this person may know of."""

    status = 404


class Conflict(DomainError):
    """The row has moved on since the person saw it."""

    status = 409
