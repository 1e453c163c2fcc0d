"""Sign-in, devices, users, regions and the history of any row."""

from typing import Any
from uuid import UUID

import django_filters
from django.contrib.auth import login, logout
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts import queries, services
from backend.accounts.authentication import caller
from backend.accounts.models import User
from backend.accounts.rules import Can, Role
from backend.accounts.token import HeldToken
from backend.core.endpoint import Endpoint, NothingIn, operation
from backend.core.errors import NotFound
from backend.core.fields import Choice, Flag, Id, In, Out, Text
from backend.core.paging import Filters, TextFilter, get_or_404
from backend.core.permissions import Open
from backend.core.table_file import csv_lines

ROLES = [role.value for role in Role]


class DeviceIn(In):
    install_id = Id(help_text="Made once by the app at installation.")
    name = Text(max_length=100)


class LoginIn(In):
    username = Text(max_length=64)
    password = Text(max_length=128, trim_whitespace=False)
    device = DeviceIn()


class PageLoginIn(In):
    username = Text(max_length=64)
    password = Text(max_length=128, trim_whitespace=False)


class UserOut(Out):
    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)
    regions = serializers.ListField(child=serializers.CharField())
    phone = serializers.CharField()
    is_active = serializers.BooleanField()


class MeOut(UserOut):
    can = serializers.SerializerMethodField()

    def get_can(self, user: User) -> list[str]:
        return [can.value for can in Can if user.may(can)]


class DeviceOut(Out):
    id = serializers.UUIDField()
    name = serializers.CharField()
    user_id = serializers.UUIDField()
    username = serializers.CharField(source="user.username")
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    revoked_reason = serializers.CharField()


class LoginOut(Out):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    user = UserOut()
    device = DeviceOut()


class StaffOut(Out):
    id = serializers.UUIDField()
    display_name = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)
    regions = serializers.ListField(child=serializers.CharField())
    qualified_until = serializers.DateField(allow_null=True)


class UserIn(In):
    username = Text(max_length=64)
    password = Text(max_length=128, trim_whitespace=False)
    display_name = Text(max_length=64)
    role = Choice(choices=ROLES)
    regions = serializers.ListField(child=Text(max_length=32), max_length=40, default=list)
    phone = Text(max_length=32, allow_blank=True, default="")


class UserChangeIn(In):
    display_name = Text(max_length=64, required=False)
    role = Choice(choices=ROLES, required=False)
    regions = serializers.ListField(child=Text(max_length=32), max_length=40, required=False)
    phone = Text(max_length=32, allow_blank=True, required=False)
    is_active = Flag(required=False)


class ReasonIn(In):
    reason = Text(max_length=200)


class RegionOut(Out):
    code = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class Login(Endpoint):
    rate = "login"
    authentication_classes = ()

    @operation(Open.ANYONE, takes=LoginIn, gives=LoginOut, replays=False)
    def post(self, request: Request) -> Response:
        """Sign in on a device; answers its token."""
        data = self.read()
        user = services.check_password(request._request, username=data["username"], password=data["password"])
        device = data["device"]
        signed_in = services.sign_in(user, install_id=device["install_id"], device_name=device["name"])
        return self.answer(signed_in)


class Logout(Endpoint):
    @operation(Open.SIGNED_IN, takes=NothingIn, replays=False)
    def post(self, request: Request) -> Response:
        """Sign out: the device's token ends."""
        if isinstance(request.auth, HeldToken):
            services.sign_out(request.auth)
        return self.answer(None)


@method_decorator([ensure_csrf_cookie, csrf_protect], name="dispatch")
class PageSession(Endpoint):
    """Session for pages of the same origin."""

    rate = "login"

    @operation(Open.ANYONE)
    def get(self, request: Request) -> Response:
        """Set the CSRF cookie."""
        return self.answer(None)

    @operation(Open.ANYONE, takes=PageLoginIn, gives=UserOut, replays=False)
    def post(self, request: Request) -> Response:
        """Sign in with a session cookie; needs the CSRF token."""
        data = self.read()
        user = services.check_password(request._request, username=data["username"], password=data["password"])
        login(request._request, user, backend="django.contrib.auth.backends.ModelBackend")
        return self.answer(user)

    @operation(Open.SIGNED_IN)
    def delete(self, request: Request) -> Response:
        """Sign out of the session."""
        logout(request._request)
        return self.answer(None)


class Me(Endpoint):
    @operation(Open.SIGNED_IN, gives=MeOut)
    def get(self, request: Request) -> Response:
        """The caller: role, regions and rights."""
        return self.answer(caller(request))


