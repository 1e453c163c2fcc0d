"""Two ways in: an opaque token per device (apps), Django's session with CSRF (pages of the same origin)."""

from datetime import datetime
from hashlib import sha512
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from backend.accounts.models import User
from backend.accounts.token import HeldToken, token_by_digest
from backend.core import clock
from backend.core.errors import DomainError
from backend.core.errors import mark as _


class DeviceRevoked(DomainError):
    """The phone was reported lost or the technician left: the app wipes its store when it reads `wipe`."""

    code, status, title = "device_revoked", 401, _("This device was signed out by the office")


class DeviceTokenAuthentication(TokenAuthentication):
    """knox's header and digest; one indexed look-up that brings user and device along."""

    def authenticate(self, request: Request) -> tuple[User, HeldToken] | None:
        """The user and token, None for a request without our header. Raises AuthenticationFailed, DeviceRevoked."""
        scheme, _space, token = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != "token":
            return None
        if not token.isascii():
            raise AuthenticationFailed
        return self.authenticate_credentials(token.strip().encode())

    def authenticate_credentials(self, token: bytes) -> tuple[User, HeldToken]:
        """The user and token. Raises AuthenticationFailed, DeviceRevoked (401)."""
        found = token_by_digest(sha512(token).hexdigest())
        if found is None or not found.user.is_active or _is_over(found.expiry):
            raise AuthenticationFailed
        if found.revoked_at:
            raise DeviceRevoked(wipe=True)
        return found.user, found


def _is_over(expiry: datetime | None) -> bool:
    return expiry is not None and expiry < clock.now()


class PageSessionAuthentication(SessionAuthentication):
    """Session cookie with CSRF check."""


class DeviceTokenScheme(OpenApiAuthenticationExtension):
    target_class = DeviceTokenAuthentication
    name = "deviceToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …` from POST /api/v1/auth/login",
        }


class PageSessionScheme(OpenApiAuthenticationExtension):
    target_class = PageSessionAuthentication
    name = "pageSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def caller(request: Request) -> User:
    """The signed-in user of a request whose operation needs one."""
    assert isinstance(request.user, User)
    return request.user
