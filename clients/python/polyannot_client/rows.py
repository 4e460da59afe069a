"""What the server tells, as named values; what a newer server tells beside them is left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

ENDED = frozenset({"done", "failed", "cancelled"})

Row = dict[str, Any]
T = TypeVar("T")


def reader(kind: Callable[..., T]) -> Callable[[Row], T]:
    """Return what makes a row of this dataclass of what the server tells; what it does not tell has its default."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return lambda row: kind(**{name: row[name] for name in names if name in row})


@dataclass(frozen=True, slots=True)
class Job:
    """Work for a worker; `result` depends on the kind."""

    id: str
    kind: str
    state: str
    items_total: int
    items_done: int
    items_failed: int
    error: str
    result: Mapping[str, Any]

    @property
    def is_ended(self) -> bool:
        """Say whether nothing will happen any more."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job; `may_ask` says whether the person of the token may ask for it."""

    kind: str
    title: str
    queue: str
    may_ask: bool


@dataclass(frozen=True, slots=True)
class JobPart:
    """A part of a job that one worker did at a time; times in ISO 8601, None before they are reached."""

    position: int
    phase: int
    state: str
    n_items: int
    attempts: int
    started_at: str | None
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered version of the data set; `sha256` is that of its file, None until it is built."""

    id: str
    number: str
    state: str
    n_images: int
    n_captions: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Study:
    """A study as it was designed; times in ISO 8601, None before they are reached."""

    id: str
    slug: str
    title: str
    state: str
    kind: str
    design: str
    target_participants: int
    seed: int
    launched_at: str | None
    closed_at: str | None


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told; `secret` is there on a webhook that was just made or got a new one, else None."""

    id: str
    name: str
    url: str
    kinds: Sequence[str]
    is_on: bool
    off_reason: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a webhook: what was sent, how often it was tried, and what was answered last."""

    id: str
    message_id: str
    kind: str
    state: str
    tries: int
    answer_status: int | None
    error: str
    body: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works in the project, or did until `ended_at`."""

    id: str
    username: str
    role: str
    joined_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """Who did what to which row when; `person` is None for what the system did by itself."""

    at: str
    person: str | None
    username: str | None
    act: str
    row_type: str
    row_id: int
    fields_changed: str


@dataclass(frozen=True, slots=True)
class Question:
    """What an annotator asked about a pair, and the answer once there is one."""

    id: str
    batch: str
    image: str
    caption: str
    version: str
    text: str
    state: str
    answer: str
    asked_at: str
    answered_at: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """What an import refused: the line is empty where it is the whole file."""

    file: str
    line: str
    reason: str


@dataclass(frozen=True, slots=True)
class JudgmentImport:
    """What an import of judgments came to, or would come to where it was a trial; raters are counted by account."""

    id: str
    job: str
    format: str
    is_trial: bool
    n_rows: int
    n_new: int
    n_there: int
    n_refused: int
    n_skips: int
    n_captions: int
    n_edits: int
    batches: Sequence[str]
    labels: Sequence[Row]
    raters: Mapping[str, int]
