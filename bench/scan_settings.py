"""Settings of the servers that `scan_http.py` compares: the house's, with other middleware where BENCH_STACK says."""

import os

from backend.settings import *  # noqa: F403 the same settings but for the lines below

ROOT_URLCONF = "bench.scan_views"
# Nobody sends 120 scans a minute here; the counting itself stays switched on.
RATES = dict.fromkeys(RATES, "1000000/min")  # noqa: F405 from backend.settings
STACKS = {
    "house": MIDDLEWARE,  # noqa: F405 from backend.settings
    "django": [  # what `django-admin startproject` writes
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    "none": [],
}
MIDDLEWARE = STACKS[os.environ.get("BENCH_STACK", "house")]
if (
    STACKS["house"] != MIDDLEWARE
):  # the baselines keep Django's own connection, which asks nothing per request
    DATABASES["default"] |= {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": False}  # noqa: F405
