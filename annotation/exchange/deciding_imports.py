"""What becomes of each rating of a file: new, there already, or refused with a reason; nothing is written here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from annotation.captions.editing import LONGEST_CAPTION, checked_kinds, checked_text
from annotation.exchange.imported_labels import label_keys, labels_of_file
from annotation.exchange.imported_raters import FileRater
from annotation.exchange.matching_pairs import FoundVersion, PairsFound
from annotation.exchange.reading_judgments import GivenRating, PairNames, UnreadRating
from annotation.importing.deciding import caption_text
from annotation.models import Batch, CaptionVersion, EditKind, Judgment, LabelMeaning, LabelSchema
from annotation.rules.label_presets import GivenLabel
from polyannot.kernel.errors import Invalid

# An edit that says nothing of what it repairs.
UNTOLD_KIND = (EditKind.OTHER.value,)
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class LabelsFound:
    """The labels that a file's texts stand for: `keys` by text, the labels of the set, and whether it takes edits."""

    keys: Mapping[str, str]
    labels: Sequence[GivenLabel]
    allows_edits: bool

    def meaning(self, key: str) -> str:
        """Return the meaning of a label of the set."""
        return next(str(label.meaning) for label in self.labels if label.key == key)


def find_labels(
    schema: LabelSchema | None, ratings: Sequence[GivenRating], *, level: str, listed: str
) -> LabelsFound:
    """Return the labels of a set, or of one that is to be made from the list or the file. Raises Invalid."""
    texts = list(dict.fromkeys(row.label for row in ratings if row.is_rating))
    if schema is not None:
        labels = [
            GivenLabel(label.key, label.name, label.shortcut, label.meaning, label.color)
            for label in schema.labels.all()
        ]
        return LabelsFound(label_keys(labels, texts), labels, schema.allows_edits)
    labels = labels_of_file(texts, level=level, listed=listed)
    has_good = any(label.meaning == LabelMeaning.GOOD for label in labels)
    return LabelsFound(
        label_keys(labels, texts), labels, has_good and any(row.edited_text for row in ratings)
    )


@dataclass(frozen=True, slots=True)
class NewRating:
    """A rating to be written; `version` is None in a trial for a caption that would be made."""

    given: GivenRating
    version: FoundVersion | None
    label: str
    edited_text: str
    edit_kinds: tuple[str, ...]
    note: str


@dataclass
class Decided:
    """What becomes of a file's rows; `used` counts how often each label was given in the whole file."""

    new: list[NewRating] = field(default_factory=list)
    n_there: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    skips: list[tuple[GivenRating, FoundVersion | None]] = field(default_factory=list)
    used: Counter[str] = field(default_factory=Counter)

    @property
    def n_rows(self) -> int:
        """Return the number of rows of the file."""
        return len(self.new) + self.n_there + len(self.refused) + len(self.skips)


# A rating as it may be given once: round, account or name of the rater, version or new caption.
Mark = tuple[str, int | str, int | tuple[str, str]]


@dataclass
class Deciding:
    """What is known when a file is gone through: its pairs, raters and labels, and what earlier imports brought."""

    pairs: PairsFound
    raters: Mapping[str, FileRater]
    labels: LabelsFound
    batches: Mapping[str, Batch]
    makes_captions: bool
    texts: Mapping[int, str]
    there: dict[Mark, tuple[str, str]] = field(default_factory=dict)

    def decide(self, rows: Iterable[GivenRating | UnreadRating]) -> Decided:
        """Return what becomes of each row, in the order of the file: of two that differ the upper one stays."""
        decided = Decided()
        self.there |= self._earlier()
        for row in rows:
            if isinstance(row, UnreadRating):
                decided.refused.append((row.place, row.reason))
            elif not row.is_rating:
                decided.skips.append((row, self.pairs.versions.get(row.pair)))
            else:
                self._take(row, decided)
        return decided

    def _earlier(self) -> dict[Mark, tuple[str, str]]:
        """Return the label of each judgment that is there, and where it comes from."""
        batches = {batch.pk: name for name, batch in self.batches.items()}
        people = [rater.user.pk for rater in self.raters.values() if rater.user is not None]
        judgments = Judgment.objects.filter(batch__in=batches, annotator__in=people, is_current=True)
        before = _("an earlier import")
        return {
            (batches[batch], person, version): (label or "", before)
            for batch, person, version, label in judgments.values_list(
                "batch", "annotator", "version", "label"
            ).iterator()
        }

    def _take(self, row: GivenRating, decided: Decided) -> None:
        key = self.labels.keys.get(row.label, "")
        decided.used[key] += 1
        version = self.pairs.versions.get(row.pair)
        if reason := self._why_not(row, key, version):
            decided.refused.append((row.place, reason))
            return
        mark = self._mark(row, version)
        if mark in self.there:
            label, where = self.there[mark]
            if label == key:
                decided.n_there += 1
            else:
                decided.refused.append((row.place, self._other_label(row, label, where)))
            return
        try:
            new = self._new(row, key, version)
        except Invalid as error:
            decided.refused.append((row.place, str(error.message)))
            return
        self.there[mark] = (key, row.place)
        decided.new.append(new)

    def _why_not(self, row: GivenRating, key: str, version: FoundVersion | None) -> str:
        if not key:
            names = ", ".join(label.name for label in self.labels.labels)
            return _("The label %(label)s is not in the set; it has: %(names)s.") % {
                "label": row.label[:60],
                "names": names,
            }
        if version is not None:
            return ""
        if self.makes_captions and row.pair in self.pairs.can_be_made:
            text = caption_text(row.pair.text)
            return (
                "" if 0 < len(text) <= LONGEST_CAPTION else _("The caption has no text, or too much of it.")
            )
        return self.pairs.reasons.get(row.pair, _("There is no such pair in this project."))

    def _mark(self, row: GivenRating, version: FoundVersion | None) -> Mark:
        rater = self.raters[row.rater]
        who: int | str = rater.user.pk if rater.user is not None else row.rater
        what = version.pk if version else (self.pairs.can_be_made[row.pair], caption_text(row.pair.text))
        return (row.round, who, what)

    def _other_label(self, row: GivenRating, label: str, where: str) -> str:
        # Nobody is named: the line of the file says who it was, and reasons stay when an account is erased.
        return _("This rater answered %(label)s to this pair already (%(where)s); that answer stays.") % {
            "label": label or "–",
            "where": where,
        }

    def _new(self, row: GivenRating, key: str, version: FoundVersion | None) -> NewRating:
        """Return the rating as it will be written; a text beside a label that is not good is a note."""
        text = caption_text(row.edited_text)
        base = self.texts.get(version.pk, "") if version else caption_text(row.pair.text)
        if not text or text == base:
            return NewRating(row, version, key, "", (), row.note[:LONGEST_NOTE])
        if not self.labels.allows_edits or self.labels.meaning(key) != LabelMeaning.GOOD:
            note = "\n".join(part for part in (row.note, text) if part)
            return NewRating(row, version, key, "", (), note[:LONGEST_NOTE])
        kinds = tuple(checked_kinds(row.edit_kinds or UNTOLD_KIND))
        if version is not None:
            text = checked_text(parent=CaptionVersion.objects.get(pk=version.pk), text=text)
        return NewRating(row, version, key, text, kinds, row.note[:LONGEST_NOTE])


def pairs_named(rows: Iterable[GivenRating | UnreadRating]) -> list[PairNames]:
    """Return the pairs of a file's ratings and skips, each once."""
    return list(dict.fromkeys(row.pair for row in rows if isinstance(row, GivenRating)))
