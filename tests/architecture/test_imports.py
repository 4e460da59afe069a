"""What a process loads: the web and the default worker stay light, whatever lies in the same installation."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "datasets",
    "faiss",
    "ml_workers",
    "mlcroissant",
    "open_clip",
    "sklearn",
    "spacy",
    "timm",
    "torch",
    "torchvision",
    "transformers",
    "umap",
    "webdataset",
)
FIND = "import sys; print(sorted({name.partition('.')[0] for name in sys.modules} & set(%r)))"


def loaded(statement: str) -> str:
    """Run a statement in a fresh process and return the heavy packages that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\n{FIND % (HEAVY,)}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "statement",
    [
        "import polyannot.wsgi, polyannot.urls",
        "import polyannot.asgi, polyannot.urls",
        "from polyannot.celery import app; app.loader.import_default_modules(); app.tasks",
    ],
    ids=["wsgi", "asgi", "default worker"],
)
def test_the_web_and_the_default_worker_load_no_model_library(statement: str) -> None:
    assert loaded(statement) == "[]"


def test_the_check_would_notice_a_heavy_import() -> None:
    assert loaded("import sklearn") == "['sklearn']"
