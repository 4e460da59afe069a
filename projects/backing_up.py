"""A backup is one tar file: what it holds in numbers, every stored file, and a dump of the database; and the way back.

The dump and the counts are of one moment, however busy the installation is. Stored files never change, so those that
the dump names are the right ones whenever they are read. Keys are not in a backup: see docs/deploy.md.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import psycopg
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from polyannot.embedded.errors import EmbeddedError
from polyannot.embedded.programs import postgres_program
from polyannot.kernel.errors import Conflict, Invalid
from projects.storage import storage_name

FORMAT = 1
MANIFEST, DUMP, FILES = "manifest.json", "database.dump", "files/"
PART = 1 << 20
# How libpq's settings are called where programs read them; a password is never an argument, which others could see.
VARIABLES = {
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "options": "PGOPTIONS",
}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: rows by table, stored files, their bytes, and the hashes of files that were not there."""

    rows: dict[str, int]
    n_files: int
    n_bytes: int
    missing: tuple[str, ...]


def _program(name: str) -> str:
    """Return pg_dump or pg_restore: the embedded one, else the one of the machine. Raises Invalid without either."""
    try:
        return str(postgres_program(name))
    except EmbeddedError:
        found = shutil.which(name)
        if found is None:
            raise Invalid(
                "program_missing",
                f"{name} is not installed: install PostgreSQL's client programs of the server's version or newer.",
            ) from None
        return found


def _run(name: str, *arguments: str) -> None:
    where = conninfo_to_dict(settings.DATABASE_URL)
    told = {VARIABLES.get(key, f"PG{key.upper()}"): str(value) for key, value in where.items() if value}
    done = subprocess.run(
        [_program(name), *arguments], env={**os.environ, **told}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-5:]
        raise Invalid("program_failed", f"{name} ended with {done.returncode}: {' '.join(said)}")


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the number of rows of every table, as the connection's transaction sees it."""
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        asked = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        counts[table] = int((connection.execute(asked).fetchone() or (0,))[0])
    return counts


def back_up(target: Path) -> Contents:
    """Write a backup of everything stored; the file appears under its name only once it is whole.

    Raises Conflict when there is such a file already, Invalid when the database cannot be dumped.
    """
    if target.exists():
        raise Conflict("backup_there", f"{target.name} is there already; nothing was written.")
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
            dump = Path(folder) / DUMP
            with psycopg.connect(settings.DATABASE_URL) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
                rows = count_rows(connection)
                files = connection.execute(
                    "SELECT sha256, size FROM projects_storedfile ORDER BY sha256"
                ).fetchall()
                _run("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={dump}")
            contents = _write(part, dump, rows, files)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return contents


def _write(part: Path, dump: Path, rows: dict[str, int], files: list[tuple[str, int]]) -> Contents:
    there = [(content, size) for content, size in files if default_storage.exists(storage_name(content))]
    missing = tuple(sorted({content for content, _size in files} - {content for content, _size in there}))
    contents = Contents(rows, len(there), sum(size for _content, size in there), missing)
    manifest = {
        "format": FORMAT,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": rows,
        "files": contents.n_files,
        "bytes": contents.n_bytes,
        "missing": missing,
        "dump_sha256": _sha256(dump),
    }
    with tarfile.open(part, "w") as archive:
        _add(archive, MANIFEST, io.BytesIO(told := json.dumps(manifest, indent=2).encode()), len(told))
        for content, size in there:
            with default_storage.open(storage_name(content), "rb") as stored:
                _add(archive, f"{FILES}{content}", stored, size)
        with dump.open("rb") as dumped:
            _add(archive, DUMP, dumped, dump.stat().st_size)
    return contents


def _add(archive: tarfile.TarFile, name: str, source: Any, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    archive.addfile(entry, source)


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def restore(source: Path) -> Contents:
    """Bring a backup into an installation that holds nothing yet; return what was brought, counted and checked.

    Stored files come first, each checked against its hash; the database last, in one transaction: when anything is
    wrong the database stays as it was, and the restore can be begun again. Raises Conflict where there are projects or
    somebody is connected, Invalid for a file that is damaged or no backup.
    """
    _must_be_empty()
    try:
        with tempfile.TemporaryDirectory(dir=source.parent, prefix=".restore-") as folder:
            with tarfile.open(source, "r|*") as archive:
                manifest, dump = _unpacked(archive, Path(folder))
            _run(
                "pg_restore",
                *("--dbname", str(conninfo_to_dict(settings.DATABASE_URL)["dbname"])),
                *("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"),
                str(dump),
            )
    except (tarfile.TarError, EOFError, KeyError, ValueError) as error:
        raise Invalid(
            "backup_damaged", f"{source.name} is damaged or no backup; the database is as it was."
        ) from error
    with closing(psycopg.connect(settings.DATABASE_URL)) as connection:
        rows = count_rows(connection)
    counted = manifest["rows"]
    differing = sorted(table for table in rows | counted if rows.get(table) != counted.get(table))
    if differing:
        raise Invalid(
            "counts_differ", f"Restored, but these tables hold other numbers of rows: {', '.join(differing)}."
        )
    return Contents(rows, manifest["files"], manifest["bytes"], tuple(manifest["missing"]))


def _must_be_empty() -> None:
    with closing(psycopg.connect(settings.DATABASE_URL)) as connection:
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone() or (0,)
        if others[0]:
            raise Conflict(
                "in_use",
                f"{others[0]} others are connected to this database: stop the web server, the workers and the"
                " scheduler first; nothing was changed.",
            )
        (table,) = connection.execute("SELECT to_regclass('projects_project')").fetchone() or (None,)
        if table is None:
            return
        if connection.execute("SELECT 1 FROM projects_project LIMIT 1").fetchone() is not None:
            raise Conflict(
                "not_empty",
                "There are projects here already; restore into a new installation. Nothing was changed.",
            )


def _unpacked(archive: tarfile.TarFile, folder: Path) -> tuple[Mapping[str, Any], Path]:
    """Store the files of a backup and return what it says of itself and its dump, both checked."""
    manifest: dict[str, Any] = {}
    dump, n_files = folder / DUMP, 0
    for entry in archive:
        content = archive.extractfile(entry)
        if content is None:
            continue
        if entry.name == MANIFEST:
            manifest = json.load(content)
            if manifest["format"] != FORMAT:
                raise Invalid("backup_of_later", "The backup was written by another version of polyannot.")
        elif entry.name == DUMP:
            with dump.open("wb") as out:
                shutil.copyfileobj(content, out, PART)
        elif entry.name.startswith(FILES):
            _keep(content, entry.name.removeprefix(FILES), folder)
            n_files += 1
    if n_files != manifest["files"] or not dump.exists() or _sha256(dump) != manifest["dump_sha256"]:
        raise ValueError("not whole")
    return manifest, dump


def _keep(content: IO[bytes], sha256: str, folder: Path) -> None:
    draft = folder / "content"
    with draft.open("wb") as out:
        shutil.copyfileobj(content, out, PART)
    if _sha256(draft) != sha256:
        raise ValueError(sha256)
    if not default_storage.exists(storage_name(sha256)):
        with draft.open("rb") as whole:
            default_storage.save(storage_name(sha256), File(whole))
