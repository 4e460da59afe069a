"""Files that are fetched."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from polyannot_client.errors import ChecksumWrong


def write_whole(parts: Iterable[bytes], path: Path, sha256: str | None = None) -> None:
    """Write a file that appears only once it is whole; raises ChecksumWrong where it is another than was told."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        with draft.open("wb") as out:
            for part in parts:
                digest.update(part)
                out.write(part)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise ChecksumWrong(f"{path.name} came with another checksum than the server told")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
