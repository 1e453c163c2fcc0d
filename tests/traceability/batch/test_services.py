"""Steps of a batch: locked, decided by two people, all or nothing."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from django_q.models import OrmQ

from backend.core.errors import IllegalStep, SamePerson
from tests.factories import make_batch, make_certificate, make_user
from traceability.batch import services
from traceability.batch.models import Batch, BatchDecision, Proposal
from traceability.batch.rules import BatchAction, NoConformingCertificate


def state_of(batch: Batch) -> tuple[str, int]:
    batch.refresh_from_db()
    return batch.status, BatchDecision.objects.filter(batch=batch).count()


@pytest.mark.django_db
def test_system_proposal_is_made_once_and_accepted_by_qc():
    batch = make_batch()
    first = services.propose(batch, action=BatchAction.HOLD, reason="two readings", by=None)
    again = services.propose(batch, action=BatchAction.HOLD, reason="third complaint", by=None)
    assert again == first and first.proposed_by is None and state_of(batch) == ("released", 0)
    services.accept_proposal(first, by=make_user("qc"), reason="agreed")
    assert state_of(batch) == ("held", 1)
    assert BatchDecision.objects.get().proposal == first


@pytest.mark.django_db
def test_own_proposal_comes_again_and_that_of_another_is_told():
    batch, director = make_batch(), make_user("director")
    first = services.propose(batch, action=BatchAction.RECALL, reason="a", by=director)
    assert services.propose(batch, action=BatchAction.RECALL, reason="a", by=director) == first
    with pytest.raises(services.ProposalOpen) as told:
        services.propose(batch, action=BatchAction.RECALL, reason="b", by=make_user("qc"))
    assert told.value.params["proposal"] == str(first.pk) and Proposal.objects.count() == 1
    services.propose(batch, action=BatchAction.HOLD, reason="b", by=make_user("qc"))
    assert Proposal.objects.count() == 2


@pytest.mark.django_db
def test_dismissed_proposal_may_be_made_again():
    batch = make_batch()
    first = services.propose(batch, action=BatchAction.HOLD, reason="a", by=None)
    services.dismiss_proposal(first, by=make_user("qc"), reason="not enough")
    assert services.propose(batch, action=BatchAction.HOLD, reason="a", by=None) != first


@pytest.mark.django_db
@pytest.mark.parametrize("action", [BatchAction.RELEASE, BatchAction.HOLD])
def test_step_the_batch_cannot_take_is_not_proposed(action):
    batch = make_batch(status="held")
    with pytest.raises(IllegalStep):
        services.propose(batch, action=action, reason="a", by=None)
    assert not Proposal.objects.exists()


@pytest.mark.django_db
def test_proposer_decides_nothing():
    batch, qc = make_batch(), make_user("qc")
    proposal = services.propose(batch, action=BatchAction.RECALL, reason="a", by=qc)
    for decide in (services.accept_proposal, services.dismiss_proposal):
        with pytest.raises(SamePerson):
            decide(proposal, by=qc, reason="b")
    proposal.refresh_from_db()
    assert proposal.state == "open" and state_of(batch) == ("released", 0)


@pytest.mark.django_db
def test_accepting_what_the_batch_cannot_do_any_more_leaves_the_proposal_open():
    batch = make_batch()
    proposal = services.propose(batch, action=BatchAction.HOLD, reason="a", by=None)
    Batch.objects.update(status="recalled")
    with pytest.raises(IllegalStep):
        services.accept_proposal(proposal, by=make_user("qc"), reason="b")
    proposal.refresh_from_db()
    assert proposal.state == "open" and state_of(batch) == ("recalled", 0)
    services.dismiss_proposal(proposal, by=make_user("qc"), reason="too late")


@pytest.mark.django_db
def test_direct_hold_settles_the_open_proposal_of_somebody_else():
    batch, qc = make_batch(), make_user("qc")
    proposal = services.propose(batch, action=BatchAction.HOLD, reason="a", by=None)
    services.hold_batch(batch, by=qc, reason="seen myself")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by, proposal.decision) == (
        "accepted",
        qc,
        BatchDecision.objects.get(),
    )


@pytest.mark.django_db
def test_direct_hold_leaves_the_own_proposal_to_others():
    batch, qc = make_batch(), make_user("qc")
    proposal = services.propose(batch, action=BatchAction.HOLD, reason="a", by=qc)
    services.hold_batch(batch, by=qc, reason="at once")
    proposal.refresh_from_db()
    assert proposal.state == "open" and state_of(batch) == ("held", 1)


@pytest.mark.django_db
def test_release_follows_hold_by_another_person_with_a_certificate():
    batch, holder, other = make_batch(status="quarantine"), make_user("qc"), make_user("qc")
    services.hold_batch(batch, by=holder, reason="wet pallets")
    with pytest.raises(SamePerson):
        services.release_batch(batch, by=holder, reason="dry again")
    with pytest.raises(NoConformingCertificate):
        services.release_batch(batch, by=other, reason="dry again")
    make_certificate(batch, tested_by=holder)
    services.release_batch(batch, by=other, reason="dry again")
    assert state_of(batch) == ("released", 2)


@pytest.mark.django_db
def test_open_cases_are_counted_without_history():
    batch = make_batch()
    services.count_open_case(batch, change=1)
    services.count_open_case(batch, change=1)
    services.count_open_case(batch, change=-1)
    batch.refresh_from_db()
    assert batch.open_case_count == 1


@pytest.mark.django_db
def test_refused_step_emits_nothing(settings):
    settings.REACTIONS = "tests.traceability.batch.test_services.LISTENING"
    batch = make_batch(status="held")
    with pytest.raises(IllegalStep):
        services.hold_batch(batch, by=make_user("qc"), reason="again")
    assert not OrmQ.objects.exists()
    services.hold_batch(make_batch(), by=make_user("qc"), reason="once")
    assert OrmQ.objects.count() == 1


LISTENING = {"batch.held": ("some.job",)}


def race(*calls):
    """Runs the calls at once, each on its own connection; the exceptions they raised."""
    start, raised = Barrier(len(calls)), []

    def run(call):
        start.wait()
        try:
            call()
        except (services.ProposalDecided, IllegalStep) as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins():
    batch = make_batch()
    proposal = services.propose(batch, action=BatchAction.HOLD, reason="a", by=None)
    one, two = make_user("qc"), make_user("qc")
    raised = race(
        lambda: services.accept_proposal(Proposal.objects.get(), by=one, reason="yes"),
        lambda: services.dismiss_proposal(Proposal.objects.get(), by=two, reason="no"),
    )
    assert len(raised) == 1
    proposal.refresh_from_db()
    assert state_of(batch) == (("held", 1) if proposal.state == "accepted" else ("released", 0))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_hold_at_once_one_wins():
    batch, one, two = make_batch(), make_user("qc"), make_user("qc")
    raised = race(
        lambda: services.hold_batch(batch, by=one, reason="a"),
        lambda: services.hold_batch(Batch.objects.get(), by=two, reason="b"),
    )
    assert len(raised) == 1 and state_of(batch) == ("held", 1)
