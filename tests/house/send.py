"""A request for one operation of the access table, made of the world's rows."""

import re
from typing import Any

import orjson

from backend.accounts.rules import TABLE as RIGHTS
from backend.accounts.rules import Can, Role
from backend.core.permissions import Open
from tests.client import Answer, ApiClient
from tests.house.access_table import TABLE
from tests.house.cell import Cell
from tests.house.operations import Route
from tests.house.scoped import SCOPED
from tests.house.world import World

PREFERRED = (Role.TECHNICIAN, Role.QC, Role.CLERK, Role.LOGISTICS)


def allowed_roles(can: Can | Open) -> frozenset[Role]:
    return frozenset(Role) if isinstance(can, Open) else RIGHTS[can]


def caller_of(route: Route) -> Role | None:
    """One who may: nobody where nobody needs to sign in."""
    cell = TABLE[route.key]
    if cell.can is Open.ANYONE:
        return None
    allowed = allowed_roles(cell.can)
    return next((role for role in PREFERRED if role in allowed), min(allowed))


def reader_of(route: Route) -> Role:
    """Who reads: a role that sees every row where there is one."""
    cell = TABLE[route.key]
    allowed = sorted(allowed_roles(cell.can))
    refused = cell.status if isinstance(cell.status, dict) else {}
    scoped = SCOPED.get(cell.shows, frozenset()) | cell.hidden | set(refused)
    return next((role for role in allowed if role not in scoped), allowed[0])


def near_ids(cell: Cell, world: World, role: Role) -> dict[str, str]:
    """The path's values for a row in the caller's scope."""
    if cell.ids:
        return cell.ids(world, role)
    return {cell.name: world.id_of(cell.row, role)} if cell.row else {}


def far_ids(cell: Cell, world: World, role: Role) -> dict[str, str]:
    """The path's values for somebody else's row."""
    if cell.far_ids:
        return cell.far_ids(world, role)
    return {cell.name: world.far_id_of(cell.row)} if cell.row else {}


def path_of(route: Route, ids: dict[str, str], *, query: str = "") -> str:
    path = re.sub(r"\{(\w+)\}", lambda match: ids[match.group(1)], route.template)
    return f"{path}?{query}" if query else path


def example(cell: Cell, world: World, role: Role) -> Any:
    """The complete body (or the multipart fields) for `role`."""
    make = cell.body or cell.photo
    return make(world, role) if make else None


def send(client: ApiClient, route: Route, *, cell: Cell, ids: dict[str, str], body: Any) -> Answer:
    path = path_of(route, ids, query=cell.query)
    if cell.photo:
        fields = dict(body)
        return client.upload(path, photo=fields.pop("photo"), **fields)
    raw = b"" if body is None else orjson.dumps(body, default=str)
    return client.request(route.method, path, body=raw)
