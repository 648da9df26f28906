"""Policies: reading them, and which checkpoints they accept."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import CheckpointStale, CheckpointUnwitnessed, NoteMalformed, NoteUntrusted, PolicyInvalid
from schemas.log_policy import (
    MAX_AHEAD_SECONDS,
    MAX_CHECKPOINT_AGE_SECONDS,
    Group,
    Policy,
    Witness,
    open_checkpoint,
    read_policy,
    write_policy,
)
from schemas.note import SignatureKind, VerifierKey, sign_note
from tests.small_log import ORIGIN, WITNESSES, SmallLog, witness_key
from tests.statements import NOW, signing_key

LOG = SmallLog()
POLICY = LOG.policy
TEXT = write_policy(POLICY)
OLD = NOW - MAX_CHECKPOINT_AGE_SECONDS


def test_a_policy_is_read_as_written() -> None:
    assert read_policy(TEXT) == POLICY
    alone = Policy(log=POLICY.log)
    assert read_policy(write_policy(alone)) == alone
    nested = replace(
        POLICY,
        groups={"any-two": Group(1, ("north", "south")), "all": Group(2, ("any-two", "east"))},
        quorum="all",
    )
    assert read_policy(write_policy(nested)) == nested


def test_without_urls_the_policy_is_the_same_to_a_verifier() -> None:
    text = write_policy(POLICY, urls=False)
    assert "http" not in text
    read = read_policy(text)
    assert read.log == POLICY.log
    assert {name: w.key for name, w in read.witnesses.items()} == {n: w.key for n, w in POLICY.witnesses.items()}
    assert (read.groups, read.quorum) == (POLICY.groups, POLICY.quorum)


def test_spaces_tabs_comments_and_empty_lines_mean_nothing() -> None:
    wide = [line.replace(" ", " \t ") for line in TEXT.splitlines()]
    spaced = "".join(f"  # {line}\n\t \n \t{line}\t\n" for line in wide)
    assert read_policy(spaced) == POLICY


def test_all_and_any_are_thresholds() -> None:
    lines = TEXT.splitlines()[:4]
    for word, threshold in (("all", 3), ("any", 1), ("2", 2)):
        read = read_policy("\n".join([*lines, f"group g {word} north south east", "quorum g", ""]))
        assert read.groups["g"].threshold == threshold


LOG_LINE, NORTH, SOUTH, EAST, GROUP, QUORUM = TEXT.splitlines()
NORTH_KEY = NORTH.split(" ")[2]
TWIN = VerifierKey("elsewhere.example", SignatureKind.COSIGNATURE, signing_key("north").public_key()).text
LOG_AS_WITNESS = VerifierKey("w.example", SignatureKind.COSIGNATURE, LOG.key.public_key()).text


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [LOG_LINE],
        ["quorum none"],
        [LOG_LINE, LOG_LINE, "quorum none"],
        [LOG_LINE, "quorum none", "quorum none"],
        [LOG_LINE, "quorum north", NORTH],
        [LOG_LINE, "quorum"],
        [LOG_LINE, "quorum none none"],
        [LOG_LINE, "Quorum none"],
        [LOG_LINE, "quorum none", "retire 2030"],
        [f"{LOG_LINE} x", "quorum none"],
        ["log", "quorum none"],
        ["log https://log.example", "quorum none"],
        [LOG_LINE, NORTH, NORTH, "quorum none"],
        [LOG_LINE, NORTH, NORTH.replace("witness north", "witness other"), "quorum none"],
        [LOG_LINE, NORTH, f"witness twin {TWIN}", "quorum none"],
        [LOG_LINE, f"witness log {LOG_AS_WITNESS}", "quorum none"],
        [LOG_LINE, f"witness none {NORTH_KEY}", "quorum none"],
        [LOG_LINE, f"witness {NORTH_KEY}", "quorum none"],
        [LOG_LINE.replace(LOG_LINE.split(" ")[1], NORTH_KEY), "quorum none"],
        [LOG_LINE, f"witness w {LOG_LINE.split(' ')[1]}", "quorum none"],
        [LOG_LINE, NORTH, "group north any north", "quorum none"],
        [LOG_LINE, NORTH, "group none any north", "quorum none"],
        [LOG_LINE, NORTH, "group g any", "quorum none"],
        [LOG_LINE, NORTH, "group g any south", SOUTH, "quorum none"],
        [LOG_LINE, NORTH, "group g any none", "quorum none"],
        [LOG_LINE, NORTH, "group g any g", "quorum none"],
        [LOG_LINE, NORTH, SOUTH, "group g any north north", "quorum g"],
        [LOG_LINE, NORTH, SOUTH, "group g any north", "group h all north south", "quorum h"],
        [LOG_LINE, NORTH, SOUTH, "group g 0 north south", "quorum g"],
        [LOG_LINE, NORTH, SOUTH, "group g 3 north south", "quorum g"],
        [LOG_LINE, NORTH, SOUTH, "group g 01 north south", "quorum g"],
        [LOG_LINE, NORTH, SOUTH, "group g most north south", "quorum g"],
        [LOG_LINE, NORTH, SOUTH, "group g -1 north south", "quorum g"],
        [LOG_LINE, "quorum none\r"],
        [LOG_LINE, "quorum none\x0b"],
        [LOG_LINE, "quorum none\x7f"],
        [LOG_LINE, "quorum\u00a0none"],
        [LOG_LINE, "quorum none", "# half \ud800"],
        [LOG_LINE, "quorum none", f"# {'x' * 65536}"],
    ],
)
def test_what_is_not_a_policy_is_refused(lines: list[str]) -> None:
    with pytest.raises(PolicyInvalid):
        read_policy("".join(f"{line}\n" for line in lines))


def test_the_last_line_ends_too() -> None:
    with pytest.raises(PolicyInvalid):
        read_policy(TEXT[:-1])


def test_there_is_room_for_32_witnesses_and_32_groups_and_no_more() -> None:
    keys = {f"w{i}": Witness(witness_key(f"witness {i}".replace(" ", "-"))) for i in range(33)}
    groups = {f"g{i}": Group(1, (f"w{i}",)) for i in range(33)}
    some, few = dict(list(keys.items())[:32]), dict(list(groups.items())[:32])
    large = Policy(log=POLICY.log, witnesses=some, groups=few, quorum="g31")
    assert read_policy(write_policy(large)) == large
    for too_large in (replace(large, witnesses=keys), replace(large, witnesses=keys, groups=groups)):
        with pytest.raises(PolicyInvalid):
            read_policy(write_policy(too_large))


def test_two_of_three_are_enough() -> None:
    opened = open_checkpoint(POLICY, LOG.note(LOG.cosigned("east", "north")), now=NOW)
    assert (opened.checkpoint.size, opened.at, opened.witnesses) == (11, NOW, ("north", "east"))


@given(st.sets(st.sampled_from(WITNESSES)))
def test_a_quorum_is_a_quorum_whoever_it_is(shorts: set[str]) -> None:
    note = LOG.note(LOG.cosigned(*shorts))
    if len(shorts) >= 2:
        assert set(open_checkpoint(POLICY, note, now=NOW).witnesses) == shorts
    else:
        with pytest.raises(CheckpointUnwitnessed):
            open_checkpoint(POLICY, note, now=NOW)


def test_groups_of_groups() -> None:
    pair = Group(1, ("north", "south"))
    policy = replace(POLICY, groups={"pair": pair, "both": Group(2, ("pair", "east"))}, quorum="both")
    for shorts, enough in ((("north", "east"), True), (("north", "south"), False), (("east",), False)):
        assert policy.is_met(set(shorts)) is enough


def test_a_witness_counts_once() -> None:
    lines = LOG.cosigned("north", at=NOW) + LOG.cosigned("north", at=NOW - 1)
    with pytest.raises(CheckpointUnwitnessed):
        open_checkpoint(POLICY, LOG.note(lines), now=NOW)


def test_the_time_is_the_one_that_a_whole_quorum_vouches_for() -> None:
    lines = LOG.cosigned("north", at=NOW - 5) + LOG.cosigned("south", at=NOW - 50) + LOG.cosigned("east", at=NOW - 20)
    opened = open_checkpoint(POLICY, LOG.note(lines), now=NOW)
    assert (opened.at, opened.witnesses) == (NOW - 20, WITNESSES)


@pytest.mark.parametrize(
    ("first", "second", "fresh"),
    [
        (OLD, OLD, True),
        (OLD - 1, OLD, False),
        (NOW + MAX_AHEAD_SECONDS, NOW, True),
        (NOW + MAX_AHEAD_SECONDS + 1, NOW, False),
        (0, 0, False),
    ],
)
def test_old_and_future_cosignatures_do_not_count(first: int, second: int, *, fresh: bool) -> None:
    note = LOG.note(LOG.cosigned("north", at=first) + LOG.cosigned("south", at=second))
    assert open_checkpoint(POLICY, note, now=None).at == min(first, second)
    if fresh:
        assert open_checkpoint(POLICY, note, now=NOW).witnesses == ("north", "south")
    else:
        with pytest.raises(CheckpointStale):
            open_checkpoint(POLICY, note, now=NOW)


def test_a_newer_cosignature_of_the_same_witness_makes_up_for_an_old_one() -> None:
    lines = LOG.cosigned("north", "south", at=0) + LOG.cosigned("north", "south", at=NOW)
    assert open_checkpoint(POLICY, LOG.note(lines), now=NOW).at == NOW


def test_without_witnesses_there_is_no_time() -> None:
    opened = open_checkpoint(Policy(log=POLICY.log), LOG.note(), now=NOW)
    assert (opened.at, opened.witnesses) == (None, ())


def test_a_log_that_did_not_sign_is_refused() -> None:
    for key, origin in ((signing_key("other"), ORIGIN), (LOG.key, "log.example/other")):
        lines = sign_note(LOG.text, origin, key) + LOG.cosigned("north", "south")
        with pytest.raises(NoteUntrusted):
            open_checkpoint(POLICY, f"{LOG.text}\n{lines}", now=NOW)


def test_a_checkpoint_of_another_log_by_the_same_key_is_refused() -> None:
    text = LOG.text.replace(ORIGIN, "log.example/other")
    with pytest.raises(NoteUntrusted):
        open_checkpoint(POLICY, LOG.note(LOG.cosigned("north", "south", text=text), text=text), now=NOW)


def test_one_bad_cosignature_spoils_enough_good_ones() -> None:
    bad = LOG.cosigned("east", text=SmallLog(entries=[b"another"]).text)
    with pytest.raises(NoteUntrusted):
        open_checkpoint(POLICY, LOG.note(LOG.cosigned("north", "south"), bad), now=NOW)


def test_a_witness_that_the_policy_does_not_name_is_ignored() -> None:
    stranger = LOG.cosigned("stranger", text=LOG.text)
    opened = open_checkpoint(POLICY, LOG.note(LOG.cosigned("north", "south"), stranger), now=NOW)
    assert opened.witnesses == ("north", "south")
    with pytest.raises(CheckpointUnwitnessed):
        open_checkpoint(POLICY, LOG.note(LOG.cosigned("north"), stranger), now=NOW)


def test_a_log_signature_is_no_cosignature() -> None:
    north = witness_key("north").name
    with pytest.raises(CheckpointUnwitnessed):
        open_checkpoint(
            POLICY, LOG.note(LOG.cosigned("south"), sign_note(LOG.text, north, signing_key("north"))), now=NOW
        )


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(NoteMalformed):
        open_checkpoint(POLICY, LOG.note(text="hello\n"), now=NOW)
