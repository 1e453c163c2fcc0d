"""What a phone may send for a scan, read strictly, and made into entries for the log."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from backend.core.clock import Stamp
from backend.core.fields import Choice, Exact, Id, In, Moment, Photo, Sha256, Text
from backend.core.idempotency import digest_of
from traceability.customer.rules import Datum
from traceability.label.batch_code import LONGEST
from traceability.label.parse import LONGEST_CODE
from traceability.scan.plain_scan import Place, plain_scan
from traceability.scan.rules import ScanSource
from traceability.scan.services import Entry

MOST_SCANS = 200
LONGEST_B64 = 8_192
BY_PHONE = [(source.value, source.value) for source in (ScanSource.TEXT, ScanSource.TYPED)]
Stamper = Callable[[datetime], Stamp]


class ScanPlaceIn(In):
    latitude = Exact(max_digits=9, decimal_places=6, min_value=Decimal(-90), max_value=Decimal(90))
    longitude = Exact(max_digits=9, decimal_places=6, min_value=Decimal(-180), max_value=Decimal(180))
    datum = Choice(choices=Datum.choices(), help_text="WGS-84 from the phone, GCJ-02 from Chinese maps.")
    accuracy_m = Exact(max_digits=8, decimal_places=1, min_value=Decimal(0), allow_null=True, default=None)


class ScanIn(In):
    id = Id(help_text="Made by the app; sending it again gives the stored answer.")
    raw = Text(
        max_length=LONGEST_CODE,
        trim_whitespace=False,
        required=False,
        help_text="The code as text; or raw_b64.",
    )
    raw_b64 = Text(
        max_length=LONGEST_B64, required=False, help_text="The bytes of the code, as the reader gave them."
    )
    aim = Text(max_length=8, allow_blank=True, default="", help_text="Symbology identifier: ]C1, ]d2, ]Q3 …")
    source = Choice(choices=BY_PHONE, default=ScanSource.TEXT.value)  # type: ignore[assignment]  # a field of the body
    made_at = Moment(help_text="By the phone's clock.")
    place = ScanPlaceIn(allow_null=True, default=None)
    batch_number = Text(
        max_length=LONGEST,
        allow_blank=True,
        default="",
        help_text="Typed from the bag where the code names no batch.",
    )
    photo = Sha256(allow_null=True, default=None, help_text="Of the label, from POST attachments.")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if ("raw" in data) == ("raw_b64" in data):
            raise serializers.ValidationError({"raw": [_("Either raw or raw_b64 is expected.")]})
        if "raw_b64" in data:
            data["raw"] = _decoded(data["raw_b64"])
        return data


class ScansIn(In):
    """One scan, or `scans`: up to 200 of them."""

    id = Id(required=False, help_text="Made by the app; sending it again gives the stored answer.")
    raw = Text(max_length=LONGEST_CODE, trim_whitespace=False, required=False)
    raw_b64 = Text(max_length=LONGEST_B64, required=False)
    aim = Text(max_length=8, allow_blank=True, required=False)
    source = Choice(choices=BY_PHONE, required=False)  # type: ignore[assignment]  # a field of the body
    made_at = Moment(required=False)
    place = ScanPlaceIn(allow_null=True, required=False)
    batch_number = Text(max_length=LONGEST, allow_blank=True, required=False)
    photo = Sha256(allow_null=True, required=False)
    scans = serializers.ListField(child=ScanIn(), min_length=1, max_length=MOST_SCANS, required=False)


class PhotoScanIn(In):
    """multipart/form-data."""

    photo = Photo(help_text="JPEG, PNG or WebP, at most 12 MB.")
    id = Id(help_text="Of the photo's first code; further codes get ids derived from it.")
    made_at = Moment(help_text="By the phone's clock.")
    latitude = Exact(
        max_digits=9, decimal_places=6, min_value=Decimal(-90), max_value=Decimal(90), required=False
    )
    longitude = Exact(
        max_digits=9, decimal_places=6, min_value=Decimal(-180), max_value=Decimal(180), required=False
    )
    datum = Choice(choices=Datum.choices(), required=False)
    accuracy_m = Exact(max_digits=8, decimal_places=1, min_value=Decimal(0), required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        given = {"latitude", "longitude", "datum"} & data.keys()
        if (given and len(given) < 3) or ("accuracy_m" in data and not given):
            raise serializers.ValidationError(
                {"latitude": [_("A place needs latitude, longitude and datum.")]}
            )
        return data


def _decoded(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise serializers.ValidationError({"raw_b64": [_("Base64 is expected.")]}) from error
    if not data:
        raise serializers.ValidationError({"raw_b64": [_("The code is empty.")]})
    return data


# One instance serves all requests: validating keeps no state, and building a serializer costs more than using it.
_SCAN_IN = ScanIn()


def entry_of(item: object, *, stamp: Stamper) -> Entry:
    """One scan of a body. Raises ValidationError with one entry per field at fault."""
    plain = plain_scan(item)
    if plain is not None:
        return Entry(
            id=plain.id,
            code=plain.raw,
            aim=plain.aim,
            source=plain.source,
            stamp=stamp(plain.made_at),
            digest=digest_of(item),
            place=plain.place,
            batch_number=plain.batch_number,
        )
    data = _SCAN_IN.run_validation(item)
    place = data["place"]
    return Entry(
        id=data["id"],
        code=data["raw"],
        aim=data["aim"],
        source=ScanSource(data["source"]),
        stamp=stamp(data["made_at"]),
        digest=digest_of(item),
        place=Place(**place) if place else None,
        batch_number=data["batch_number"],
        photo_id=data["photo"],
    )


def photo_entry_of(data: Mapping[str, Any], *, sha256: str, stamp: Stamper) -> Entry:
    """The entry of the photo's first code, its code still empty. `data`: of a valid PhotoScanIn."""
    place = (
        Place(data["latitude"], data["longitude"], data["datum"], data.get("accuracy_m"))
        if "latitude" in data
        else None
    )
    content = {name: value for name, value in data.items() if name not in ("photo", "id")}
    id: UUID = data["id"]
    return Entry(
        id=id,
        code="",
        aim="",
        source=ScanSource.PHOTO,
        stamp=stamp(data["made_at"]),
        digest=digest_of(sha256, content),
        place=place,
    )
