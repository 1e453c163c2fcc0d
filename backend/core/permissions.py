"""Who may: each operation names one `Can`; the user's role holds it or not. Rows are scoped in the queries."""

from enum import StrEnum
from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Open(StrEnum):
    """Operations that need no right of a role."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"


class HasCan(BasePermission):
    """Default deny: an operation without a declared right is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        operation = view.operation_for(request.method)
        if operation is None:
            return True  # no such method: the answer is 405
        if operation.can is Open.ANYONE:
            return True
        if not request.user or not request.user.is_authenticated:
            raise NotAuthenticated
        return operation.can is Open.SIGNED_IN or request.user.may(operation.can)
