"""Starting a project: what it needs before the first judgment."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotation.models import Guideline, MeasurementLevel
from annotation.rules.label_presets import IMP
from annotation.rules.label_schemas import make_schema
from polyannot.kernel.errors import Conflict
from projects.founding import create_project, set_role
from projects.history import append_event
from projects.models import Project, Role

FIRST_GUIDELINES = """\
# Guidelines

Judge each caption against the image, by itself.

- **Good**: a person who sees the image would accept the caption as a caption of it, plain or poetic.
- **Bad**: it says something that the image contradicts, or fits only by chance.
- **Unsure**: you looked, and cannot decide.

Repair a caption that is good but for its colour, number, object, person or place.
"""


def start_project(
    *,
    slug: str,
    name: str,
    admin: User,
    actor: User | None,
    description: str = "",
    guidelines: str = FIRST_GUIDELINES,
    is_demo: bool = False,
    seed: int = 0,
) -> Project:
    """Create a project with its admin, the IMP labels and a first version of the guidelines."""
    with transaction.atomic():
        project = create_project(
            slug=slug, name=name, actor=actor, description=description, is_demo=is_demo, seed=seed
        )
        set_role(project=project, user=admin, role=Role.ADMIN, actor=actor)
        make_schema(
            project=project,
            actor=actor,
            name="IMP",
            level=MeasurementLevel.NOMINAL,
            labels=IMP,
            allows_edits=True,
        )
        publish_guidelines(project=project, text=guidelines, author=actor)
    return project


def publish_guidelines(
    *,
    project: Project,
    text: str,
    author: User | None,
    change_note: str = "",
    is_major: bool = False,
    based_on: int | None = None,
) -> Guideline:
    """Publish the next version of the guidelines; earlier versions stay with the judgments made under them.

    `based_on` is the number of the version that the author began from: publishing the same text twice publishes once,
    and Conflict is raised when somebody else has published since.
    """
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        last = Guideline.objects.filter(project=project).order_by("-number").first()
        if based_on is not None and last is not None and last.number != based_on:
            if last.text == text and last.author == author:
                return last
            raise Conflict(
                "guidelines_moved_on",
                _(
                    "Version %(number)d was published in the meantime. Your text is kept below; nothing was published."
                )
                % {"number": last.number},
            )
        guideline = Guideline.objects.create(
            project=project,
            number=last.number + 1 if last else 1,
            text=text,
            author=author,
            change_note=change_note,
            is_major=is_major,
        )
        append_event(actor=author, act="guidelines_published", row=guideline, project=project)
    return guideline
