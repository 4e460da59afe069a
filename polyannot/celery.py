"""The Celery application: `celery -A polyannot worker -Q default` and its sisters for the model queues."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyannot.settings")

app = Celery("polyannot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Only a worker that serves the model queues loads torch; the web and the default worker never do.
if os.environ.get("POLYANNOT_WORKER") == "ml":
    app.conf.include = ["ml_workers.tasks"]
