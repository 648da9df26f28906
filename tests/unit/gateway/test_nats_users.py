"""Rights on NATS are lists of subjects: each worker has its own, and a company's server what its workers have."""

import re

from gateway import nats_users
from schemas import subjects
from tests.statements import BUNDLE

W, V = "w" * 43, "v" * 43
QUEUES = [("company", BUNDLE)]


def test_two_workers_share_nothing_but_their_queue() -> None:
    first, second = nats_users.of_worker(W, QUEUES), nats_users.of_worker(V, QUEUES)
    assert set(first.subscribe) & set(second.subscribe) == set()
    shared = set(first.publish) & set(second.publish)
    assert {subject.split(".")[0] for subject in shared} == {"$JS"}


def test_no_right_is_wider_than_one_worker_or_one_consumer() -> None:
    consumer = subjects.consumer("company", BUNDLE)
    rights = nats_users.of_worker(W, QUEUES)
    for subject in (*rights.publish, *rights.subscribe):
        assert W in subject or consumer in subject, subject
        assert not subject.startswith((">", "*", "$KV", "likeness.*")), subject


def test_a_worker_without_a_queue_pulls_from_none() -> None:
    assert all(subject.startswith("likeness.") for subject in nats_users.of_worker(W, []).publish)


def test_a_company_has_what_its_workers_have_and_no_more() -> None:
    leaf = nats_users.of_company({W: QUEUES, V: QUEUES})
    each = [nats_users.of_worker(worker, QUEUES) for worker in (W, V)]
    assert set(leaf.subscribe) == {subject for one in each for subject in one.subscribe}
    there = {subject.replace(nats_users.PULL, nats_users.COMPANY_PULL) for one in each for subject in one.publish}
    assert set(leaf.publish) == there
    assert len(leaf.publish) == len(there)


def test_an_operator_hears_of_no_subject_of_ours() -> None:
    rights = nats_users.of_operator()
    assert not re.search(r"likeness|JS|KV|CONNZ|SUBSZ|ACCOUNT", "".join((*rights.publish, *rights.subscribe)))
