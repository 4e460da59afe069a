"""How often a token may ask: a count for each minute, kept by the broker's server for all web processes."""

import logging
import os
import time

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from polyannot.kernel.broker import client
from projects.models import ApiToken

WINDOW_SECONDS = 60
log = logging.getLogger(__name__)


class TokenThrottle(BaseThrottle):
    """Let a token ask settings.API_REQUESTS_A_MINUTE times a minute; without the broker nobody is held up."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request, and say whether it is still within the limit."""
        if not isinstance(request.auth, ApiToken):
            return True
        name = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}api:{request.auth.pk}"
        key = f"{name}:{int(time.time()) // WINDOW_SECONDS}"
        try:
            server = client(settings.REDIS_URL, os.getpid())
            with server.pipeline() as pipe:
                pipe.incr(key)
                pipe.expire(key, 2 * WINDOW_SECONDS)
                count, _expires = pipe.execute()
        except redis.RedisError as error:
            log.warning("the broker does not count the requests of tokens (%s)", type(error).__name__)
            return True
        return int(count) <= int(settings.API_REQUESTS_A_MINUTE)

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS
