"""polyannot: build an image-caption data set by hand with a research group, and prove its quality."""

from polyannot.celery import app as celery_app

__all__ = ["celery_app"]
