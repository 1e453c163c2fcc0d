"""Rate limits: per account and device, and by address for callers without an account.

Counted in the default cache: per web process with the local-memory cache, exact with a shared one. They
keep the service up; they are no security measure (the login lock-out is django-axes, in the database).
"""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from backend.core.problems import TooManyRequests


def client_ip(request: HttpRequest) -> str:
    """The caller's address: the peer's, or the one our own NUM_PROXIES proxies report.

    A forged X-Forwarded-For is never believed: only the entries our proxies appended count.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.NUM_PROXIES:
        return peer
    hops = [
        hop.strip() for hop in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",") if hop.strip()
    ]
    return hops[-settings.NUM_PROXIES] if len(hops) >= settings.NUM_PROXIES else peer


@lru_cache(maxsize=64)
def _parsed(rate: str) -> tuple[int, int]:
    """120/min → 120 requests in 60 seconds."""
    number, _slash, period = rate.partition("/")
    return int(number), {"s": 1, "m": 60, "h": 3_600, "d": 86_400}[period[0]]


class AccountThrottle(SimpleRateThrottle):
    """The view's `rate` scope, counted per user and device; per address where nobody is signed in."""

    scope = "api"

    def __init__(self) -> None:
        """The rate is known only once the view is."""

    def allow_request(self, request: Request, view: Any) -> bool:
        signed_in = bool(request.user and request.user.is_authenticated)
        self.scope = view.rate if signed_in or view.rate == "login" else "anonymous"
        self.rate = settings.RATES[self.scope]
        self.num_requests, self.duration = _parsed(self.rate)
        return bool(super().allow_request(request, view))

    def get_cache_key(self, request: Request, view: Any) -> str:
        if request.user and request.user.is_authenticated:
            device = getattr(request.auth, "device_id", None)
            return f"throttle:{self.scope}:{request.user.pk}:{device}"
        return f"throttle:{self.scope}:{client_ip(request)}"


class AddressThrottle(SimpleRateThrottle):
    """By address, whoever asks: for pages that need no account. Counts together with other nameless calls."""

    scope = "anonymous"

    def __init__(self) -> None:
        self.rate = settings.RATES[self.scope]
        self.num_requests, self.duration = _parsed(self.rate)

    def check(self, request: HttpRequest) -> None:
        """Counts the call. Raises TooManyRequests (429)."""
        if not self.allow_request(request, None):  # type: ignore[arg-type]  # only `get_cache_key` looks at them
            seconds = max(1, int(self.wait() or 1))
            raise TooManyRequests(seconds=seconds, retry_after_s=seconds)

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"throttle:{self.scope}:{client_ip(request)}"
