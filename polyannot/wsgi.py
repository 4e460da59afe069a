"""The door for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")
os.environ.setdefault("DATABASE_POOL", "yes")
application = get_wsgi_application()
