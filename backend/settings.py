"""One settings file; environments differ by variables only (README, "Settings")."""

import re
import sys
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from backend.env import env, kept_secret_key, long_secrets, require

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

TESTING = "pytest" in sys.modules
DEBUG = False
PRODUCTION = env.bool("SALTLINE_PRODUCTION", False)
if PRODUCTION:
    require(["SALTLINE_SECRET_KEY", "SALTLINE_HOSTS", "SALTLINE_NUM_PROXIES"], why="SALTLINE_PRODUCTION=1")
SECRET_KEY = env.str("SALTLINE_SECRET_KEY", "") or kept_secret_key(LOCAL_DIR / "secret_key")
# Keys of the codes printed on single bags, the newest first. Without one a production server prints no such codes.
SERIAL_KEYS = long_secrets("SALTLINE_SERIAL_KEYS")
if not (SERIAL_KEYS or PRODUCTION):
    SERIAL_KEYS = [kept_secret_key(LOCAL_DIR / "serial_key")]
ALLOWED_HOSTS = env.list("SALTLINE_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("SALTLINE_CSRF_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "axes",
    "django_q",
    "csp",
    "backend.core",
    "backend.accounts",
    "traceability",
    "fieldservice",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "backend.core.content_security.ContentSecurity",
    "backend.core.strict.UrlGuard",
    "backend.core.logs.RequestLog",
    "backend.core.language.AnswerLanguage",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "backend.urls"
WSGI_APPLICATION = "backend.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "backend" / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

# PostgreSQL only, 15 or newer; the pool stays off (it breaks the job cluster), connections persist.
DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgres:///saltline", conn_max_age=600)}
DATABASES["default"] |= {"ENGINE": "backend.core.database", "CONN_HEALTH_CHECKS": True}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=15s -c timezone=UTC"
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# A cache per process: throttles count per web process. A shared cache makes them exact over many nodes.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if TESTING:  # argon2 costs 50 ms a user on purpose; the tests make thousands
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]

# 5 wrong passwords in 15 minutes lock the account name, known or not, wherever they come from.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_IPWARE_PROXY_COUNT = env.int("SALTLINE_NUM_PROXIES", 0)
AXES_CLIENT_IP_CALLABLE = "backend.core.throttle.client_ip"

REST_KNOX = {
    "TOKEN_MODEL": "accounts.DeviceToken",
    "TOKEN_TTL": timedelta(days=90),
    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
    "AUTO_REFRESH": False,
    "AUTH_HEADER_PREFIX": "Token",
}
KNOX_TOKEN_MODEL = "accounts.DeviceToken"
# knox's migrations would make a table for the token model that ours replaces; it then blocks TRUNCATE.
MIGRATION_MODULES = {"knox": None}

