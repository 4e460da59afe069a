"""Every setting of polyannot, read once from the environment; starting a process from here starts nothing."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from polyannot import env
from polyannot.embedded import addresses

BASE_DIR = Path(__file__).resolve().parent.parent
POLYANNOT_HOME = addresses.home()

# What kind of installation this is. The demo signs everybody in with printed passwords, so it is never the default.
DEMO = env.flag("POLYANNOT_DEMO", default=False)
DEBUG = env.flag("DJANGO_DEBUG", default=False)


def _has_own_server() -> bool:
    return "DATABASE_URL" in os.environ or "DATABASE_URL_FILE" in os.environ


def _kept_in_home(name: str, made: str) -> str:
    """Return the secret of this name in the home, or keep the one that was made there, for its owner alone."""
    kept = POLYANNOT_HOME / name
    if not kept.exists():
        POLYANNOT_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = kept.with_suffix(f".{get_random_secret_key()[:8].encode().hex()}")
        draft.touch(mode=0o600)
        draft.write_text(made, encoding="ascii")
        try:
            kept.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return kept.read_text(encoding="ascii").strip()


def _secret_key() -> str:
    """Return the given secret, or one made once for this home."""
    if (given := env.text("SECRET_KEY", "")) != "":
        return given
    if _has_own_server():
        raise ImproperlyConfigured(
            "With a server of your own, set SECRET_KEY (or SECRET_KEY_FILE): 50 or more random characters."
        )
    return _kept_in_home("secret_key", get_random_secret_key() + get_random_secret_key())


def _personal_data_keys(secret_key: str) -> list[str]:
    """Return the given keys; else one made once for this home, or, with a server of one's own, one from SECRET_KEY."""
    if (given := env.text("PERSONAL_DATA_KEYS", "")) != "":
        return [key.strip() for key in given.split(",") if key.strip()]
    if _has_own_server():
        digest = hashlib.sha256(f"personal data:{secret_key}".encode()).digest()
        return [base64.urlsafe_b64encode(digest).decode()]
    return [_kept_in_home("personal_data_key", base64.urlsafe_b64encode(os.urandom(32)).decode())]


SECRET_KEY = _secret_key()
# Fernet keys for what is encrypted at rest (ids of survey platforms, secrets of webhooks).
# The first one writes, all of them read.
PERSONAL_DATA_KEYS = _personal_data_keys(SECRET_KEY)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "polyannot.kernel",
    "accounts",
    "projects",
    "annotation",
    "studies",
    "releases",
    "demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "polyannot.kernel.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "polyannot.kernel.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "polyannot.urls"
WSGI_APPLICATION = "polyannot.wsgi.application"
ASGI_APPLICATION = "polyannot.asgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AccountBackend"]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "projects.navigation.navigation",
            ],
        },
    },
]


