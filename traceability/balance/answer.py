"""What the addresses of the mass balance take and give."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from backend.core.fields import Choice, Day, Exact, In, Moment, Out, Text
from traceability.balance.queries import BalanceSheet, JudgedRun
from traceability.balance.rules import BalanceVerdict, FindingState, Rule
from traceability.batch.api import BatchRefOut
from traceability.batch.rules import OWN_KINDS, BatchKind

STAGES = [(kind.value, kind.value) for kind in OWN_KINDS]


class StockCountIn(In):
    counted_at = Moment()
    on_hand_kg = Exact(max_digits=14, decimal_places=3, min_value=0)
    scrap_kg = Exact(
        max_digits=14, decimal_places=3, min_value=0, default=Decimal(0), help_text="All scrapped up to then."
    )
    retained_kg = Exact(
        max_digits=14,
        decimal_places=3,
        min_value=0,
        default=Decimal(0),
        help_text="All kept as samples up to then.",
    )
    note = Text(max_length=300, allow_blank=True, default="")


class StockCountOut(Out):
    id = serializers.UUIDField()
    counted_at = serializers.DateTimeField()
    on_hand_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    scrap_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    retained_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    by = serializers.CharField(
        source="by.display_name", default=None, allow_null=True, help_text="Null: came by audit import."
    )
    recorded_at = serializers.DateTimeField()
    note = serializers.CharField()


class KgRowsOut(Out):
    kg = serializers.DecimalField(max_digits=20, decimal_places=3, help_text="Up to the count.")
    later_kg = serializers.DecimalField(max_digits=20, decimal_places=3, help_text="Since the count.")
    rows = serializers.CharField(help_text="Address of the rows it sums.")


class BandInForceOut(Out):
    id = serializers.UUIDField()
    low_pct = serializers.DecimalField(max_digits=6, decimal_places=3)
    high_pct = serializers.DecimalField(max_digits=6, decimal_places=3)
    valid_from = serializers.DateField()


class RunBalanceOut(Out):
    transformation = serializers.UUIDField(source="run.id")
    number = serializers.CharField(source="run.number")
    stage = serializers.ChoiceField(source="run.stage", choices=BatchKind.choices())
    in_kg = serializers.DecimalField(source="run.run.in_kg", max_digits=20, decimal_places=3)
    out_kg = serializers.DecimalField(source="run.run.out_kg", max_digits=20, decimal_places=3)
    loss_kg = serializers.DecimalField(source="run.run.loss_kg", max_digits=14, decimal_places=3)
    residual_kg = serializers.DecimalField(source="run.run.residual_kg", max_digits=20, decimal_places=3)
    accounted_pct = serializers.SerializerMethodField(
        help_text="Share of the kg put in that came out or is booked as loss; null where none went in."
    )
    band = BandInForceOut(allow_null=True, help_text="Null: no confirmed band, nothing judges it.")
    # Text, not a choice: the document would lose the null beside a named enumeration.
    finding = serializers.CharField(
        source="rule",
        allow_null=True,
        help_text="`yield_low` or `yield_high`; null: within the band, or none judges.",
    )

    def get_accounted_pct(self, judged: JudgedRun) -> str | None:
        run = judged.run.run
        return str(round(run.accounted_pct, 3)) if run.in_kg > 0 else None


class BalanceOut(Out):
    batch = BatchRefOut()
    produced_kg = serializers.DecimalField(source="batch.qty_kg", max_digits=14, decimal_places=3)
    used = serializers.SerializerMethodField()
    shipped = serializers.SerializerMethodField()
    counted_at = serializers.DateTimeField(
        source="account.counted_at", allow_null=True, help_text="Null: nobody has counted."
    )
    counts = serializers.SerializerMethodField(help_text="Address of the stock counts.")
    on_hand_kg = serializers.SerializerMethodField()
    scrap_kg = serializers.SerializerMethodField()
    retained_kg = serializers.SerializerMethodField()
    residual_kg = serializers.DecimalField(
        source="balance.residual_kg", max_digits=20, decimal_places=3, help_text="Negative: more went out."
    )
    tolerance_kg = serializers.DecimalField(source="balance.tolerance_kg", max_digits=14, decimal_places=3)
    verdict = serializers.ChoiceField(source="balance.verdict", choices=BalanceVerdict.choices())
    transformations = RunBalanceOut(source="runs", many=True, help_text="The runs it came out of.")

    def get_used(self, sheet: BalanceSheet) -> KgRowsOut:
        return self._kg_rows(sheet, "used_kg", f"/api/v1/batches/{sheet.batch.pk}/children")

    def get_shipped(self, sheet: BalanceSheet) -> KgRowsOut:
        return self._kg_rows(sheet, "shipped_kg", f"/api/v1/shipments?batch={sheet.batch.pk}")

    def _kg_rows(self, sheet: BalanceSheet, name: str, address: str) -> Any:
        account = sheet.account.account
        kg, later_kg = getattr(account.before, name), getattr(account.after, name)
        return KgRowsOut({"kg": kg, "later_kg": later_kg, "rows": address}).data

    def get_counts(self, sheet: BalanceSheet) -> str:
        return f"/api/v1/batches/{sheet.batch.pk}/stock-counts"

    def get_on_hand_kg(self, sheet: BalanceSheet) -> str | None:
        return self._counted(sheet, "on_hand_kg")

    def get_scrap_kg(self, sheet: BalanceSheet) -> str | None:
        return self._counted(sheet, "scrap_kg")

    def get_retained_kg(self, sheet: BalanceSheet) -> str | None:
        return self._counted(sheet, "retained_kg")

    def _counted(self, sheet: BalanceSheet, name: str) -> str | None:
        count = sheet.account.account.count
        return f"{getattr(count, name):.3f}" if count else None


class BandIn(In):
    stage = Choice(choices=STAGES)
    low_pct = Exact(max_digits=6, decimal_places=3, min_value=0, max_value=200)
    high_pct = Exact(max_digits=6, decimal_places=3, min_value=0, max_value=200)
    valid_from = Day()
    source = Text(max_length=300)  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away


class ConfirmBandIn(In):
    document = Text(max_length=200, help_text="What was read: document, edition, page.")


class BandOut(Out):
    id = serializers.UUIDField()
    stage = serializers.ChoiceField(choices=STAGES)
    low_pct = serializers.DecimalField(max_digits=6, decimal_places=3)
    high_pct = serializers.DecimalField(max_digits=6, decimal_places=3)
    valid_from = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]  # a column of ours, as above
    needs_confirmation = serializers.BooleanField()
    confirmed_by = serializers.CharField(
        source="confirmed_by.display_name", default=None, allow_null=True, help_text="Display name."
    )
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirmed_document = serializers.CharField()


class FindingOut(Out):
    id = serializers.UUIDField()
    rule = serializers.ChoiceField(choices=Rule.choices())
    batch = BatchRefOut()
    residual_kg = serializers.DecimalField(max_digits=14, decimal_places=3, allow_null=True)
    tolerance_kg = serializers.DecimalField(max_digits=14, decimal_places=3, allow_null=True)
    evidence = serializers.JSONField(
        help_text="What the rule saw: kg of the batch's books; of circles and industrial ancestors the path."
    )
    state = serializers.ChoiceField(choices=FindingState.choices())
    first_seen_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    settled_by = serializers.CharField(
        source="settled_by.display_name", default=None, allow_null=True, help_text="Display name."
    )
    settled_at = serializers.DateTimeField(allow_null=True)
    settle_reason = serializers.CharField()


class SettleFindingIn(In):
    reason = Text(max_length=500)


class RefreshOut(Out):
    id = serializers.UUIDField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    batches = serializers.IntegerField()
    links = serializers.IntegerField()
    found = serializers.IntegerField()
    opened = serializers.IntegerField()
    cleared = serializers.IntegerField()
