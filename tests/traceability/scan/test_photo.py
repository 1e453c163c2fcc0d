"""Photos over HTTP: every code of a photo is a scan; hostile and blank files do no harm."""

import io
import re
import shutil
import struct
import subprocess
import zlib

import pytest
from PIL import Image

from backend.core import clock, pdf
from backend.core.ids import uuid7
from bench.degrade import Shot, photo_jpeg
from tests import factories
from tests.traceability.scan.conftest import GTIN, HOST
from traceability.label.symbol import Symbology, symbol_image
from traceability.photo.upload import MAX_BYTES
from traceability.scan import label_paper
from traceability.scan.models import Scan, UnknownCode

JPEG_END = b"\xff\xd9"
ELEMENTS = f"(01){GTIN}(10)YS20240315A01(17)401231"


def picture(*symbols: Image.Image, turn: float = 0, size: tuple[int, int] = (1400, 1400)) -> bytes:
    """Symbols one below the other on grey card, the whole turned, as a JPEG."""
    card = Image.new("L", size, 200)
    top = 120
    for symbol in symbols:
        card.paste(symbol, ((size[0] - symbol.width) // 2, top))
        top += symbol.height + 120
    out = io.BytesIO()
    card.rotate(turn, fillcolor=200, resample=Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
    return out.getvalue()


def fields(**more: str) -> dict[str, str]:
    return {"id": str(uuid7()), "made_at": clock.now().isoformat(), **more}


@pytest.fixture
def phone(sign_in, salt, label_profile):
    return sign_in("technician")


def test_two_codes_of_a_photo_turned_30_degrees_are_two_scans_with_boxes(phone, salt):
    photo = picture(
        symbol_image(ELEMENTS, Symbology.GS1_DATA_MATRIX, scale=8),
        symbol_image("YS20240315A01", Symbology.QR, scale=8),
        turn=30,
    )
    sent = fields(latitude="32.06", longitude="118.79", datum="WGS-84", accuracy_m="8")
    answer = phone.upload("scans/photo", photo=photo, **sent)
    assert answer.status == 200
    scans = answer.json["scans"]
    assert [scan["batch"]["id"] for scan in scans] == [str(salt.pk)] * 2
    assert {scan["photo_code"]["format"] for scan in scans} == {"DATAMATRIX", "QR"}
    for scan in scans:
        box = scan["photo_code"]["box"]
        assert len(box) == 4 and all(0 <= x <= 1400 and 0 <= y <= 1400 for x, y in box)
    assert scans[0]["id"] == sent["id"] and scans[1]["id"] != sent["id"]
    rows = Scan.objects.all()
    assert len(rows) == 2 and {row.source for row in rows} == {"photo"}
    assert {(str(row.latitude), row.datum, row.reader) for row in rows} == {
        ("32.060000", "WGS-84", "zxing-cpp")
    }


@pytest.mark.parametrize(
    ("content", "symbology", "outcome"),
    [
        (ELEMENTS, Symbology.GS1_QR, "ok"),
        (ELEMENTS, Symbology.GS1_DATA_MATRIX, "ok"),
        (ELEMENTS, Symbology.GS1_128, "ok"),
        ("YS20240315A01", Symbology.QR, "ok"),
        ("YS20240315A01", Symbology.DATA_MATRIX, "ok"),
        ("YS20240315A01", Symbology.CODE128, "ok"),
        ("6901234567892", Symbology.EAN13, "ambiguous"),
        ("16901234567899", Symbology.ITF14, "unknown"),
        (f"(01){GTIN}", Symbology.DATABAR, "ambiguous"),
    ],
)
def test_every_symbology_of_our_labels_is_read(phone, salt, content, symbology, outcome):
    answer = phone.upload("scans/photo", photo=picture(symbol_image(content, symbology, scale=4)), **fields())
    assert answer.status == 200
    assert [scan["outcome"] for scan in answer.json["scans"]] == [outcome]


def test_same_photo_again_gives_the_same_scans_and_no_row(phone):
    photo = picture(symbol_image("YS20240315A01", Symbology.QR), symbol_image("ZZ-7", Symbology.QR))
    sent = fields()
    first = phone.upload("scans/photo", photo=photo, **sent)
    again = phone.upload("scans/photo", photo=photo, **sent)
    assert (again.status, again.json) == (200, first.json)
    assert Scan.objects.count() == 2 and UnknownCode.objects.get().times_seen == 1
    other = phone.upload("scans/photo", photo=picture(symbol_image("X", Symbology.QR)), **sent)
    assert (other.status, other.code) == (409, "id_reuse") and Scan.objects.count() == 2


def test_ean_beside_a_batch_code_offers_that_batch_first(phone, salt):
    for _ in range(6):
        factories.make_batch(salt.product, produced_on=clock.today())
    photo = picture(
        symbol_image("6901234567892", Symbology.EAN13, scale=4), symbol_image("YS20240315A01", Symbology.QR)
    )
    scans = phone.upload("scans/photo", photo=photo, **fields()).json["scans"]
    [ean] = [scan for scan in scans if scan["label"]["kind"] == "gtin"]
    assert ean["outcome"] == "ambiguous"
    assert ean["candidates"][0]["batch"]["id"] == str(salt.pk)
    assert "in_same_photo" in [reason["code"] for reason in ean["candidates"][0]["reasons"]]


def test_photo_without_a_code_is_told_so_and_keeps_nothing(phone):
    answer = phone.upload("scans/photo", photo=picture(), **fields())
    assert (answer.status, answer.code) == (422, "no_code_found") and not Scan.objects.exists()


def png_bomb() -> bytes:
    """A small file that promises 30,000 × 30,000 pixels."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(30_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("photo", "status", "code"),
    [
        (b"", 400, "invalid_input"),
        (b"not an image", 415, "unsupported_image_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported_image_format"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(200), 415, "unsupported_image_format"),
        (picture(symbol_image("X", Symbology.QR))[:400], 400, "image_broken"),
        (png_bomb(), 413, "image_too_large"),
        (b"\xff\xd8\xff" + bytes(13_000_000), 413, "image_too_large"),
    ],
    ids=["empty", "text", "svg", "heic", "cut off", "bomb", "13 MB"],
)
def test_hostile_files_are_refused_and_the_next_photo_is_read(phone, salt, photo, status, code):
    answer = phone.upload("scans/photo", photo=photo, **fields())
    assert (answer.status, answer.code) == (status, code) and not Scan.objects.exists()
    good = phone.upload("scans/photo", photo=picture(symbol_image("YS20240315A01", Symbology.QR)), **fields())
    assert good.status == 200


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
def test_photo_itself_may_have_12_mb_whatever_its_frame_takes(phone, more, status):
    photo = picture(symbol_image("YS20240315A01", Symbology.QR))
    room = MAX_BYTES - len(photo) + more - len(JPEG_END)
    photo += bytes(room) + JPEG_END  # after a JPEG's end anything may stand
    answer = phone.upload("scans/photo", photo=photo, **fields())
    assert (answer.status, Scan.objects.count()) == (status, 1 if status == 200 else 0), answer.json


@pytest.mark.parametrize(
    "change",
    [
        {"id": "7"},
        {"made_at": "now"},
        {"latitude": "32.06"},
        {"accuracy_m": "5"},
        {"surprise": "1"},
        {"datum": "WGS"},
    ],
)
def test_wrong_fields_beside_the_photo_are_refused(phone, change):
    photo = picture(symbol_image("YS20240315A01", Symbology.QR))
    answer = phone.upload("scans/photo", photo=photo, **fields(**change))
    assert answer.status == 400 and not Scan.objects.exists()


def test_photo_is_throttled_at_its_own_limit(phone, settings):
    settings.RATES = {**settings.RATES, "photo": "2/min"}
    photo = picture(symbol_image("YS20240315A01", Symbology.QR))
    assert [phone.upload("scans/photo", photo=photo, **fields()).status for _ in range(3)] == [200, 200, 429]
    assert Scan.objects.count() == 2


def test_json_is_no_photo(phone):
    answer = phone.post("scans/photo", fields())
    assert answer.status == 415


# Labels


def test_printed_code_scans_back_to_the_batch_like_a_phone_photo(sign_in, phone, salt):
    made = sign_in("logistics").get(f"batches/{salt.pk}/label?format=png&pack=bag")
    assert made.status == 200 and made.headers["Content-Type"] == "image/png"
    symbol = Image.open(io.BytesIO(made.content))
    shot = Shot(turn_deg=12, tilt_deg=15, blur=0.3, noise=6, jpeg_quality=70)
    answer = phone.upload("scans/photo", photo=photo_jpeg(symbol.convert("L"), shot, seed=3), **fields())
    [scan] = answer.json["scans"]
    assert (scan["outcome"], scan["batch"]["id"]) == ("ok", str(salt.pk))
    assert scan["photo_code"]["text"] == f"https://{HOST}/01/{GTIN}/10/YS20240315A01?17=401231"


def test_printed_label_scans_back_to_the_batch(sign_in, phone, salt, tmp_path):
    made = sign_in("qc").get(f"batches/{salt.pk}/label?format=pdf")
    assert made.status == 200 and made.headers["Content-Type"] == "application/pdf"
    if shutil.which("pdftoppm"):
        (tmp_path / "label.pdf").write_bytes(made.content)
        subprocess.run(["pdftoppm", "-png", "-r", "200", "label.pdf", "page"], cwd=tmp_path, check=True)
        [page] = [file.read_bytes() for file in tmp_path.glob("page*.png")]
    else:
        [page] = pdf.pages_png(label_paper.label_sheet(label_paper.content_of(salt, pack=None)))
    answer = phone.upload("scans/photo", photo=page, **fields())
    [scan] = answer.json["scans"]
    assert (scan["outcome"], scan["batch"]["id"]) == ("ok", str(salt.pk))


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils is not installed")
def test_printed_label_says_it_in_words(sign_in, salt, tmp_path):
    file = tmp_path / "label.pdf"
    file.write_bytes(sign_in("qc").get(f"batches/{salt.pk}/label?format=pdf").content)
    text = subprocess.run(["pdftotext", file, "-"], check=True, capture_output=True, text=True).stdout
    for words in (salt.product.name_zh, "YS20240315A01", GTIN, salt.produced_on.isoformat(), "2040-12-31"):
        assert words in text


def test_label_with_the_longest_names_stays_on_one_page(salt, label_profile):
    salt.product.name_zh, salt.product.name_en = "盐" * 100, "salt " * 20
    salt.code = "X" * 64
    content = label_paper.content_of(salt, pack=None)
    assert len(pdf.pages_png(label_paper.label_sheet(content))) == 1


def test_batch_number_gs1_cannot_carry_is_printed_bare_and_scans_back(sign_in, phone, salt):
    batch = factories.make_batch(salt.product, code="井矿盐20240315-1", trade_item=salt.trade_item)
    made = sign_in("qc").get(f"batches/{batch.pk}/label")
    answer = phone.upload("scans/photo", photo=made.content, **fields())
    [scan] = answer.json["scans"]
    assert (scan["outcome"], scan["batch"]["id"]) == ("ok", str(batch.pk))


def test_product_without_a_pack_has_no_label(sign_in, db):
    batch = factories.make_batch()
    answer = sign_in("qc").get(f"batches/{batch.pk}/label")
    assert (answer.status, answer.code) == (409, "no_trade_item")


def test_without_an_own_host_the_link_is_gs1s(salt):
    content = label_paper.content_of(salt, pack=None)
    assert re.fullmatch(rf"https://id\.gs1\.org/01/{GTIN}/10/YS20240315A01\?17=401231", content.qr_text)


@pytest.mark.parametrize("query", ["format=svg", "pack=truck", "size=9"])
def test_unknown_label_is_refused(sign_in, salt, query):
    assert sign_in("qc").get(f"batches/{salt.pk}/label?{query}").status == 400


@pytest.mark.parametrize("role", ["technician", "dealer", "finance", "admin", "clerk"])
def test_labels_are_printed_by_the_works_only(sign_in, salt, role):
    assert sign_in(role).get(f"batches/{salt.pk}/label").status == 403
