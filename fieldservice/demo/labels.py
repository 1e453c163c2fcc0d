"""What the demo works prints on its labels, and the odd codes it has registered."""

from backend.accounts.models import User
from fieldservice.demo.articles import Articles
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import MONTHS_18, Works
from traceability.scan.models import CodeAlias, LabelProfile

HOST = "t.saltline-demo.example"
BATCH_PATTERNS = [r"^[A-Z]{2}\d{8}[A-Z]\d{2}$", r"^[A-Z]{2}-\d{8}-\d{2}$"]
SERIAL_PATTERNS = [r"^\d{16}$"]
URL_RULES = [{"path": "/q", "param": "c", "field": "token"}]


def make_label_profile(stage: Stage, *, works: Works, goods: Articles, by: User) -> None:
    """Own host and patterns since before the first batch; three aliases: an old code, a stencil, a worn bag."""
    LabelProfile.objects.create(
        own_hosts=[HOST],
        own_url_rules=URL_RULES,
        batch_patterns=BATCH_PATTERNS,
        serial_patterns=SERIAL_PATTERNS,
        valid_from=stage.day(MONTHS_18 + 60),
    )
    old, newer = works.packed[40], works.packed[120]
    CodeAlias.objects.bulk_create(
        [
            CodeAlias(
                code=f"井矿盐{old.produced_on:%Y%m%d}-1", batch=old, note="老式手写批号", created_by=by
            ),
            CodeAlias(
                code=f"10{newer.produced_on:%Y%m%d}", batch=newer, note="模板喷印，无产品代号", created_by=by
            ),
            CodeAlias(
                code="69760120001",
                trade_item=goods.bags["refined_edible_iodised"],
                note="磨损条码，缺校验位",
                created_by=by,
            ),
        ]
    )
