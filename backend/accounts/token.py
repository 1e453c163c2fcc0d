"""The token of a request, with its user and device, in one indexed look-up.

Every request of an app asks this. The ORM would build the statement and three whole rows anew each time, which costs
more than PostgreSQL needs to answer; here the statement is planned once and only what requests use is loaded.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Model

from backend.accounts.models import Device, DeviceToken, User


def _in_order(model: type[Model], *names: str) -> list[str]:
    """`names` as the model orders its fields, which is how `from_db` takes values."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in names]


_USER = _in_order(User, "id", "username", "display_name", "role", "regions", "is_active")
_STATEMENT = " ".join(
    [
        "SELECT",
        ", ".join(f"owner.{name}" for name in _USER),
        f', token.device_id, token.expiry, device.revoked_at FROM "{DeviceToken._meta.db_table}" token',
        f'JOIN "{User._meta.db_table}" owner ON owner.id = token.user_id',
        f'JOIN "{Device._meta.db_table}" device ON device.id = token.device_id WHERE token.digest = %s',
    ]
)


@dataclass(frozen=True, slots=True)
class HeldToken:
    """The token a request came with (`request.auth`), and of whom. Other fields of the user load when asked for."""

    digest: str
    user: User
    device_id: UUID
    expiry: datetime | None
    revoked_at: datetime | None


def token_by_digest(digest: str) -> HeldToken | None:
    """Who holds the token; None where nobody does."""
    rows = connection.planned_rows(_STATEMENT, [digest])  # type: ignore[attr-defined]  # backend.core.database
    if not rows:
        return None
    *values, device_id, expiry, revoked_at = rows[0]
    user = User.from_db(connection.alias, _USER, values)
    return HeldToken(digest=digest, user=user, device_id=device_id, expiry=expiry, revoked_at=revoked_at)
