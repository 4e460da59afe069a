"""Settings of the bare application; DATABASE_URL names its database as it does for polyannot."""

import os

from polyannot.settings import DATABASES

__all__ = ["DATABASES"]

SECRET_KEY = os.environ.get("SECRET_KEY", "bare")
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "benchmarks.bare",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "benchmarks.bare.wsgi"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
