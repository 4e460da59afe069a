"""Rows for tests, made through the acts that make them in life."""

import functools
import io
import itertools
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from django.contrib.auth.hashers import make_password
from PIL import Image as Picture

from accounts.models import User
from annotation.captions.editing import content_hash
from annotation.models import Assignment, Batch, Caption, CaptionVersion, Image, Judgment, VersionState
from annotation.rules.starting import start_project
from annotation.working.assigning import claim_assignment, finish_assignment
from annotation.working.judging import GivenEdit, GivenJudgment, record_judgment
from annotation.working.opening import open_batch
from projects.founding import set_role
from projects.models import Project, Role, Scope
from projects.storage import store_bytes
from projects.tokens import make_token

PASSWORD = "correct-horse-7"
_numbers = itertools.count(1)


@functools.cache
def _password_hash() -> str:
    """Hash PASSWORD once: hashing is slow on purpose."""
    return make_password(PASSWORD)


def make_user(name: str = "", *, is_site_admin: bool = False) -> User:
    """Return a new account that can sign in with PASSWORD."""
    name = name or f"person-{next(_numbers)}"
    make = User.objects.create_superuser if is_site_admin else User.objects.create_user
    user = make(name, display_name=name.title())
    user.password = _password_hash()
    user.save(update_fields=["password"])
    return user


def make_project(slug: str = "", *, admin: User | None = None, **settings: object) -> Project:
    """Return a new project with an admin, labels and guidelines."""
    slug = slug or f"project-{next(_numbers)}"
    project = start_project(slug=slug, name=slug.title(), admin=admin or make_user(), actor=None)
    if settings:
        Project.objects.filter(pk=project.pk).update(**settings)
        project.refresh_from_db()
    return project


def token_of(user: User, project: Project | None, *scopes: str) -> str:
    """Return the secret of a new token of a person: with all scopes of its place where none is named."""
    every = [Scope.PROJECTS] if project is None else [row for row in Scope if row != Scope.PROJECTS]
    _row, secret = make_token(user=user, project=project, name="Test", scopes=scopes or every, days=1)
    return secret


def add_member(project: Project, role: str = Role.ANNOTATOR, *, user: User | None = None) -> User:
    """Return a person with this role in the project."""
    user = user or make_user()
    set_role(project=project, user=user, role=role, actor=None)
    return user


def picture_bytes(colour: tuple[int, int, int] = (90, 120, 150), size: tuple[int, int] = (64, 48)) -> bytes:
    """Return a small real JPEG."""
    out = io.BytesIO()
    Picture.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def add_image(project: Project, key: str = "", *, content: bytes | None = None, **columns: object) -> Image:
    """Return an active image of the project with real bytes in the store."""
    number = next(_numbers)
    content = content if content is not None else picture_bytes((number % 256, 120, 150))
    with Picture.open(io.BytesIO(content)) as picture:
        width, height = picture.size
    return Image.objects.create(
        project=project,
        key=key or f"image-{number}",
        file=store_bytes(content, media_type="image/jpeg"),
        width=width,
        height=height,
        position=number,
        **columns,
    )


def add_caption(
    image: Image, text: str = "", *, key: str = "", source: str = "test", pool_rank: int = 0
) -> CaptionVersion:
    """Return the base version of a new caption in the image's pool."""
    number = next(_numbers)
    text = text or f"A caption of number {number} for the image"
    caption = Caption.objects.create(
        project_id=image.project_id,
        image=image,
        key=key or f"caption-{number}",
        verbatim=text,
        source=source,
        pool_rank=pool_rank,
    )
    return CaptionVersion.objects.create(
        project_id=image.project_id,
        image=image,
        caption=caption,
        text=text,
        content_hash=content_hash(text),
        state=VersionState.BASE,
    )


def make_batch(project: Project, images: Sequence[Image], *, overlap: int = 2, name: str = "") -> Batch:
    """Return an open batch of these images."""
    return open_batch(
        project=project, name=name or f"Batch {next(_numbers)}", images=images, overlap=overlap, actor=None
    )


def claim(batch: Batch, annotator: User) -> Assignment:
    """Return the annotator's next image."""
    assignment = claim_assignment(batch=batch, annotator=annotator)
    assert assignment is not None, "nothing was left to claim"
    return assignment


def given(version: CaptionVersion, label: str | None, **more: object) -> GivenJudgment:
    """Return a judgment as a browser would send it."""
    values: dict[str, object] = {
        "public_id": uuid.uuid4(),
        "version_public_id": version.public_id,
        "label": label,
        "sequence": next(_numbers),
        "made_at": datetime.now(UTC),
        "duration_ms": 1500,
        "mode": "key",
    }
    return GivenJudgment(**{**values, **more})  # type: ignore[arg-type]


def judge(
    assignment: Assignment, version: CaptionVersion, label: str | None, *, edit: GivenEdit | None = None
) -> Judgment | None:
    """Record a judgment by the assignment's annotator."""
    assert assignment.annotator is not None
    return record_judgment(
        assignment=assignment, annotator=assignment.annotator, given=given(version, label, edit=edit)
    )


def finish(assignment: Assignment) -> None:
    """Hand the image in."""
    assert assignment.annotator is not None
    finish_assignment(assignment=assignment, annotator=assignment.annotator)
