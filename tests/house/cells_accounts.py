"""Accounts: sign-in, devices, users, history."""

from typing import Any

from backend.accounts.rules import Can, Role
from backend.core.permissions import Open
from tests import factories
from tests.house.cell import EVERYONE, Cell
from tests.house.world import World

WRONG_PASSWORDS = frozenset({"axes_accessattempt"})
REVOKERS = frozenset({Role.DIRECTOR, Role.ADMIN})


def login(world: World, role: Role) -> Any:
    return {
        "username": world.place.people[role].username,
        "password": factories.PASSWORD,
        "device": {"install_id": "018f0000-0000-7000-8000-000000000001", "name": "手机"},
    }


def page_login(world: World, role: Role) -> Any:
    return {"username": world.place.people[role].username, "password": factories.PASSWORD}


def new_user(world: World, role: Role) -> Any:
    return {
        "username": "newcomer",
        "password": "long-enough-1",
        "display_name": "新同事",
        "role": "clerk",
        "regions": ["east"],
        "phone": "13912345678",
    }


def history_of(world: World, role: Role) -> dict[str, str]:
    return {"name": "customer", "id": world.id_of("written_by_technician")}


def far_history(world: World, role: Role) -> dict[str, str]:
    return {"name": "customer", "id": world.far_id_of("written_by_technician")}


HISTORY = Cell(
    Can.READ_HISTORY,
    ids=history_of,
    far_ids=far_history,
    hidden_from=frozenset({Role.TECHNICIAN, Role.DIRECTOR}),
)

CELLS = {
    ("POST", "auth/login"): Cell(Open.ANYONE, body=login, counts=WRONG_PASSWORDS),
    ("POST", "auth/logout"): Cell(Open.SIGNED_IN, body=lambda world, role: {}),
    ("GET", "auth/session"): Cell(Open.ANYONE),
    ("POST", "auth/session"): Cell(Open.ANYONE, body=page_login, counts=WRONG_PASSWORDS),
    ("DELETE", "auth/session"): Cell(Open.SIGNED_IN),
    ("GET", "me"): Cell(Open.SIGNED_IN),
    ("GET", "devices"): Cell(Open.SIGNED_IN, shows="device"),
    ("POST", "devices/{id}/revoke"): Cell(
        Open.SIGNED_IN,
        row="device",
        hidden_from=EVERYONE - REVOKERS,
        body=lambda world, role: {"reason": "丢失"},
    ),
    ("GET", "users"): Cell(Can.READ_USERS, shows="user"),
    ("POST", "users"): Cell(Can.MANAGE_USERS, body=new_user),
    ("GET", "users/{id}"): Cell(Can.READ_USERS, row="user"),
    ("PATCH", "users/{id}"): Cell(
        Can.MANAGE_USERS, row="user", body=lambda world, role: {"display_name": "改名", "is_active": False}
    ),
    ("GET", "staff"): Cell(Can.READ_STAFF, shows="user"),
    ("GET", "regions"): Cell(Open.SIGNED_IN, shows="region", key="code"),
    ("GET", "history/{name}/{id}"): HISTORY,
    ("GET", "history/{name}/{id}/export"): HISTORY,
}
