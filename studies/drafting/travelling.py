"""A study's design as one value, which is told of any study and given to a draft or a new study of any project."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Encoder
from polyannot.kernel.errors import Invalid
from projects.models import Project
from studies.drafting.building import DRAFT_FIELDS, create_study, locked_draft, revise_study, write_text
from studies.drafting.candidates import encoders_of
from studies.drafting.declaring import AskedSet, add_sets, remove_set
from studies.drafting.graded_fields import FIT_ONLY, GRADED_ONLY
from studies.forms import StudyForm
from studies.models import PairSet, Study


class DesignInvalid(Invalid):
    """Fields of a design that make no sense; `fields` has what is wrong with each by its name."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        super().__init__("design_invalid", _("Some fields of the design make no sense; nothing was changed."))
        self.fields = {name: list(told) for name, told in fields.items()}


@dataclass(frozen=True)
class NamedEncoder:
    """A model by name; with `weights_sha256` that very one, else the newest of this name."""

    name: str
    weights_sha256: str = ""


@dataclass(frozen=True)
class GivenDesign:
    """What somebody gives of a design; what is left out stays as it is.

    `fields` by name, among them `encoder` as a NamedEncoder or None; `texts` in Markdown by kind; `sets` are all the
    declared sets, None where they stay.
    """

    fields: Mapping[str, Any]
    texts: Mapping[str, str]
    sets: Sequence[AskedSet] | None = None


def fields_of(study: Study) -> list[str]:
    """Return the fields that a study of this kind has, in the order of the builder."""
    others = FIT_ONLY if study.is_graded else GRADED_ONLY
    return [name for name in DRAFT_FIELDS if name not in others]


def told_set(row: PairSet) -> AskedSet:
    """Return a stored set as it would be asked for again."""
    return AskedSet(row.name, row.difficulty, row.at_least, row.below, "\n".join(row.captions))


def create_with_design(
    *, project: Project, title: str, kind: str, given: GivenDesign, actor: User | None
) -> Study:
    """Create a draft whose design is what is given, and for the rest what fits the project.

    Raises as `create_study` and `take_design` do; no study is kept then.
    """
    with transaction.atomic():
        study = create_study(project=project, title=title, kind=kind, actor=actor)
        return take_design(study=study, given=given, actor=actor)


def take_design(*, study: Study, given: GivenDesign, actor: User | None) -> Study:
    """Let a draft have what is given of a design; sets that are given take the place of all that it declares.

    Raises DesignInvalid for a field that makes no sense, that this kind of study lacks, or an encoder that the project
    has no similarities of; Conflict once the study is launched; and as `write_text` and `add_sets` do. Nothing is kept
    then.
    """
    with transaction.atomic():
        draft = locked_draft(study)
        draft = revise_study(study=draft, actor=actor, values=_checked(draft, given.fields).cleaned_data)
        for kind, markdown in given.texts.items():
            write_text(study=draft, kind=kind, markdown=markdown, actor=actor)
        if given.sets is not None:
            _declare(draft, given.sets, actor)
    return draft


def tried_study(study: Study, fields: Mapping[str, Any]) -> Study:
    """Return the draft as it would be with these fields, unsaved. Raises DesignInvalid as `take_design` does."""
    tried: Study = _checked(study, fields).instance
    return tried


def _checked(study: Study, fields: Mapping[str, Any]) -> StudyForm:
    """Return the builder's form, sound, with the study's fields and the given ones in their place."""
    known = fields_of(study)
    if unknown := set(fields) - set(known):
        told = _("A study of this kind has no such field.")
        raise DesignInvalid({name: [told] for name in sorted(unknown)})
    values = {name: getattr(study, name) for name in known} | dict(fields)
    if "encoder" in values:
        values["encoder"] = _encoder(study.project, values["encoder"])
    form = StudyForm(
        {name: "" if value is None else value for name, value in values.items()},
        instance=Study.objects.select_related("project", "encoder").get(pk=study.pk),
    )
    if "encoder" in values and values["encoder"] is None and study.encoder_id is None:
        del form.fields["encoder"]  # a project without similarities: launching says that they are missing
    if not form.is_valid():
        raise DesignInvalid({name: [str(told) for told in errors] for name, errors in form.errors.items()})
    return form


def _encoder(project: Project, named: object) -> int | None:
    if isinstance(named, Encoder):
        return int(named.pk)
    if not isinstance(named, NamedEncoder):
        return None
    found = encoders_of(project).filter(name=named.name)
    if named.weights_sha256:
        found = found.filter(weights_hash=named.weights_sha256)
    encoder = found.first()
    if encoder is None:
        raise DesignInvalid(
            {
                "encoder": [
                    _("This project has no similarities of the model “%(name)s”.") % {"name": named.name}
                ]
            }
        )
    return int(encoder.pk)


def _declare(draft: Study, wanted: Sequence[AskedSet], actor: User | None) -> None:
    """Make the declared sets the wanted ones, in their order; sets that are the same already are left alone."""
    rows = list(draft.pair_sets.order_by("pk"))
    if [_same(told_set(row)) for row in rows] == [_same(asked) for asked in wanted]:
        return
    for row in rows:
        remove_set(study=draft, name=row.name, actor=actor)
    for asked in wanted:
        add_sets(study=draft, asked=asked, actor=actor)


def _same(asked: AskedSet) -> tuple[object, ...]:
    keys = sorted(set(asked.captions.splitlines()))
    return asked.name, asked.difficulty, asked.at_least, asked.below, tuple(keys)
