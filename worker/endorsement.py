"""The company's word for this worker: one file with a signed statement that the operator was given."""

from pathlib import Path

from schemas import signing
from schemas.errors import SettingInvalid, StatementError
from schemas.signing import MAX_JWS_BYTES
from schemas.worker_key import ENDORSEMENT_SECONDS, Endorsement

NAME = "LIKENESS_ENDORSEMENT"


def read_endorsement(path: Path, worker: str, now: int) -> str:
    """The endorsement (a JWS) in the file ``path``, when it is about ``worker`` (thumbprint) and of today.

    Whose root signed it is for the browser to compare: only the person was told which root it should be.

    Raises:
        SettingInvalid: it cannot be read, is about another worker, or is not valid now.
    """
    try:
        with path.open("r", encoding="ascii") as file:
            jws = file.read(MAX_JWS_BYTES).strip()
        said = signing.open_introduced(Endorsement, jws).statement
    except OSError as error:
        raise SettingInvalid(f"{NAME}: {error.strerror}") from None
    except (StatementError, UnicodeDecodeError):
        raise SettingInvalid(f"{NAME} does not hold an endorsement") from None
    if said.worker != worker:
        raise SettingInvalid(f"{NAME} is about another worker; this one is {worker}")
    if not said.issued_at - 60 <= now < said.not_after:
        raise SettingInvalid(f"{NAME} is not valid now; ask for a new one, or check the clock of this machine")
    if said.not_after > said.issued_at + ENDORSEMENT_SECONDS:
        raise SettingInvalid(f"{NAME} lasts longer than {ENDORSEMENT_SECONDS // 86400} days; no browser will accept it")
    return jws
