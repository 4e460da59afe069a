"""Where models lie on this machine when a command is run without the application."""

import os
from pathlib import Path


def default_model_cache() -> Path:
    """MODEL_FOLDER, else `models` in POLYANNOT_HOME, else in `.polyannot` of the checkout: as the application."""
    if named := os.environ.get("MODEL_FOLDER"):
        return Path(named).expanduser().resolve()
    home = os.environ.get("POLYANNOT_HOME")
    folder = Path(home).expanduser() if home else Path(__file__).parents[1] / ".polyannot"
    return folder.resolve() / "models"
