"""The dated rows recalls are opened under. What was only heard of waits for QC's confirmation."""

from datetime import date
from decimal import Decimal

from django.db import migrations

OLD = "食品召回管理办法(2015 年总局令第 12 号,2020 年修订)"
OLD_SOURCE = "lexology.com 9bdea668; m.zu001.cn/policy/333163 (24/48/72 h, 10/20/30 working days)"
NEW = "食品召回管理办法(2026 年市场监管总局令第 122 号)"
NEW_SOURCE = (
    "State Council Gazette 2026, gov.cn/gongbao/2026/issue_12686/202604/content_7066099.html: seen as a citation only; "
    "hours, days and first day are entered from the text when QC confirms it"
)
# level, hours, working days, criterion zh, criterion en
OLD_ROWS = [
    (1, 24, 10, "食用后已经或者可能导致严重健康损害甚至死亡", "Serious harm or death happened or possible"),
    (2, 48, 20, "食用后已经或者可能导致一般健康损害", "General harm happened or possible"),
    (3, 72, 30, "标签、标识存在虚假标注(仅标签瑕疵且无害的为自愿召回)",
     "False labelling (a mere flaw of the label without harm: voluntary)"),
]
# From memory of 21 CFR 7.42(b)(3): A 100 %, C 10 %, D 2 %. Until confirmed every consignee is checked.
SHARES = [(1, "100"), (2, "10"), (3, "2")]
SHARE_SOURCE = "21 CFR 7.42(b)(3) levels A, C, D, from memory, not verified; until confirmed all consignees count"


def add_rows(apps, schema_editor):
    alias = schema_editor.connection.alias
    rules = apps.get_model("traceability", "RecallLevelRule").objects.using(alias)
    for level, hours, days, zh, en in OLD_ROWS:
        texts = {"criterion_zh": zh, "criterion_en": en}
        rules.create(level=level, start_h=hours, complete_working_days=days, law_edition=OLD, source=OLD_SOURCE,
                     valid_from=date(2015, 9, 1), needs_confirmation=False, **texts)
        rules.create(level=level, law_edition=NEW, source=NEW_SOURCE, valid_from=date(2026, 1, 1), **texts)
    policies = apps.get_model("traceability", "RecallCheckPolicy").objects.using(alias)
    for level, share in SHARES:
        policies.create(level=level, share_pct=Decimal(share), valid_from=date(2026, 1, 1), source=SHARE_SOURCE)


def remove_rows(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("traceability", "RecallLevelRule").objects.using(alias).filter(law_edition__in=[OLD, NEW]).delete()
    apps.get_model("traceability", "RecallCheckPolicy").objects.using(alias).filter(source=SHARE_SOURCE).delete()


class Migration(migrations.Migration):
    dependencies = [("traceability", "0007_recalls")]
    operations = [migrations.RunPython(add_rows, remove_rows)]
