"""What a release writes in the formats of other tools can be imported again, into another project."""

import io
import json
import zipfile

import pytest

from annotation.importing.requesting import IMPORT, GivenFile, request_import
from annotation.importing.running import ImportRunner
from projects.models import Job, Project
from projects.running import register_runner, run_job
from tests import factories as make
from tests.releases.releasing import Small, opened

pytestmark = pytest.mark.django_db(transaction=True)
register_runner(IMPORT, ImportRunner())


def brought(project: Project, **given: object) -> Job:
    job = request_import(project=project, actor=None, **given)  # type: ignore[arg-type]
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done", job.error
    return job


def released(bundle: dict[str, bytes]) -> set[tuple[str, str, str]]:
    """Return key of the image, id and text of each caption whose picture is in the release."""
    name = next(name for name in bundle if name.endswith("images/metadata.jsonl"))
    rows = [json.loads(line) for line in bundle[name].splitlines()]
    return {
        (row["key"], number, text)
        for row in rows
        for number, text in zip(row["caption_ids"], row["captions"], strict=True)
    }


def came(project: Project) -> set[tuple[str, str, str]]:
    return set(project.captions.values_list("image__key", "source_key", "verbatim"))


def zipped(files: dict[str, bytes]) -> list[GivenFile]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return [GivenFile("release.zip", out.getvalue())]


def pictures(bundle: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in bundle.items() if "/images/" in f"/{name}"}


def test_the_image_folder_the_shards_and_the_coco_file_come_in_again() -> None:
    bundle = opened(Small().release("1.0.0", with_shards=True))
    expected = released(bundle)
    assert expected
    folder, shards, coco = (make.make_project() for _format in range(3))
    of_folder = brought(folder, images=zipped(pictures(bundle)))
    shard = next(name for name in bundle if name.endswith(".tar"))
    of_shards = brought(shards, images=[GivenFile(shard, bundle[shard])])
    listed = next(name for name in bundle if name.endswith(".json") and b'"annotations"' in bundle[name])
    files = {name: content for name, content in pictures(bundle).items() if not name.endswith(".jsonl")}
    brought(coco, images=zipped(files), captions=GivenFile("captions.json", bundle[listed]))
    assert came(folder) == came(shards) == came(coco) == expected
    assert not of_folder.failures.exists()
    assert not of_shards.failures.exists()
    image = folder.images.get(key="with-licence")
    assert (image.licence, image.attribution) == ("CC0-1.0", "Photograph: unknown, CC0.")