class Devices(Endpoint):
    @operation(Open.SIGNED_IN, gives=DeviceOut, page=True)
    def get(self, request: Request) -> Response:
        """Devices: the own ones, or all for those who may revoke."""
        return self.page(queries.devices_for(caller(request)))


class DeviceRevoke(Endpoint):
    @operation(Open.SIGNED_IN, takes=ReasonIn, gives=DeviceOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Revoke a device: its token ends at the next request."""
        device = get_or_404(queries.devices_for(caller(request)), id=id)
        if device.user_id != caller(request).pk and not caller(request).may(Can.REVOKE_DEVICE):
            raise NotFound
        return self.answer(services.revoke_device(device, by=caller(request), reason=self.read()["reason"]))


class UserFilters(Filters):
    role = django_filters.ChoiceFilter(choices=[(role, role) for role in ROLES])
    username = TextFilter()


class Users(Endpoint):
    filterset_class = UserFilters

    @operation(Can.READ_USERS, gives=UserOut, page=True)
    def get(self, request: Request) -> Response:
        """Accounts."""
        return self.page(queries.users_for(caller(request)))

    @operation(Can.MANAGE_USERS, takes=UserIn, gives=UserOut, status=201)
    def post(self, request: Request) -> Response:
        """Create an account."""
        data = self.read()
        password = data.pop("password")
        data["regions"] = tuple(data["regions"])
        return self.answer(services.create_user(services.UserData(**data), password=password))


class UserDetail(Endpoint):
    @operation(Can.READ_USERS, gives=UserOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One account."""
        return self.answer(get_or_404(queries.users_for(caller(request)), id=id))

    @operation(Can.MANAGE_USERS, takes=UserChangeIn, gives=UserOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Change role, regions, name, phone or activity."""
        user = get_or_404(queries.users_for(caller(request)), id=id)
        return self.answer(services.change_user(user, **self.read()))


class StaffFilters(Filters):
    role = django_filters.ChoiceFilter(choices=[(role, role) for role in ROLES])
    region = TextFilter(method="in_region")

    def in_region(self, rows: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return rows.filter(regions__contains=[value])


class Staff(Endpoint):
    filterset_class = StaffFilters

    @operation(Can.READ_STAFF, gives=StaffOut, page=True)
    def get(self, request: Request) -> Response:
        """Active colleagues: who can be sent on a visit, who can review a certificate."""
        return self.page(queries.staff_for(caller(request)))


class Regions(Endpoint):
    ordering = "code"

    @operation(Open.SIGNED_IN, gives=RegionOut, page=True)
    def get(self, request: Request) -> Response:
        """Sales regions."""
        return self.page(queries.regions())


class ChangeOut(Out):
    what = serializers.CharField(help_text="insert, update or delete")
    at = serializers.DateTimeField()
    user = serializers.UUIDField(allow_null=True)
    device = serializers.UUIDField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)
    job = serializers.CharField(allow_null=True)
    changed = serializers.JSONField(help_text="name → [before, after]")


class HistoryOut(Out):
    items = ChangeOut(many=True)


class RowHistory(Endpoint):
    @operation(Can.READ_HISTORY, gives=HistoryOut)
    def get(self, request: Request, name: str, id: str) -> Response:
        """Every change of one row: who, device, when, request id, before and after."""
        return self.answer({"items": queries.changes_for(caller(request), name=name, row_id=id)})


class RowHistoryFile(Endpoint):
    @operation(Can.READ_HISTORY, gives=bytes, media_type="text/csv")
    def get(self, request: Request, name: str, id: str) -> StreamingHttpResponse:
        """The same as CSV: one line per changed field."""
        lines = queries.changes_for(caller(request), name=name, row_id=id)
        rows = (
            (
                line["at"].isoformat(),
                line["what"],
                line["user"],
                line["device"],
                line["request_id"],
                field,
                *pair,
            )
            for line in lines
            for field, pair in line["changed"].items()
        )
        header = ("at", "what", "user", "device", "request_id", "field", "before", "after")
        file = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
        file["Content-Disposition"] = f'attachment; filename="history-{name}.csv"'
        return file


urlpatterns: list[Any] = [
    path("auth/login", Login.as_view()),
    path("auth/logout", Logout.as_view()),
    path("auth/session", PageSession.as_view()),
    path("me", Me.as_view()),
    path("devices", Devices.as_view()),
    path("devices/<uuid:id>/revoke", DeviceRevoke.as_view()),
    path("users", Users.as_view()),
    path("users/<uuid:id>", UserDetail.as_view()),
    path("staff", Staff.as_view()),
    path("regions", Regions.as_view()),
    path("history/<slug:name>/<str:id>", RowHistory.as_view()),
    path("history/<slug:name>/<str:id>/export", RowHistoryFile.as_view()),
]
