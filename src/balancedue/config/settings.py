"""Settings. Everything that differs between shops is read from the environment, here at the top (contract.md)."""

from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

DATA_DIR = Path(env.str("BALANCEDUE_DATA_DIR", default="balancedue-data")).resolve()
PUBLIC_URL = env.str("BALANCEDUE_PUBLIC_URL", default="http://localhost:8000").rstrip("/")
SECRET_KEY = env.str("BALANCEDUE_SECRET_KEY", default="")
FIELD_KEYS = env.list("BALANCEDUE_FIELD_KEYS", default=[])  # "id:base64 of 32 bytes", newest first
EMAIL_URL = env.str("EMAIL_URL", default="")  # the worker refuses to start without it (requirements.md 2.16)
SEND_HOLD_SECONDS = env.int("BALANCEDUE_SEND_HOLD_SECONDS", default=10)
ROUND_TRIP_SECONDS = env.float("BALANCEDUE_ROUND_TRIP_SECONDS", default=8)  # that a check waits for a webhook
SANDBOX_URL = env.str("BALANCEDUE_SANDBOX_URL", default="").rstrip("/")
DEMO = env.bool("BALANCEDUE_DEMO", default=False)
MAILBOX_DIR = env.str("BALANCEDUE_MAILBOX_DIR", default="")  # demo only: where /mailbox/ reads
TRUSTED_PROXIES = env.int("BALANCEDUE_TRUSTED_PROXIES", default=0)  # how many proxies set X-Forwarded-For
DEBUG = env.bool("BALANCEDUE_DEBUG", default=False)

if not SECRET_KEY:
    raise ImproperlyConfigured("Set BALANCEDUE_SECRET_KEY to a long random text (docs/operations.md, Keys).")
if not FIELD_KEYS:
    raise ImproperlyConfigured("Set BALANCEDUE_FIELD_KEYS to id:base64 of 32 bytes (docs/operations.md, Keys).")
if not 0 <= SEND_HOLD_SECONDS <= 30:
    raise ImproperlyConfigured("BALANCEDUE_SEND_HOLD_SECONDS goes from 0 to 30.")
if not 0 <= ROUND_TRIP_SECONDS <= 15:
    raise ImproperlyConfigured("BALANCEDUE_ROUND_TRIP_SECONDS goes from 0 to 15.")

_public = urlsplit(PUBLIC_URL)
_https = _public.scheme == "https"
ALLOWED_HOSTS = env.list("BALANCEDUE_ALLOWED_HOSTS", default=[_public.hostname or "localhost"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Database (architecture.md 6) -------------------------------------------------------------------------------

_database = env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'balancedue.sqlite3'}")
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # recursive_triggers: INSERT OR REPLACE would otherwise slip past the append-only triggers.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
    }
    _database["CONN_MAX_AGE"] = None
else:
    _database.setdefault("OPTIONS", {})
    _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": env.int("BALANCEDUE_DB_POOL", default=12), "timeout": 10}
    _database["CONN_MAX_AGE"] = 0
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "balancedue_cache"}}

# --- Application ------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "balancedue",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
]
if django.VERSION < (6, 0):  # built in from 6.0
    INSTALLED_APPS.append("template_partials")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "balancedue.web.guard.OneHost",
    "balancedue.web.guard.Headers",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "balancedue.web.errors.Refusals",
]
# Processors from other packages bring their fragment of the payment page along (docs/processors.md).
_packages = [find_spec(entry.module.partition(".")[0]) for entry in entry_points(group="balancedue.processors")]
_processor_templates = [Path(spec.origin).parent / "templates" for spec in _packages if spec and spec.origin]
ROOT_URLCONF = "balancedue.config.urls"
WSGI_APPLICATION = "balancedue.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent.parent / "templates", *_processor_templates],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "balancedue.web.guard.everywhere",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]
SESSION_COOKIE_NAME = "balancedue_session"
SESSION_COOKIE_SAMESITE = "Lax"  # Strict cookies do not come back from a bank's page
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_FAILURE_VIEW = "balancedue.web.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # link pages say no-referrer
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
# What `check --deploy` asks for and is done elsewhere: frames are refused by the content policy (W002); the redirect to
# HTTPS is the proxy's (W008); what the shop's other host names do is not ours to say (W005, W021).
SILENCED_SYSTEM_CHECKS = ["security.W002", "security.W005", "security.W008", "security.W021"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'"],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- People (allauth) -------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "balancedue.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "balancedue.web.sign_in.Adapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no letters to strangers
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES  # who tries to sign in is counted by address
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _https
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# --- Mail of the framework itself (password resets); the product's own letters go through transports/email -----

EMAIL_BACKEND = "balancedue.web.sign_in.MailServerBackend"
DEFAULT_FROM_EMAIL = env.str("BALANCEDUE_FROM_EMAIL", default=f"payments@{_public.hostname or 'localhost'}")

# --- Words, files, logs -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LOCALE_PATHS = [Path(__file__).resolve().parent.parent / "locale"]
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": env.str("BALANCEDUE_STATIC_STORAGE", default="balancedue.config.static.Hashed")},
}
WHITENOISE_MAX_AGE = 3600
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "balancedue.config.logs.line"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # strangers asking for other names: nobody's news
        "httpx": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
    },
}
