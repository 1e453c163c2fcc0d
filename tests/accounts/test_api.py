"""Signing in, devices, users: over HTTP."""

from tests import factories
from tests.client import ApiClient


def login(client: ApiClient, *, username: str, password: str = factories.PASSWORD, **headers: str):
    device = {"install_id": "018f0000-0000-7000-8000-000000000001", "name": "Phone"}
    return client.post(
        "auth/login", {"username": username, "password": password, "device": device}, **headers
    )


def test_login_gives_a_token_that_works(anonymous):
    user = factories.make_user("technician")
    answer = login(anonymous, username=user.username)
    assert answer.status == 200
    anonymous.token = answer.json["token"]
    me = anonymous.get("me")
    assert me.status == 200 and me.json["username"] == user.username
    assert "resolve_code" in me.json["can"] and "hold_batch" not in me.json["can"]


def test_second_login_on_a_device_ends_the_first_token(anonymous):
    user = factories.make_user("technician")
    first = login(anonymous, username=user.username).json["token"]
    login(anonymous, username=user.username)
    anonymous.token = first
    assert anonymous.get("me").status == 401


def test_login_does_not_tell_known_from_unknown_or_inactive(anonymous):
    known = factories.make_user("technician")
    idle = factories.make_user("technician", is_active=False)
    answers = [
        login(anonymous, username=known.username, password="wrong-password"),
        login(anonymous, username="nobody", password="wrong-password"),
        login(anonymous, username=idle.username),
    ]
    bodies = [{key: value for key, value in a.json.items() if key != "request_id"} for a in answers]
    assert [a.status for a in answers] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]


def test_sixth_wrong_password_is_locked_even_from_other_addresses(anonymous):
    user = factories.make_user("technician")
    for number in range(5):
        forged = {"X_Forwarded_For": f"10.0.0.{number}"}
        assert login(anonymous, username=user.username, password="wrong", **forged).status == 401
    locked = login(anonymous, username=user.username)
    assert locked.status == 429 and locked.code == "login_locked"
    assert int(locked.headers["Retry-After"]) > 0


def test_unknown_name_is_locked_the_same_way(anonymous):
    for _ in range(5):
        assert login(anonymous, username="ghost", password="wrong").status == 401
    assert login(anonymous, username="ghost", password="wrong").code == "login_locked"


def test_revoked_device_is_refused_at_once_and_told_to_wipe(sign_in):
    phone = sign_in("technician")
    admin = sign_in("admin")
    device = phone.get("devices").json["items"][0]
    assert admin.post(f"devices/{device['id']}/revoke", {"reason": "lost"}).status == 200
    refused = phone.get("me")
    assert refused.status == 401 and refused.code == "device_revoked" and refused.json["wipe"] is True


def test_technician_cannot_revoke_the_device_of_another(sign_in):
    other = sign_in("technician")
    device = other.get("devices").json["items"][0]
    assert sign_in("technician").post(f"devices/{device['id']}/revoke", {"reason": "x"}).status == 404
    assert other.get("me").status == 200


def test_deactivated_user_is_out_at_once(sign_in):
    phone = sign_in("technician")
    admin = sign_in("admin")
    assert admin.patch(f"users/{phone.user.pk}", {"is_active": False}).status == 200
    assert phone.get("me").status == 401


def test_admin_creates_a_user_once_per_key(sign_in):
    admin = sign_in("admin")
    body = {
        "username": "new",
        "password": "long-enough-1",
        "display_name": "新人",
        "role": "qc",
        "regions": ["east"],
    }
    first = admin.post("users", body, Idempotency_Key="k-1")
    again = admin.post("users", body, Idempotency_Key="k-1")
    assert first.status == again.status == 201 and first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    other = admin.post("users", {**body, "username": "other"}, Idempotency_Key="k-1")
    assert other.status == 409 and other.code == "id_reuse"
    assert admin.post("users", body).code == "name_taken"


def test_unknown_fields_and_wrong_types_are_refused(sign_in):
    admin = sign_in("admin")
    body = {
        "username": "new",
        "password": "long-enough-1",
        "display_name": 5,
        "role": "king",
        "is_admin": True,
    }
    answer = admin.post("users", body)
    assert answer.status == 400 and answer.code == "invalid_input"
    assert {"/is_admin"} == {error["pointer"] for error in answer.json["errors"]}
    assert admin.get("users?username=new").json["items"] == []


