"""A process that uses the embedded servers, driven over its pipes: join, ask, leave.

Reads one word a line and answers each with one line of JSON. Run as its own program so that tests can kill it.
"""

import json
import os
import sys

import psycopg
import redis

from polyannot import embedded
from polyannot.embedded import addresses


def postgres(statement: str) -> str:
    """Return the first value of a query."""
    url = os.environ.get("DATABASE_URL") or addresses.database_url()
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
    return str(row[0]) if row else ""


def answer(word: str, rest: str) -> str:
    """Do one thing and say what came of it."""
    if word == "join":
        embedded.join()
    elif word == "leave":
        embedded.leave(wait=True)
    elif word == "sql":
        return postgres(rest)
    elif word == "ping":
        url = os.environ.get("REDIS_URL") or addresses.redis_client_url()
        return str(redis.Redis.from_url(url).ping())
    return word


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        try:
            told = {"ok": answer(word, rest)}
        except (embedded.EmbeddedError, psycopg.Error, redis.RedisError, OSError) as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
