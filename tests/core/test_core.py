"""The smaller manners: throttles, health, times, states, jobs, ids."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test import RequestFactory
from django.utils.translation import override

from backend.core import clock, queue, throttle
from backend.core.errors import IllegalStep
from backend.core.ids import uuid7
from backend.core.numbering import next_number
from backend.core.problems import document
from backend.core.states import allowed_actions, step
from traceability.batch.rules import STEPS, BatchAction, BatchStatus

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("proxies", "header", "expected"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "1.1.1.1, 2.2.2.2", "2.2.2.2"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "2.2.2.2", "9.9.9.9"),
    ],
)
def test_forged_forwarded_for_is_never_believed(settings, proxies, header, expected):
    settings.NUM_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header}, REMOTE_ADDR="9.9.9.9")
    assert throttle.client_ip(request) == expected


def test_the_request_after_the_limit_is_429_with_a_wait(sign_in, settings):
    settings.RATES = {**settings.RATES, "api": "3/min"}
    client = sign_in("qc")
    assert [client.get("me").status for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("me")
    assert answer.code == "too_many_requests" and int(answer.headers["Retry-After"]) >= 1
    assert sign_in("qc").get("me").status == 200
    cache.clear()


def test_health_answers(anonymous):
    assert anonymous.get("/healthz").status == 200
    ready = anonymous.get("/readyz")
    assert ready.json["database"] == "ok" and ready.json["migrations_pending"] == 0


def test_stuck_job_makes_the_server_not_ready(anonymous):
    queue.enqueue("backend.core.clock.today")
    later = clock.now() + timedelta(seconds=700)
    assert queue.oldest_ready_s(later) >= 700
    assert queue.oldest_ready_s() < 60


@pytest.mark.django_db
def test_rolled_back_work_leaves_no_job():
    with pytest.raises(RuntimeError), transaction.atomic():
        queue.enqueue("backend.core.clock.today")
        raise RuntimeError
    assert queue.oldest_ready_s() == 0


@pytest.mark.django_db
def test_unknown_event_is_refused():
    with pytest.raises(KeyError):
        queue.emit("no.such.event")


@pytest.mark.parametrize("change", [{"bulk": 8}, {"retry": 100}, {"max_attempts": 0}, {"queue_limit": 9}])
def test_unsafe_cluster_settings_are_refused(settings, change):
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, **change}
    assert queue.check_cluster(None)


def test_phone_clock_two_hours_wrong_is_corrected():
    stamp = clock.stamp(
        made_at=NOW - timedelta(hours=2, minutes=10), sent_at=NOW - timedelta(hours=2), received_at=NOW
    )
    assert stamp.corrected_at == NOW - timedelta(minutes=10)
    assert stamp.suspect and stamp.offset_s == 7200


def test_nothing_is_measured_after_we_heard_of_it():
    stamp = clock.stamp(made_at=NOW + timedelta(days=400), sent_at=None, received_at=NOW)
    assert stamp.corrected_at == NOW and stamp.suspect


@pytest.mark.parametrize(
    ("back", "is_proven"), [(timedelta(hours=1), True), (timedelta(hours=1, seconds=1), False)]
)
def test_time_far_back_is_proven_only_by_the_phone_s_clock_beside_it(back, is_proven):
    bare = clock.stamp(made_at=NOW - back, sent_at=None, received_at=NOW)
    assert bare.is_proven is is_proven and bare.suspect is not is_proven
    assert bare.corrected_at == NOW - back
    with_clock = clock.stamp(made_at=NOW - back, sent_at=NOW, received_at=NOW)
    assert with_clock.is_proven and not with_clock.suspect


def test_factory_day_begins_at_16_utc():
    assert clock.factory_date(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)).day == 2
    assert clock.factory_date(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)).day == 1


def test_illegal_step_names_the_possible_ones():
    with pytest.raises(IllegalStep) as refusal:
        step(STEPS, state=BatchStatus.DESTROYED, action=BatchAction.RELEASE)
    assert refusal.value.params["allowed"] == "—"
    assert allowed_actions(STEPS, state=BatchStatus.HELD) == [
        BatchAction.RELEASE,
        BatchAction.RECALL,
        BatchAction.DESTROY,
    ]


def test_ids_are_version_7_and_grow():
    ids = [uuid7() for _ in range(100)]
    assert {value.version for value in ids} == {7} and len(set(ids)) == 100
    assert ids[0].int >> 80 <= ids[-1].int >> 80
    assert uuid4().version == 4


@pytest.mark.django_db
def test_numbers_have_no_gaps_and_start_anew_each_month():
    assert [next_number("C", on=NOW.date()) for _ in range(2)] == ["C-202603-0001", "C-202603-0002"]
    assert next_number("C", on=NOW.date() + timedelta(days=31)) == "C-202604-0001"


@pytest.mark.django_db
def test_schedule_rows_follow_the_code():
    queue.Schedule.objects.create(name="stranger", func="os.system", schedule_type="O")
    assert queue.check_schedule_rows(None, databases=["default"])
    queue.sync_schedule()
    assert not queue.check_schedule_rows(None, databases=["default"])
    assert not queue.Schedule.objects.filter(name="stranger").exists()


@pytest.mark.django_db
def test_every_model_change_has_its_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_codes_in_a_sentence_are_said_in_its_language_and_stay_codes_beside_it():
    refused = IllegalStep(state="released", action="check_in", allowed="hold, recall")
    with override("zh-hans"):
        body = document(refused, request_id=None)
    assert body["detail"] == "状态“已放行”下不能执行“签到”；可执行：冻结, 召回。"
    assert (body["state"], body["action"], body["allowed"]) == ("released", "check_in", "hold, recall")
    with override("en"):
        assert "“released”" in document(refused, request_id=None)["detail"]
