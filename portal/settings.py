"""Django's settings. Environment variables are read and explained in ``portal.env`` only."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal import env

BASE_DIR = env.ROOT
PORTAL_HOME: Path = env.home()
PORTAL_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY = env.kept_secret("PORTAL_SECRET_KEY", "django.key")
PORTAL_VAULT_KEYS = env.words("PORTAL_VAULT_KEYS")
DEBUG = env.is_on("PORTAL_DEBUG")
ALLOWED_HOSTS = env.words("PORTAL_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("PORTAL_ORIGINS")
SITE_PORT = env.number("PORTAL_PORT")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    # For the templates of widgets that ours do not replace.
    "django.forms",
    "axes",
    "csp",
    "ninja",
    "django_htmx",
    "template_partials",
    "accounts.apps.AccountsConfig",
    "portal.apps.PortalConfig",
    "ops.apps.OpsConfig",
    "scoring.apps.ScoringConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.ApiResponses",
    "portal.middleware.NothingKept",
    "portal.middleware.SignInRequired",
    "portal.middleware.DatabaseBusy",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.layout.context",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                # Django's debug pages name a template's lines.
                                "django.template.loaders.filesystem.Loader" if DEBUG else "portal.compact.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials", "portal.templatetags.portolan"],
        },
    }
]

FORM_RENDERER = "portal.forms.rendering.FormRenderer"

DATABASES = {"default": env.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in (
            "UserAttributeSimilarityValidator",
            "MinimumLengthValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        )
    ),
    {"NAME": "accounts.passwords.NotBlank"},
    {"NAME": "accounts.passwords.NotTheOneBefore"},
]
# A name from an address is paused after so many wrong passwords; an owner of the person's team ends it earlier.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "accounts.sign_in_limit.counted_name"
AXES_CLIENT_IP_CALLABLE = "accounts.sign_in_limit.client_address"
AXES_LOCKOUT_CALLABLE = "portal.views.accounts.paused"
AXES_DISABLE_ACCESS_LOG = True
# The log names the person and the address; passwords are always left out.
AXES_SENSITIVE_PARAMETERS: list[str] = []
AXES_ENABLE_ADMIN = False
PROXIES = env.number("PORTAL_PROXIES")
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home:index"
LOGOUT_REDIRECT_URL = "accounts:sign_in"

# Two portals on one host (two folders, two ports) must not sign each other out: browsers share cookies across ports.
SESSION_COOKIE_NAME = f"portolan_session_{SITE_PORT}"
CSRF_COOKIE_NAME = f"portolan_csrf_{SITE_PORT}"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
if env.is_on("PORTAL_HTTPS"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = PORTAL_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.vendor.PackageFinder",
]
MEDIA_ROOT = PORTAL_HOME / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "portal.static_files.Storage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
FILE_UPLOAD_PERMISSIONS = 0o600

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

CA_BUNDLE = env.text("PORTAL_CA_BUNDLE")
CLOUDS = env.words("PORTAL_CLOUDS")
WEB_THREADS = env.number("PORTAL_WEB_THREADS")
RECIPES_DIR = BASE_DIR / "recipes"
SCORING_ENTRY_DIR = BASE_DIR / "scoring" / "entry"

# An upload to Predict; the page and docs quote these. 4 MB after encoding is our own limit for one scoring request.
UPLOAD_IMAGE_BYTES = 20 * 1024 * 1024
UPLOAD_IMAGE_PIXELS = 50_000_000
UPLOAD_INPUT_BYTES = 300 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
SCORING_DEADLINE_SECONDS = 30.0

# How much of one log file is mirrored; the rest stays with Azure.
LOG_CAP_BYTES = 64 * 1024 * 1024
SILENT_AFTER_SECONDS = 30

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"expected": {"()": "portal.log_filters.NoTracebackOfTheExpected"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["expected"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # The Azure SDK logs URLs with signatures and whole bodies below WARNING.
    "loggers": {
        "azure": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        # A failed sign-in is a warning; of those that succeed it writes four lines.
        "axes": {"level": "WARNING"},
        # Two lines a second about each mirror; the flow engine tells what steps did.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
