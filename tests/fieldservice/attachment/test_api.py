"""Photos over HTTP: kept once, cleaned, and opened only by those who may see a row that shows them."""

import io
import random

import pytest
from PIL import Image

from backend.core.attachment import MAX_BYTES
from backend.core.models import Attachment
from tests import factories, fieldwork
from tests.fieldwork import check, moisture, picture, upload


def jpeg_with_position() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x0112] = 6  # turned: shown upright means width and height swap
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_same_bytes_are_one_attachment_for_both_senders(sign_in):
    one, two = sign_in("technician"), sign_in("technician")
    assert upload(one) == upload(one) == upload(two)
    assert Attachment.objects.count() == 1
    sha256 = upload(two)
    assert one.get(f"attachments/{sha256}").status == two.get(f"attachments/{sha256}").status == 200


def test_stored_picture_has_no_position_and_stands_upright(sign_in):
    phone = sign_in("technician")
    made = phone.upload("attachments", photo=jpeg_with_position()).json
    assert (made["width_px"], made["height_px"]) == (40, 60)
    served = phone.get(f"attachments/{made['sha256']}")
    assert served.status == 200 and b"PhoneMaker" not in served.content
    assert not dict(Image.open(io.BytesIO(served.content)).getexif())


def test_served_as_an_inert_download(sign_in):
    phone = sign_in("technician")
    headers = phone.get(f"attachments/{upload(phone)}").headers
    assert headers["Content-Disposition"].startswith("attachment; filename=")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"].startswith("private")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Type"] == "image/png"


def test_appended_bytes_do_not_survive(sign_in):
    phone = sign_in("technician")
    sha256 = phone.upload("attachments", photo=picture(kind="JPEG") + b"<script>alert(1)</script>").json[
        "sha256"
    ]
    assert b"script" not in phone.get(f"attachments/{sha256}").content


def bomb() -> bytes:
    out = io.BytesIO()
    Image.new("1", (6000, 6000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"GIF89a" + bytes(100), 415, "photo_refused"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "photo_refused"),
        (b"%PDF-1.7", 415, "photo_refused"),
        (picture()[:40], 415, "photo_refused"),
        (picture(kind="JPEG")[:200], 415, "photo_refused"),
        (bomb(), 413, "photo_too_large"),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES), 413, "photo_too_large"),
        (b"", 400, "invalid_input"),
    ],
    ids=["gif", "svg", "pdf", "cut png", "cut jpeg", "36 megapixels", "over 8 MB", "empty"],
)
def test_what_is_no_photo_is_refused_and_nothing_is_kept(sign_in, data, status, code):
    answer = sign_in("technician").upload("attachments", photo=data)
    assert (answer.status, answer.code) == (status, code)
    assert not Attachment.objects.exists()


def test_mutated_pictures_are_kept_or_refused_and_never_break_the_server(sign_in):
    phone = sign_in("technician")
    random.seed(7)
    statuses = set()
    for number in range(60):
        data = bytearray(picture("red", kind=("PNG", "JPEG", "WEBP")[number % 3]))
        for _ in range(8):
            data[random.randrange(len(data))] = random.randrange(256)
        statuses.add(phone.upload("attachments", photo=bytes(data)).status)
    assert statuses <= {201, 413, 415}


def test_body_without_a_photo_is_refused(sign_in):
    answer = sign_in("technician").upload("attachments", photo=picture(), name="file")
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] in ("/photo", "/file")


def test_stranger_gets_404_until_a_row_of_his_shows_the_photo(sign_in):
    phone, clerk = sign_in("technician"), sign_in("clerk")
    visit = factories.make_visit(phone.user)
    sha256 = upload(phone)
    assert clerk.get(f"attachments/{sha256}").status == 404
    body = check(attachment=sha256)
    body.pop("place")
    assert phone.post(f"visits/{visit.pk}/photos", body).status == 201
    assert clerk.get(f"attachments/{sha256}").status == 200
    assert sign_in("clerk", regions=["west"]).get(f"attachments/{sha256}").status == 404
    assert sign_in("technician").get(f"attachments/{sha256}").status == 404


@pytest.mark.parametrize(
    ("role", "status"),
    # Production reads the reading without its photo: a picture may show the customer's yard.
    [("clerk", 200), ("director", 200), ("auditor", 200), ("qc", 200), ("production", 404),
     ("finance", 404), ("logistics", 404), ("admin", 404)],
)  # fmt: skip
def test_photo_of_a_reading_follows_the_reading(sign_in, role, status):
    phone = sign_in("technician")
    visit, batch = factories.make_visit(phone.user), factories.make_batch()
    sha256 = upload(phone)
    answer = phone.post(
        "readings", moisture(visit, batch=batch, instrument=factories.make_instrument(), photo=sha256)
    )
    assert answer.status == 201
    assert sign_in(role).get(f"attachments/{sha256}").status == status


def test_receipt_is_finance_s_to_open_and_not_production_s(sign_in):
    phone = sign_in("technician")
    sha256 = upload(phone)
    factories.make_cost(recorded_by=phone.user, receipt=Attachment.objects.get(pk=sha256))
    assert sign_in("finance").get(f"attachments/{sha256}").status == 200
    assert sign_in("production").get(f"attachments/{sha256}").status == 404


def test_signature_is_not_the_dealer_s_to_open(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    dealer = sign_in(factories.make_dealer(visit.customer))
    fieldwork.walk(phone, visit)
    sha256 = phone.get(f"visits/{visit.pk}").json["signature"]
    assert sign_in("director").get(f"attachments/{sha256}").status == 200
    assert dealer.get(f"attachments/{sha256}").status == 404


def test_unknown_or_foreign_photo_in_a_body_is_refused_with_its_pointer(sign_in):
    phone, other = sign_in("technician"), sign_in("technician")
    visit, batch = factories.make_visit(phone.user), factories.make_batch()
    for sha256 in ("0" * 64, upload(other)):
        body = moisture(visit, batch=batch, instrument=None, photo=sha256)
        answer = phone.post("readings", body)
        assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/photo"
        place = check(photo=sha256)
        answer = phone.post(f"visits/{visit.pk}/check-in", place)
        assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/photo"
    visit.refresh_from_db()
    assert visit.status == "planned" and not visit.readings.exists()


def test_address_that_is_no_hash_is_404(sign_in):
    phone = sign_in("technician")
    assert phone.get("attachments/abc").status == 404
    assert phone.get(f"attachments/{'A' * 64}").status == 404
