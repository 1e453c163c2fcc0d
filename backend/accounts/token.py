"""The token of a request, with its user and device, in one indexed look-up.

Every request of an app asks this. The ORM would build the statement and three whole rows anew each time, which costs
more than PostgreSQL needs to answer; here the statement is planned once and only what requests use is loaded.
"""

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Model

from backend.accounts.models import Device, DeviceToken, User


def _in_order(model: type[Model], *names: str) -> list[str]:
    """`names` as the model orders its fields, which is how `from_db` takes values."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in names]


_TOKEN = _in_order(DeviceToken, "digest", "user_id", "expiry", "device_id")
_USER = _in_order(User, "id", "username", "display_name", "role", "regions", "is_active")
_STATEMENT = " ".join(
    [
        "SELECT",
        ", ".join([*(f"token.{name}" for name in _TOKEN), *(f"owner.{name}" for name in _USER)]),
        f', device.revoked_at FROM "{DeviceToken._meta.db_table}" token',
        f'JOIN "{User._meta.db_table}" owner ON owner.id = token.user_id',
        f'JOIN "{Device._meta.db_table}" device ON device.id = token.device_id WHERE token.digest = %s',
    ]
)


class SignedIn(NamedTuple):
    """Rows with their most used fields; another field of theirs is loaded when it is asked for."""

    user: User
    token: DeviceToken
    revoked_at: datetime | None


def token_by_digest(digest: str) -> SignedIn | None:
    """Who holds the token; None where nobody does."""
    rows = connection.planned_rows(_STATEMENT, [digest])  # type: ignore[attr-defined]  # backend.core.database
    if not rows:
        return None
    row = rows[0]
    token = DeviceToken.from_db(connection.alias, _TOKEN, row[: len(_TOKEN)])
    user = User.from_db(connection.alias, _USER, row[len(_TOKEN) : -1])
    token.user = user
    return SignedIn(user=user, token=token, revoked_at=row[-1])
