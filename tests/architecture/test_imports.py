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
# Drawing is for the default worker, which runs its jobs beside the web, never in it.
DRAWING = ("matplotlib", "pandas", "statsmodels")
FIND = "import sys; print(sorted({name.partition('.')[0] for name in sys.modules} & set(%r)))"


def loaded(statement: str, names: tuple[str, ...] = HEAVY) -> str:
    """Run a statement in a fresh process and return the heavy packages that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\n{FIND % (names,)}"],
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


@pytest.mark.parametrize("module", ["wsgi", "asgi"])
def test_the_web_draws_nothing(module: str) -> None:
    assert loaded(f"import polyannot.{module}, polyannot.urls", DRAWING) == "[]"


def test_the_check_would_notice_a_heavy_import() -> None:
    assert loaded("import sklearn") == "['sklearn']"
