"""Let torchvision be imported beside a CPU build of torch; import this module before open_clip or timm.

The torchvision wheel's compiled part links against CUDA libraries. Beside a CPU build of torch it does not
load, torchvision notices, and its import fails all the same, because it registers shape functions for two
operators that then do not exist. No CLIP model and no image transform uses them, so their schemas alone are
enough.
"""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from typing import Any, cast

import torch

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
# A Library takes its definitions back when it is collected: it must live as long as the process.
_kept_alive: list[Any] = []


def _compiled_part() -> Path | None:
    """Where torchvision's compiled operators lie, or None where torchvision or that file is missing."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    found = (folder / f"_C{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES)
    return next((path for path in found if path.is_file()), None)


def _compiled_part_loads() -> bool:
    library = _compiled_part()
    if library is None:
        return False
    try:
        cast("Any", torch.ops).load_library(str(library))
    except (ImportError, OSError):
        return False
    return True


def _is_defined(operator: str) -> bool:
    return hasattr(torch.ops.torchvision, operator)


def define_missing_operators() -> tuple[str, ...]:
    """Define the operator schemas that torchvision's import needs and cannot load itself; returns their
    names.

    Does nothing where torchvision is already imported, where its compiled part loads, and when called
    again.
    """
    if "torchvision" in sys.modules or _compiled_part_loads():
        return ()
    missing = tuple(name for name in _OPERATORS if not _is_defined(name))
    if missing:
        library = cast("Any", torch.library.Library)("torchvision", "FRAGMENT")
        for name in missing:
            library.define(name + _SCHEMA)
        _kept_alive.append(library)
    return missing


define_missing_operators()
