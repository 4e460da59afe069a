"""The test session's own embedded servers, in a folder that goes when the session ends.

They must be there before Django reads its settings, hence at import, and as a plugin of the command line (pyproject:
`-p tests.session`): pytest-django reads the settings before any conftest. Of several processes side by side each has
servers, files and queues of its own, whatever it inherits from the one that started it. With DATABASE_URL and REDIS_URL
set, those servers are used instead.
"""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from polyannot import embedded
from polyannot.embedded import addresses

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("POLYANNOT_DEMO", None)
# Features of the tests do not depend on how fast a busy machine happens to be.
os.environ.setdefault("ENCODER_PRECISION", "float32")
SESSION_HOME = Path(tempfile.mkdtemp(prefix="polyannot-tests-"))
os.environ["POLYANNOT_HOME"] = str(SESSION_HOME)
# Messages of the tests never reach another worker, whatever broker REDIS_URL names.
os.environ["BROKER_PREFIX"] = f"test-{secrets.token_hex(4)}:"
embedded.join()
if "DATABASE_URL" not in os.environ:
    # The session's own cluster goes with the session: it need not outlive a power cut, as the real one must.
    with psycopg.connect(addresses.database_url(), autocommit=True) as cluster:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            cluster.execute(f"ALTER SYSTEM SET {setting} = off")
        cluster.execute("SELECT pg_reload_conf()")
os.environ["DJANGO_SETTINGS_MODULE"] = "polyannot.settings"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the session's servers and remove their folder."""
    embedded.leave(wait=True)
    shutil.rmtree(SESSION_HOME)
