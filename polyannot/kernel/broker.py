"""Asking the broker whether it is there."""

import os
from functools import cache
from urllib.parse import parse_qs, urlsplit

import redis
from django.conf import settings

PING_SECONDS = 2.0


def client_url(url: str) -> str:
    """Turn an address in Celery's form (redis+socket://PATH?virtual_host=N) into the one redis-py reads."""
    parts = urlsplit(url)
    if parts.scheme != "redis+socket":
        return url
    number = parse_qs(parts.query).get("virtual_host", ["0"])[-1]
    return f"unix://{parts.path}?db={number}"


@cache
def client(url: str, _process: int) -> "redis.Redis[bytes]":
    """Return the one client of this process for an address; its connections are made when they are needed."""
    return redis.Redis.from_url(
        client_url(url), socket_timeout=PING_SECONDS, socket_connect_timeout=PING_SECONDS
    )


def answers() -> bool:
    """Say whether the broker answers a ping within two seconds."""
    try:
        return bool(client(settings.REDIS_URL, os.getpid()).ping())
    except redis.RedisError:
        return False
