"""What a person gets to try: accounts, and lines to paste into a shell."""

import json

from fieldservice.demo import wet_batch
from fieldservice.demo.people import PASSWORD, SHOWN
from fieldservice.instrument.models import Instrument
from fieldservice.visit.models import Visit
from traceability.batch.models import Batch
from traceability.recall.models import Recall
from traceability.scan.label_paper import content_of

LOGIN = {
    "username": "technician1",
    "password": PASSWORD,
    "device": {"install_id": "018f0000-0000-7000-8000-0000000000d0", "name": "demo"},
}
TAKE_TOKEN = """python3 -c 'import json,sys;print(json.load(sys.stdin)["token"])'"""
NEW_ID, NOW = "$(cat /proc/sys/kernel/random/uuid)", "$(date -u +%FT%TZ)"
WET_AGAIN = ["0.58", "0.57", "0.59"]


def accounts() -> list[dict[str, str]]:
    """One account per role, and quality control's second person."""
    return [
        {"username": each.username, "password": PASSWORD, "role": each.role.value, "name": each.name}
        for each in SHOWN
    ]


def tries() -> list[str]:
    """Sign in; scan the batch that is going wrong; measure it wet again; then what a recall asks for, who has the
    goods, and how long a drill took. `{url}` is the server's address.
    """
    visit = wet_batch.revisit()
    if visit is None:
        return []
    batch = visit.batch_links.select_related("batch__product", "batch__trade_item").get().batch
    sign_in = _post("auth/login", LOGIN, token=False)
    measure = _post("readings", _reading(visit, batch))
    return [
        f"TOKEN=$({sign_in} | {TAKE_TOKEN})",
        _post("scans", {"source": "text", "raw": content_of(batch, pack=None).qr_text} | _made()),
        f"{measure}   # then qc finds a hold proposed: {{url}}/api/v1/proposals?state=open",
        f"{_get('my-day')}   # a recall's tasks beside today's visits; POST recall-tasks/…/take takes one",
        *_of_recalls(),
    ]


def _of_recalls() -> list[str]:
    """The recalled batch traced both ways, and the report of the drill, as quality control."""
    running = Recall.objects.filter(is_drill=False).order_by("-proposed_at").first()
    drill = Recall.objects.filter(is_drill=True).order_by("-proposed_at").first()
    if running is None or drill is None:
        return []
    start = running.starts.select_related("batch").get().batch
    sign_in = f"QC=$({_post('auth/login', LOGIN | {'username': 'qc1'}, token=False)} | {TAKE_TOKEN})"
    trace = _get(f"batches/{start.code}/trace?direction=forward", variable="QC")
    return [
        f"{sign_in}; {trace}   # who has it; backward: what it was made of, with the silo's heel",
        f"{_get(f'recalls/{drill.pk}/drill-report', variable='QC')}   # the drill: minutes to each step, % accounted",
    ]


def _made() -> dict[str, str]:
    return {"id": f"'{NEW_ID}'", "made_at": f"'{NOW}'"}


def _reading(visit: Visit, batch: Batch) -> dict[str, object]:
    meter = Instrument.objects.filter(holder=visit.technician, parameter="moisture").get()
    return _made() | {
        "visit": str(visit.pk),
        "batch": str(batch.pk),
        "instrument": str(meter.pk),
        "parameter": "moisture",
        "method": "GB/T 13025.3",
        "basis": "wet",
        "unit": "%",
        "drying_temp_c": "140",
        "replicates": WET_AGAIN,
    }


def _get(path: str, *, variable: str = "TOKEN") -> str:
    return f"curl -s '{{url}}/api/v1/{path}' -H \"Authorization: Token ${variable}\""


def _post(path: str, body: object, *, token: bool = True) -> str:
    """A curl line; the single quotes within the body let the shell fill in ids and times."""
    who = ' -H "Authorization: Token $TOKEN"' if token else ""
    return f"curl -s {{url}}/api/v1/{path}{who} -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
