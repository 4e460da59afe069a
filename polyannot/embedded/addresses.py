"""Where the embedded servers listen, derived from POLYANNOT_HOME alone: nothing is started or made here."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import quote

DATABASE = "polyannot"
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"

# A socket address holds 107 bytes on Linux and 103 on macOS; clients and servers add nothing to it.
LONGEST_SOCKET_PATH = 100
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


def home() -> Path:
    """Return the folder of everything polyannot stores: POLYANNOT_HOME, or `.polyannot` in the checkout."""
    named = os.environ.get("POLYANNOT_HOME")
    folder = Path(named).expanduser() if named else Path(__file__).parents[2] / ".polyannot"
    return folder.resolve()


def runtime_folder(home: Path) -> Path:
    """Return the folder of the sockets: `run` in the home, or one of its own in /tmp.

    The second is for a home whose path is too long for a socket address or would need quoting in a URL. It is
    named after the user and a hash of the home, always in /tmp, so that every process finds the same one.
    """
    inside = home / "run"
    longest = inside / POSTGRES_SOCKET
    if len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(inside)):
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"polyannot-{os.getuid()}-{digest}"  # noqa: S108 (created 0700, owner checked)


def database_url(name: str = DATABASE) -> str:
    """Return the libpq URL of a database of the embedded PostgreSQL, reached through its socket."""
    return f"postgresql://{DATABASE}@/{name}?host={quote(str(runtime_folder(home())), safe='')}"


def redis_url(number: int = 0) -> str:
    """Return the URL of one of the 16 embedded Valkey databases in the form that Celery reads."""
    return f"redis+socket://{runtime_folder(home()) / VALKEY_SOCKET}?virtual_host={number}"


def redis_client_url(number: int = 0) -> str:
    """Return the same address in the form that redis-py reads."""
    return f"unix://{runtime_folder(home()) / VALKEY_SOCKET}?db={number}"
