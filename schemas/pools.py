"""What each pool can promise, in one text each: the same on the page, in the documents and behind the token."""

from typing import Final

from schemas.scalars import Pool

LOTS: Final[dict[Pool, int]] = {"company": 1, "volunteer": 3, "attested": 1}
"""How many different workers must claim a job before the browser picks one of them at random."""

PROMISES: Final[dict[Pool, str]] = {
    "company": (
        "Your likeness record is opened on a machine that this gateway's operator runs. It is opened once, in a "
        "process that then ends, and the worker signs what it did. You trust the operator to run the program unaltered."
    ),
    "volunteer": (
        "Your likeness record is opened on the machine of a volunteer whom nobody has checked; your browser picks one "
        "at random among three that answer. The program opens it once, in a process that then ends, but the machine's "
        "owner could alter the program and keep a copy."
    ),
    "attested": (
        "Your likeness record is opened on a machine with a security chip (TPM). For each job, a key that its operator "
        "registered for that chip signs the job's key together with the name of the program that the worker says it "
        "runs. Nobody has checked who made the chip, and an administrator of the machine can write any name into it: "
        "you trust the operator to run the program unaltered."
    ),
}
