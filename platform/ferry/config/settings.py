"""Django's settings, one file. Every value comes from ferry.config.env, which has the defaults and the checks."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from ferry.config import env as environment
from ferry.kernel import secrets

ROOT = Path(__file__).resolve().parents[3]
ENV = environment.read(os.environ, ROOT)
# What Ferry writes is its user's alone; a web server that serves packages (FERRY_X_ACCEL_PREFIX) reads as the group.
os.umask(0o027 if ENV.x_accel_prefix else 0o077)
ENV.data.mkdir(parents=True, exist_ok=True)
if ENV.database["ENGINE"].endswith("sqlite3"):
    environment.keep_private(Path(ENV.database["NAME"]))

# Ferry's own: other rooms read these from django.conf.settings
FERRY_DATA = ENV.data
FERRY_PRODUCTION = ENV.production
FERRY_BIND = ENV.bind
FERRY_SITE_PORT = ENV.site_port
FERRY_EDGE_PORT = ENV.edge_port
FERRY_CONTENT_PORT = ENV.content_port
FERRY_METRICS_PORT = ENV.metrics_port
FERRY_EDGES = ENV.edges
FERRY_SITE_URL = ENV.site_url
FERRY_EDGE_URL = ENV.edge_url
FERRY_CONTENT_ORIGIN = ENV.content_origin
FERRY_TRUSTED_PROXIES = ENV.trusted_proxies
FERRY_REDIS_URL = ENV.redis_url
FERRY_STORAGE_URL = ENV.storage_url
FERRY_SHIP_JOURNAL = ENV.ship_journal
FERRY_SHIPPED_DIR = ENV.shipped_dir
FERRY_X_ACCEL_PREFIX = ENV.x_accel_prefix
FERRY_SECRET = ENV.secret
FERRY_MAX_UPLOAD_BYTES = ENV.max_upload_bytes
FERRY_STREAMS = ENV.streams
FERRY_APNS_URL = ENV.apns_url
FERRY_APNS_CA = ENV.apns_ca
FERRY_JOURNAL_DIR = ENV.data / "journal"
FERRY_PARQUET_DIR = ENV.data / "events"
FERRY_BLOB_DIR = ENV.data / "blobs"
FERRY_EDGE_STATE_DIR = ENV.data / "edge"
FERRY_BROKER_DIR = ENV.data / "broker"

# Processes and hosts
DEBUG = ENV.debug
SECRET_KEY = secrets.derive("django", data=ENV.data, override=ENV.secret).hex()
ALLOWED_HOSTS = list(ENV.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [ENV.site_url]
ROOT_URLCONF = "ferry.config.urls"
WSGI_APPLICATION = "ferry.config.wsgi.application"
DATABASES = {"default": ENV.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "axes",
    "ferry.config",
    "ferry.kernel.identity",
    "ferry.kernel.audit",
    "ferry.kernel.publishing",
    "ferry.kernel.signing",
    "ferry.kernel.jobs",
    "ferry.kernel.api",
    "ferry.journal",
    "ferry.edge",
    "analytics",
    "miniapps",
    "push",
    "console",
]

MIDDLEWARE = [
    "ferry.kernel.api.middleware.RequestIdMiddleware",
    "ferry.kernel.api.middleware.ProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "console.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.context.console",
            ],
        },
    },
]

# Sign-in
AUTH_USER_MODEL = "identity.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "ferry.kernel.identity.backends.LocalAccountBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/sign-in"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "ferry.kernel.api.addresses.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # sign-ins are in our own audit log
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else a stranger could hold a lock on somebody for ever

# Cookies and transport: host-only cookies, __Host- under TLS
_TLS = urlsplit(ENV.site_url).scheme == "https"
SESSION_COOKIE_NAME = "__Host-ferry-session" if _TLS else "ferry-session"
SESSION_COOKIE_SECURE = _TLS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "__Host-ferry-csrf" if _TLS else "ferry-csrf"
CSRF_COOKIE_SECURE = _TLS
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0
SECURE_SSL_REDIRECT = False  # the proxy's work: one that forgets X-Forwarded-Proto would be redirected for ever
# Believed only from TRUSTED_PROXIES: ProxyMiddleware takes it away from everybody else.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
# For this host alone: other hosts of the domain, and the browsers' preload list, are not ours to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# Words
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [ROOT / "platform" / "ferry" / "locale"]
LANGUAGE_COOKIE_NAME = "ferry-language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files: found in the apps, served by whitenoise without a collect step
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = ENV.debug

# Management API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["ferry.kernel.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "ferry.kernel.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ferry management API",
    "DESCRIPTION": "Publish mini-programs, release them gradually, and read what happened.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],  # enums named alike in two apps stay inline instead of colliding by name
}

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url}
    if ENV.redis_url
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": ENV.log_level},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # a refusal (4xx) is the caller's news; 5xx is ours
        "axes": {"level": "WARNING"},
    },
}
