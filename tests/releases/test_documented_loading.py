"""The examples of docs/formats.md run as they stand, in the folder of a release."""

import re
import zipfile
from pathlib import Path
from typing import Any

import datasets
import pytest

from tests.releases.releasing import Small, saved

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"


def test_every_python_example_runs_in_the_folder_of_a_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Small()
    with zipfile.ZipFile(saved(small.release("1.0.0", with_shards=True), tmp_path)) as bundle:
        bundle.extractall(tmp_path / "release")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.chdir(tmp_path / "release")
    told: dict[str, Any] = {}
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), told)
    assert len(examples) == 7
    assert told["first"] == told["rows"][0]["text"] == small.versions[0].text
    assert len(told["captions"]) == 6
    assert told["agree"].shape == (7, 2)
    assert [sample["__key__"] for sample in told["samples"]] == ["000000000"]
    assert told["of_first_image"] == [1, 2, 3]