def test_texts_follow_the_language_and_the_code_does_not(anonymous):
    english = anonymous.get("me", Accept_Language="en")
    chinese = anonymous.get("me", Accept_Language="zh-CN")
    assert english.code == chinese.code == "not_authenticated"
    assert chinese.headers["Content-Language"] == "zh-hans"


def test_session_needs_the_csrf_token(anonymous):
    user = factories.make_user("qc")
    anonymous.http.handler.enforce_csrf_checks = True
    body = {"username": user.username, "password": factories.PASSWORD}
    assert anonymous.post("auth/session", body).status == 403
    anonymous.get("auth/session")
    token = anonymous.http.cookies["csrftoken"].value
    assert anonymous.post("auth/session", body, X_CSRFToken=token).status == 200
    assert anonymous.get("me").json["username"] == user.username
    assert anonymous.post("auth/logout").status == 403


def test_history_names_who_device_request_and_both_values(sign_in):
    admin = sign_in("admin")
    user = factories.make_user("technician", display_name="旧名")
    changed = admin.patch(f"users/{user.pk}", {"display_name": "新名"}, X_Request_ID="req-12345678")
    assert changed.status == 200
    line = sign_in("auditor").get(f"history/user/{user.pk}").json["items"][0]
    assert line["what"] == "update" and line["changed"]["display_name"] == ["旧名", "新名"]
    assert line["user"] == str(admin.user.pk) and line["request_id"] == "req-12345678" and line["device"]
    assert "password" not in str(line)


def test_history_holds_bulk_writes(sign_in):
    users = [factories.make_user("technician") for _ in range(3)]
    type(users[0]).objects.filter(pk__in=[user.pk for user in users]).update(phone="13900000000")
    auditor = sign_in("auditor")
    for user in users:
        line = auditor.get(f"history/user/{user.pk}").json["items"][0]
        assert line["changed"] == {"phone": ["", "13900000000"]}


def test_technician_reads_only_own_entries(sign_in):
    technician = sign_in("technician")
    assert technician.get(f"history/user/{technician.user.pk}").status == 404
    assert sign_in("qc").get(f"history/user/{technician.user.pk}").status == 403
    assert sign_in("auditor").get("history/nothing/1").status == 404


def test_history_masks_personal_data_for_the_auditor_and_is_closed_to_the_admin(sign_in):
    customer = factories.make_customer(contact_name="王小明", contact_phone="13812345678")
    type(customer).objects.filter(pk=customer.pk).update(contact_phone="13900001111", tier="key")
    path = f"history/customer/{customer.pk}"
    masked = sign_in("auditor").get(path)
    assert masked.json["items"][0]["changed"] == {
        "contact_phone": ["***", "***"],
        "tier": ["standard", "key"],
    }
    assert b"1381234" not in masked.content and "王小明" not in masked.content.decode()
    assert b"1390000" not in sign_in("auditor").get(f"{path}/export").content
    clear = sign_in("director").get(path).json["items"][0]["changed"]
    assert clear["contact_phone"] == ["13812345678", "13900001111"]
    assert sign_in("admin").get(path).status == 403


def test_history_exports_inert_csv(sign_in):
    admin = sign_in("admin")
    user = factories.make_user("technician")
    admin.patch(f"users/{user.pk}", {"display_name": "=cmd|' /C calc'!A0"})
    file = sign_in("auditor").get(f"history/user/{user.pk}/export")
    assert file.status == 200 and file.content.startswith("\ufeff".encode())
    assert b"'=cmd" in file.content and b",=cmd" not in file.content


def test_clerk_finds_the_technicians_of_the_own_regions_only(sign_in):
    near = factories.make_user("technician", regions=["east"])
    factories.make_user("technician", regions=["west"])
    factories.make_user("technician", regions=["east"], is_active=False)
    clerk = sign_in("clerk", regions=["east"])
    found = clerk.get("staff?role=technician&region=east").json["items"]
    assert [row["id"] for row in found] == [str(near.pk)] and "phone" not in found[0]
    assert {row["id"] for row in clerk.get("staff").json["items"]} == {str(near.pk), str(clerk.user.pk)}
    assert sign_in("technician").get("staff").status == 403
