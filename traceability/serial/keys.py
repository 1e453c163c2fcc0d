"""The keys of the printed tokens: in the environment, never in the database.

A key is named by a fingerprint of itself, so that another key under an old name cannot be taken for it.
"""

import hmac
from functools import lru_cache

from django.conf import settings

from backend.core.errors import DomainError
from backend.core.errors import mark as _


class SerialKeyMissing(DomainError):
    code, status, title = "serial_key_missing", 409, _("The key of these unit codes is not here")
    detail = _("The administrator sets SALTLINE_SERIAL_KEYS to the key they were made with.")


def keys() -> dict[str, bytes]:
    """Name → key; the first makes the codes of new prefixes, the others read and print the old ones."""
    return _named(tuple(settings.SERIAL_KEYS))


def current_key_id() -> str:
    """Raises SerialKeyMissing (409) where there is no key at all."""
    for key_id in keys():
        return key_id
    raise SerialKeyMissing


def key(key_id: str) -> bytes:
    """Raises SerialKeyMissing (409)."""
    found = keys().get(key_id)
    if found is None:
        raise SerialKeyMissing
    return found


@lru_cache(maxsize=8)
def _named(secrets: tuple[str, ...]) -> dict[str, bytes]:
    found = [secret.encode() for secret in secrets]
    return {hmac.digest(secret, b"name of a serial key", "sha256").hex()[:16]: secret for secret in found}
