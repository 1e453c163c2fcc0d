"""The shapes of a scan's answer, for the API documents. Answers are written by `scan/answer.py`, not by these."""

from base64 import b64encode

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.core.fields import Out
from traceability.batch.rules import BatchStatus
from traceability.label.label_data import Kind, Status
from traceability.photo.code import Format, Reader
from traceability.scan.candidate import Reason
from traceability.scan.models import Scan
from traceability.scan.rules import NextAction, Outcome, Why


class VerdictOut(Out):
    word = serializers.CharField()
    sentence = serializers.CharField()


class WhyOut(Out):
    code = serializers.ChoiceField(choices=Why.choices())
    text = serializers.CharField()


class NextActionOut(Out):
    code = serializers.ChoiceField(choices=NextAction.choices())
    text = serializers.CharField()


class ReasonOut(Out):
    code = serializers.ChoiceField(choices=Reason.choices())
    text = serializers.CharField()


class WarningOut(Out):
    code = serializers.CharField()
    text = serializers.CharField()


class LabelOut(Out):
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    status = serializers.ChoiceField(choices=[status.value for status in Status])
    gtin = serializers.CharField(allow_null=True)
    content_gtin = serializers.CharField(allow_null=True)
    lot = serializers.CharField(allow_null=True)
    serial = serializers.CharField(allow_null=True)
    sscc = serializers.CharField(allow_null=True)
    produced_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    count = serializers.IntegerField(allow_null=True)
    net_kg = serializers.DecimalField(max_digits=14, decimal_places=5, allow_null=True)
    warnings = WarningOut(many=True)


class ScannedProductOut(Out):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class ScannedBatchOut(Out):
    id = serializers.UUIDField(required=False, help_text="Dealers get neither id nor status nor plant.")
    code = serializers.CharField()
    product = ScannedProductOut()
    status = serializers.ChoiceField(choices=BatchStatus.choices(), required=False)
    is_recalled = serializers.BooleanField()
    produced_on = serializers.DateField()
    expires_on = serializers.DateField(allow_null=True)
    plant = serializers.CharField(required=False)


class CandidateOut(Out):
    code = serializers.CharField()
    batch = ScannedBatchOut(allow_null=True)
    reasons = ReasonOut(many=True)


class PhotoCodeOut(Out):
    text = serializers.CharField()
    format = serializers.ChoiceField(choices=[kind.value for kind in Format])
    reader = serializers.ChoiceField(choices=[reader.value for reader in Reader])
    is_confirmed = serializers.BooleanField()
    box = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        min_length=4,
        max_length=4,
        help_text="Corners in pixels of the photo as displayed.",
    )


class ScanOut(Out):
    id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Outcome.choices())
    verdict = VerdictOut()
    why = WhyOut(many=True)
    label = LabelOut()  # type: ignore[assignment]  # a field of the answer, not the serializer's label
    batch = ScannedBatchOut(allow_null=True)
    product = ScannedProductOut(allow_null=True)
    candidates = CandidateOut(many=True)
    open_cases = serializers.IntegerField(
        required=False, help_text="On this batch; absent where no batch is named or cases may not be read."
    )
    open_proposals = serializers.IntegerField(
        required=False, help_text="To hold, recall or destroy the batch."
    )
    next_actions = NextActionOut(many=True)
    report_id = serializers.UUIDField(allow_null=True, help_text="Entry of the inbox of unknown codes.")
    photo_code = PhotoCodeOut(allow_null=True)
    scanned_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class ScanResultOut(Out):
    """One of many scans, by its place in the request."""

    index = serializers.IntegerField()
    id = serializers.CharField(allow_null=True, help_text="As sent.")
    receipt = serializers.ChoiceField(choices=["stored", "repeated", "refused"])
    scan = ScanOut(allow_null=True)
    problem = serializers.DictField(allow_null=True, help_text="A problem document.")


class ScansOut(Out):
    """Many scans: how many of each result, and each in its order."""

    stored = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = ScanResultOut(many=True)


class PhotoScansOut(Out):
    """Every code of the photo is one scan; the first has the id that was sent."""

    scans = ScanOut(many=True)


class LoggedBatchOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    status = serializers.CharField()


class LoggedProductOut(Out):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    name_zh = serializers.CharField()
    name_en = serializers.CharField()


class ScannedByOut(Out):
    id = serializers.UUIDField()
    display_name = serializers.CharField()


class LoggedScanOut(Out):
    """A row of the scan log."""

    id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Outcome.choices())
    source = serializers.CharField()  # type: ignore[assignment]  # a field of the answer
    raw = serializers.CharField()
    aim = serializers.CharField()
    reader = serializers.CharField()
    batch_number = serializers.CharField()
    label_kind = serializers.CharField()
    gtin = serializers.CharField()
    lot = serializers.CharField()
    serial = serializers.CharField()
    sscc = serializers.CharField()
    batch = LoggedBatchOut(allow_null=True)
    product = LoggedProductOut(allow_null=True)
    recorded_by = ScannedByOut()
    device_id = serializers.UUIDField(allow_null=True)
    device_at = serializers.DateTimeField(help_text="By the phone's clock.")
    corrected_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    clock_suspect = serializers.BooleanField()
    latitude = serializers.DecimalField(max_digits=9, decimal_places=6, allow_null=True)
    longitude = serializers.DecimalField(max_digits=9, decimal_places=6, allow_null=True)
    datum = serializers.CharField()
    accuracy_m = serializers.DecimalField(max_digits=8, decimal_places=1, allow_null=True)
    photo = serializers.CharField(source="photo_id", allow_null=True)


class LoggedScanDetailOut(LoggedScanOut):
    raw_b64 = serializers.SerializerMethodField(help_text="The bytes as they were read.")
    answer = serializers.SerializerMethodField()

    def get_raw_b64(self, scan: Scan) -> str:
        return b64encode(scan.raw_bytes).decode()

    @extend_schema_field(ScanOut)
    def get_answer(self, scan: Scan) -> dict[str, object]:
        """As the phone got it."""
        return dict(scan.answer)
