"""Everything that may differ from one gateway to another: one frozen struct, read once from the environment.

A variable is called like its field, in capitals, with ``LIKENESS_`` in front; gateway/README.md lists them all.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from schemas.consent import TOKEN_SECONDS
from schemas.errors import SettingInvalid
from schemas.scalars import Disclosures, Images, Name, Pool, Thumbprint, Title

PREFIX: Final = "LIKENESS_"
S = TypeVar("S", bound=msgspec.Struct)
TOP: Final = Path(__file__).parent.parent
"""The folder in which the rooms stand side by side: a checkout, or site-packages."""


def state_folder() -> Path:
    """Where programs of one person keep what must outlive a restart, unless told otherwise."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "likeness"


def _embedded_bundles() -> tuple[Path, ...]:
    return tuple(sorted(TOP.glob("worker/bundles/*/bundle.json")))


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gateway's settings."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback needs TLS in front: browsers give keys to secure origins only."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    """Port to listen on."""
    nats_url: str = "nats://127.0.0.1:4222"
    """Address of the NATS server; may hold a user and a password."""
    ledger_url: str | None = None
    """The same for the ledger's buckets, in an account without workers; else ``nats_url``, for workers one trusts."""
    ledger_credentials: Path | None = None
    """A NATS ``.creds`` file for the ledger."""
    nats_credentials: Path | None = None
    """A NATS ``.creds`` file, where the server wants one."""
    state: Path = msgspec.field(default_factory=state_folder)
    """Folder for what must outlive a restart: the keys, the log and its policy."""
    key_file: Path | None = None
    """The signing key (Ed25519 seed as hex, mode 0600), made on the first start; else ``gateway.key`` in ``state``."""
    log: Path | None = None
    """Folder of the transparency log, of which this process is the one writer; else ``log`` in ``state``."""
    log_key_file: Path | None = None
    """The log's key, written like the signing key, made on the first start; else ``log.key`` in ``state``."""
    policy: Path | None = None
    """The log's witnesses and how many of them it needs (C2SP tlog-policy); else ``policy.txt`` in ``state``.

    Made on the first start: a policy without witnesses."""
    region: Name = "local"
    """Where the workers stand, as the consent names it."""
    operator: Title = "somebody who has not said who they are"
    """Who runs this gateway, as the page names them."""
    contact: Title = "not given"
    """How to reach the operator."""
    pools: Annotated[tuple[Pool, ...], Meta(min_length=1, max_length=3)] = ("company",)
    """Pools on offer, separated by commas."""
    bundles: tuple[Path, ...] = msgspec.field(default_factory=_embedded_bundles)
    """Bundles on offer: folders or their bundle.json, separated like ``PATH``."""
    page: Path = TOP / ".build" / "web"
    """The built page."""
    edge: Path = TOP / ".build" / "edge"
    """The browser's models."""
    workers: tuple[Thumbprint, ...] = ()
    """Thumbprints of the workers that may enrol, separated by commas. Nobody, unless named."""
    max_images: Images = 4
    """Portraits per consent, at most."""
    max_disclosures: Disclosures = 2
    """Workers per consent that may receive the likeness record, at most."""
    consents_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 120
    """Consents that one gateway process takes, all people together; more are asked to come back in a moment."""
    token_seconds: Annotated[int, Meta(ge=60, le=TOKEN_SECONDS)] = TOKEN_SECONDS
    """Life of a consent token."""
    claim_seconds: Annotated[int, Meta(ge=1, le=600)] = 60
    """How long a job waits for a worker."""
    job_seconds: Annotated[int, Meta(ge=1, le=3600)] = 120
    """How long a worker may take for a job."""

    def __repr__(self) -> str:
        # The NATS address may hold a password.
        return f"Settings(host={self.host!r}, port={self.port}, region={self.region!r}, pools={self.pools!r})"

    @property
    def signing_key_file(self) -> Path:
        """Where the signing key lies."""
        return self.key_file or self.state / "gateway.key"

    @property
    def log_folder(self) -> Path:
        """Where the log lies."""
        return self.log or self.state / "log"

    @property
    def log_signing_key_file(self) -> Path:
        """Where the log's key lies."""
        return self.log_key_file or self.state / "log.key"

    @property
    def policy_file(self) -> Path:
        """Where the log's policy lies."""
        return self.policy or self.state / "policy.txt"


SEPARATORS: Final = {"pools": ",", "workers": ",", "bundles": os.pathsep}
"""Fields that hold several values, and what stands between them."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings that ``environ`` asks for; what is not set, or set to nothing, has its default.

    Raises:
        SettingInvalid: names the variable and what is wrong with it.
    """
    return read_struct(Settings, PREFIX, environ)


def read_struct(kind: type[S], prefix: str, environ: Mapping[str, str]) -> S:
    """The struct ``kind`` from the variables of ``environ`` that begin with ``prefix``, one a field.

    Raises:
        SettingInvalid: names the variable and what is wrong with it.
    """
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        variable = prefix + field.name.upper()
        text = environ.get(variable, "").strip()
        if text:
            given[field.name] = _read(variable, field.name, field.type, text)
    return kind(**given)


def _read(variable: str, name: str, kind: Any, text: str) -> Any:
    separator = SEPARATORS.get(name)
    value = [part.strip() for part in text.split(separator) if part.strip()] if separator else text
    try:
        return msgspec.convert(value, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingInvalid(f"{variable}: {error}") from None


def _path(kind: type, value: object) -> object:
    if kind is not Path or not isinstance(value, str):
        raise NotImplementedError
    return Path(value).expanduser()