def _database(url: str) -> dict[str, Any]:
    """Turn postgresql://user:password@host:port/name?host=/socket/folder into Django's settings."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must begin with postgresql://, polyannot knows no other database."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    # Only the web server pools (wsgi.py asks for it): workers fork, and a pool does not survive a fork.
    pool = {
        "min_size": env.integer("DATABASE_POOL_MIN", 1),
        "max_size": env.integer("DATABASE_POOL_MAX", 10),
        "timeout": 20,
    }
    if not env.flag("DATABASE_POOL", default=False):
        pool = {}
    host = query.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or "") or query.pop("user", ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 0 if pool else 600,
        # A connection that the server dropped is noticed before a request gets it.
        "CONN_HEALTH_CHECKS": True,
        # A pooler between us and the server that shares connections by transaction must switch this off.
        "OPTIONS": {
            **query,
            "prepare_threshold": 5 if env.flag("DATABASE_PREPARE", default=True) else None,
            **({"pool": pool} if pool else {}),
        },
        "TEST": {"NAME": "test_polyannot"},
    }


DATABASE_URL = env.text("DATABASE_URL", addresses.database_url())
REDIS_URL = env.text("REDIS_URL", addresses.redis_url())
DATABASES = {"default": _database(DATABASE_URL)}

CELERY_BROKER_URL = REDIS_URL
# Two installations may share one broker under two prefixes.
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": env.text("BROKER_PREFIX", "")}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 900
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "wake-waiting-jobs": {"task": "projects.wake_waiting_jobs", "schedule": 10.0, "options": {"expires": 10}},
    "call-due-webhooks": {
        "task": "projects.call_due_webhooks",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "note-done-batches": {
        "task": "annotation.note_done_batches",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "note-reached-targets": {
        "task": "studies.note_reached_targets",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "settle-tallies": {"task": "annotation.settle_tallies", "schedule": 10.0, "options": {"expires": 10}},
    "index-embeddings": {
        "task": "annotation.index_embeddings",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "return-lapsed-cards": {
        "task": "studies.return_lapsed_cards",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}
# Whom /healthz misses: the queues that some worker must serve, and the scheduler.
HEALTH_EXPECTS = env.words("HEALTH_EXPECTS", "default,beat")

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(POLYANNOT_HOME / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    # Content-addressed; name an S3-compatible storage class here to share files between machines.
    "default": {
        "BACKEND": "projects.storage.ContentStorage",
        "OPTIONS": {"location": env.text("FILE_STORE", str(POLYANNOT_HOME / "files"))},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Where ML workers keep assembled models; each machine its own.
MODEL_FOLDER = Path(env.text("MODEL_FOLDER", str(POLYANNOT_HOME / "models")))
# The image-text models whose similarities and votes a new project gets.
ENCODERS = env.words("ENCODERS", "shipped:lite0,shipped:lite1,shipped:lite2")
# Precision of encoders that are registered from now on: float32, bfloat16, or auto (a trial says).
ENCODER_PRECISION = env.one_of("ENCODER_PRECISION", "auto", ("float32", "bfloat16"))
# A spaCy model, by name or folder, that tells parts of speech in a cleaning; HanTa does where none is named.
SPACY_MODEL = env.text("SPACY_MODEL", "")
# Each folder in here is a corpus that projects may take candidate captions from; web and model workers both see it.
CORPORA_DIR = Path(env.text("CORPORA_DIR", str(POLYANNOT_HOME / "corpora")))

# Images above this number of pixels are refused before they are decoded.
IMAGE_PIXEL_LIMIT = env.integer("IMAGE_PIXEL_LIMIT", 50_000_000)
# Networks that addresses which people give may lead into beside the public internet: 10.1.0.0/16,fd00::/8.
FETCH_ALLOWED_NETWORKS = env.networks("FETCH_ALLOWED_NETWORKS")
# The language model that paraphrases are asked of (docs/algorithms/paraphrases.md): the base address of an
# OpenAI-compatible endpoint, its model and key, and how often a minute all workers together may ask.
PARAPHRASE_ENDPOINT = env.text("PARAPHRASE_ENDPOINT", "")
PARAPHRASE_MODEL = env.text("PARAPHRASE_MODEL", "")
PARAPHRASE_KEY = env.text("PARAPHRASE_KEY", "")
PARAPHRASE_REQUESTS_A_MINUTE = env.integer("PARAPHRASE_REQUESTS_A_MINUTE", 60)
# A form takes 100 pictures and its three tables (the page of the import says so).
DATA_UPLOAD_MAX_NUMBER_FILES = 103
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

HTTPS = env.flag("HTTPS", default=False)
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_SSL_REDIRECT = HTTPS
# Health checks come from the machine itself, beside the proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", default=False) else None
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Requests that one token may make in a minute.
API_REQUESTS_A_MINUTE = env.integer("API_REQUESTS_A_MINUTE", 600)
REST_FRAMEWORK = {
    # Who may in, how often and in which pages is said by projects.api.door.ApiView.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "projects.api.document.ContractSchema",
    "EXCEPTION_HANDLER": "projects.api.errors.answer_to",
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "polyannot",
    "DESCRIPTION": "Projects, images, captions, batches, judgments, jobs, agreement, studies and releases for scripts.",
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATIONS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "JobState": "projects.models.jobs.JobState",
        "ImageState": "annotation.models.ImageState",
        "StudyState": "studies.models.StudyState",
        "ReleaseState": "releases.models.ReleaseState",
        "DeliveryState": "projects.models.webhooks.DeliveryState",
        "Verdict": "annotation.progress.verdicts.Verdict",
        "KindsEnum": "projects.models.HookKind",
        "OutcomeEnum": "annotation.agreement.ratings.Outcome",
        "VersionState": "annotation.models.VersionState",
        "EditKind": "annotation.models.EditKind",
        "ReviewState": "annotation.models.reviews.ReviewState",
        "QuestionState": "annotation.models.QuestionState",
        "MeasurementLevel": "annotation.models.MeasurementLevel",
        "DifficultyLevel": "annotation.models.DifficultyLevel",
        "KnownSource": "annotation.models.KnownSource",
        "CleaningOutcome": "annotation.models.CleaningOutcome",
        "KindEnum": "studies.models.StudyKind",
        "QualityKind": "annotation.models.QualityKind",
        "ReportKind": "annotation.models.reviews.ReportKind",
        "MachineReportKind": "annotation.models.MachineReportKind",
        "MethodEnum": "annotation.models.machine.ChoiceMethod",
        "SamplingMethod": "annotation.models.SamplingMethod",
        "ReportState": "annotation.models.reviews.ReportState",
        "CheckOrigin": "annotation.models.CheckOrigin",
        "FixState": "annotation.models.FixState",
        "FormatEnum": "annotation.exchange.exporting.ExportFormat",
        "JudgmentFormat": "annotation.models.JudgmentFormat",
        "PersonOutRoleEnum": "projects.models.Role",
        "PairRole": "studies.models.PairRole",
    },
    "OAS_VERSION": "3.0.3",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"all_but_health": {"()": "polyannot.kernel.logs.AllButHealth"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"django.request": {"filters": ["all_but_health"]}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
