"""Homes of their own; every server of a home is gone when its test ends."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded_homes import Home


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with mode 0700 and a short path, as mktemp makes it."""
    path = Path(tempfile.mkdtemp(prefix="pn-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def home(folder: Path) -> Iterator[Home]:
    """A home that does not exist yet, in such a folder."""
    home = Home(folder / "home")
    yield home
    home.clear()


@pytest.fixture
def nobody() -> int:
    """The user id of an ordinary user with an entry in the list of users; needs root."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    return pwd.getpwnam("nobody").pw_uid
