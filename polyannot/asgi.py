"""The door for an ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
os.environ.setdefault("DATABASE_POOL", "yes")
application = get_asgi_application()
