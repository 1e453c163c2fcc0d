"""The token look-up brings what the ORM would."""

from backend.accounts.models import DeviceToken
from backend.accounts.token import token_by_digest
from tests import factories


def test_it_is_the_same_row_the_orm_finds(db, django_assert_num_queries):
    user = factories.make_user("clerk", regions=["east", "west"])
    factories.make_token(factories.make_user("qc"))
    factories.make_token(user)
    row = DeviceToken.objects.select_related("user", "device").get(user=user)
    with django_assert_num_queries(1):
        found = token_by_digest(row.digest)
        assert found.user == user
        assert (found.user.role, found.user.regions, found.user.username) == (
            "clerk",
            ["east", "west"],
            user.username,
        )
        assert (found.digest, found.device_id, found.expiry) == (row.digest, row.device_id, row.expiry)
        assert found.revoked_at is None


def test_other_fields_are_there_when_asked_for(db):
    user = factories.make_user("qc", phone="13812345678")
    factories.make_token(user)
    found = token_by_digest(DeviceToken.objects.get(user=user).digest)
    assert found.user.phone == "13812345678"


def test_unknown_digest_is_nobody(db):
    assert token_by_digest("0" * 128) is None
