"""`python -m polyannot.embedded keep NAME HOME`: be the keeper of one server (polyannot starts it itself)."""

import os
import sys
from pathlib import Path

from polyannot.embedded.keeper import keep

USAGE = 2


def main(arguments: list[str]) -> int:
    """Keep the named server of the named home and return the exit status."""
    match arguments:
        case ["keep", ("postgres" | "valkey") as name, home]:
            os.chdir("/")
            return keep(name, Path(home))
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return USAGE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