NUM_PROXIES = env.int("SALTLINE_NUM_PROXIES", 0)
RATES = {
    "api": env.str("SALTLINE_RATE_API", "600/min"),
    "scan": env.str("SALTLINE_RATE_SCAN", "120/min"),
    "photo": env.str("SALTLINE_RATE_PHOTO", "60/min"),
    "login": env.str("SALTLINE_RATE_LOGIN", "20/hour"),
    "anonymous": env.str("SALTLINE_RATE_ANONYMOUS", "60/min"),
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "backend.accounts.authentication.DeviceTokenAuthentication",
        "backend.accounts.authentication.PageSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["backend.core.permissions.HasCan"],
    "DEFAULT_RENDERER_CLASSES": ["backend.core.strict.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "backend.core.strict.AlwaysJson",
    "DEFAULT_PARSER_CLASSES": ["backend.core.strict.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "backend.core.paging.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "backend.core.schema.HouseSchema",
    "DEFAULT_THROTTLE_CLASSES": ["backend.core.throttle.AccountThrottle"],
    "DEFAULT_THROTTLE_RATES": RATES,
    "NUM_PROXIES": NUM_PROXIES,
    "EXCEPTION_HANDLER": "backend.core.problems.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DEFAULT_METADATA_CLASS": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "UPLOADED_FILES_USE_URL": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Saltline API",
    "DESCRIPTION": "After-sales service of a salt works: scan, judge, record, trace, hold.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {  # fields of one name with different codes
        "CustomerKindEnum": "traceability.customer.rules.CustomerKind.choices",
        "LimitKindEnum": "traceability.product.rules.LimitKind.choices",
        "BatchKindEnum": "traceability.batch.rules.BatchKind.choices",
        "EnteredBatchKindEnum": "traceability.batch.api.OWN",
        "LinkKindEnum": "traceability.genealogy.rules.LinkKind.choices",
        "EnteredLinkKindEnum": "traceability.genealogy.api.ENTERED_KINDS",
        "BatchStatusEnum": "traceability.batch.rules.BatchStatus.choices",
        "BatchActionEnum": "traceability.batch.rules.BatchAction.choices",
        "ProposedActionEnum": "traceability.batch.api.PROPOSED",
        "ProposalStateEnum": "traceability.batch.rules.ProposalState.choices",
        "PackLevelEnum": "traceability.product.rules.PackLevel.choices",
        "UnitLevelEnum": "traceability.dispatch.rules.UnitLevel.choices",
        "UnitStateEnum": "traceability.dispatch.rules.UnitState.choices",
        "ShipmentStatusEnum": "traceability.dispatch.rules.ShipmentStatus.choices",
        "ShipmentRefusalEnum": "traceability.dispatch.rules.Refusal.choices",
        "UnknownStateEnum": "traceability.scan.rules.UnknownState.choices",
        "ScanWhyEnum": "traceability.scan.rules.Why.choices",
        "NextActionEnum": "traceability.scan.rules.NextAction.choices",
        "CandidateReasonEnum": "traceability.scan.candidate.Reason.choices",
        "SignalRuleEnum": "fieldservice.quality.rules.SignalRule.choices",
        "ScanOutcomeEnum": "traceability.scan.rules.Outcome.choices",
        "BalanceVerdictEnum": "traceability.balance.rules.BalanceVerdict.choices",
        "FindingRuleEnum": "traceability.balance.rules.Rule.choices",
        "FindingStateEnum": "traceability.balance.rules.FindingState.choices",
        "ImportKindEnum": "traceability.imports.rules.ImportKind.choices",
        "ImportModeEnum": "traceability.imports.rules.ImportMode.choices",
        "ImportStateEnum": "traceability.imports.rules.ImportState.choices",
        "VisitKindEnum": "fieldservice.visit.rules.VisitKind.choices",
        "VisitStatusEnum": "fieldservice.visit.rules.VisitStatus.choices",
        "CheckKindEnum": "fieldservice.visit.rules.CheckKind.choices",
        "InstrumentKindEnum": "fieldservice.instrument.rules.InstrumentKind.choices",
        "CalibrationKindEnum": "fieldservice.instrument.rules.CalibrationKind.choices",
        "QuantityEnum": "fieldservice.instrument.rules.Quantity.choices",
        "ParameterEnum": "fieldservice.reading.rules.Parameter.choices",
        "VerdictEnum": "fieldservice.reading.rules.Verdict.choices",
        "ReasonEnum": "fieldservice.reading.rules.Reason.choices",
        "NextStepEnum": "fieldservice.reading.rules.NextStep.choices",
        "CaseKindEnum": "fieldservice.case.rules.CaseKind.choices",
        "ComplaintCodeEnum": "fieldservice.case.complaint_codes.choices",
        "RecallStateEnum": "traceability.recall.rules.RecallState.choices",
        "RecallStepKindEnum": "traceability.recall.rules.StepKind.choices",
        "RecallFindingEnum": "traceability.recall.reconciliation.FindingCode.choices",
        "RecallBlockerEnum": "traceability.recall.rules.BlockerCode.choices",
        "RecallClockEnum": "traceability.recall.rules.Clock.choices",
        "NoticeStateEnum": "traceability.recall.rules.NoticeState.choices",
        "ContactChannelEnum": "traceability.recall.rules.Channel.choices",
        "ContactOutcomeEnum": "traceability.recall.rules.ContactOutcome.choices",
        "DispositionKindEnum": "traceability.recall.rules.DispositionKind.choices",
        "DispositionStateEnum": "traceability.recall.rules.DispositionState.choices",
        "RecallWaiverStateEnum": "traceability.recall.rules.WaiverState.choices",
        "CaseStatusEnum": "fieldservice.case.rules.CaseStatus.choices",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "backend.core.schema.add_problems",
    ],
    "LICENSE": {"name": "Apache-2.0"},
}

# django-q2, fenced: see backend/core/queue.py and the system checks there.
Q_CLUSTER = {
    "name": "saltline",
    "orm": "default",
    "workers": 2,
    "bulk": 1,
    "queue_limit": 2,
    "poll": 0.1,
    "timeout": 300,
    "retry": 900,
    "max_attempts": 3,
    "ack_failures": False,
    "catch_up": False,
    "save_limit": -1,
    "recycle": 10_000,  # the watchdog takes a recycled worker for a lost one
    "label": "Jobs",
}
REACTIONS = "backend.reactions.REACTIONS"
SCHEDULE = "backend.schedule.SCHEDULE"
EVENT_SOURCES = "backend.event_sources.EVENT_SOURCES"
# What our own things are called in trace events where they have no GS1 key; never change it once events went out.
EVENT_NAMESPACE = env.str("SALTLINE_EVENT_NAMESPACE", "urn:saltline:")

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "backend" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # of what leaves the house; the factory's calendar day is core.clock.today()

STATIC_URL = "/static/"
STATIC_ROOT = env.path("SALTLINE_STATIC_ROOT", LOCAL_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "backend" / "web" / "static"]
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = env.path("SALTLINE_MEDIA_ROOT", LOCAL_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # bytes, body without files
FILE_UPLOAD_MAX_MEMORY_SIZE = 12_582_912 + 65_536  # bytes, the whole multipart body: a photo and its frame
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
DATA_UPLOAD_MAX_NUMBER_FILES = 5
PHOTO_MAX_BYTES = 12_582_912

# Our own GS1 company prefix, from which the house draws pallet numbers (SSCC); empty: they are given by hand.
GS1_COMPANY_PREFIX = env.str("SALTLINE_GS1_PREFIX", "")
if GS1_COMPANY_PREFIX and not re.fullmatch(r"[0-9]{4,12}", GS1_COMPANY_PREFIX):
    raise ImproperlyConfigured("SALTLINE_GS1_PREFIX is 4 to 12 digits; see “Settings” in README.md.")
# What the public page of a batch tells people who complain: a telephone number, an address, opening hours.
COMPLAINT_CONTACT = env.str("SALTLINE_COMPLAINT_CONTACT", "")

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "backend.core.problems.csrf_failure"
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, "'wasm-unsafe-eval'"],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

PGHISTORY_JSON_ENCODER = "django.core.serializers.json.DjangoJSONEncoder"
PGHISTORY_MIDDLEWARE_METHODS = ()

# The lock is per account name on purpose: offices share one address; the login throttle counts addresses.
# No AxesMiddleware: our own answer to a lock is a problem document.
SILENCED_SYSTEM_CHECKS = ["axes.W002", "axes.W006"]
LOGGING_CONFIG = "backend.core.logs.configure"
LOGGING = {"version": 1}  # Django calls LOGGING_CONFIG only where this is not empty
LOG_LEVEL = env.str("SALTLINE_LOG_LEVEL", "INFO")
