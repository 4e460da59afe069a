"""The documentation builds without a warning: links lead somewhere, every page can be reached, tables are those of the
models.
"""

import subprocess
import sys
from pathlib import Path

from tools.data_model import PAGE, written

ROOT = Path(__file__).parents[2]


def test_the_pages_build_and_no_link_leads_nowhere(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stderr) == (0, "")
    assert (tmp_path / "algorithms/agreement.html").exists()


def test_the_data_model_is_that_of_the_models() -> None:
    assert PAGE.read_text(encoding="utf-8") == written(), "run python -m tools.data_model"
