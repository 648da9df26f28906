"""Everything that may differ from one witness to another, read from the environment like the gateway's settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from gateway.settings import read_struct, state_folder

PREFIX: Final = "LIKENESS_WITNESS_"


class WitnessSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One witness's settings."""

    host: str = "127.0.0.1"
    """Address to listen on. What is said here is signed and public: TLS in front keeps others from changing it."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8001
    """Port to listen on."""
    logs: Path | None = None
    """A file with the verifier keys of the logs to watch, one a line."""
    name: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    """Under which name it signs, such as ``witness.example.org/north``; else one made from its key."""
    state: Path = msgspec.field(default_factory=state_folder)
    """Folder for what must outlive a restart: the key, and what was seen of each log."""
    key_file: Path | None = None
    """The key (Ed25519 seed as hex, mode 0600), made on the first start; else ``witness.key`` in ``state``."""

    @property
    def signing_key_file(self) -> Path:
        """Where the key lies."""
        return self.key_file or self.state / "witness.key"

    @property
    def seen_file(self) -> Path:
        """Where it keeps what it saw."""
        return self.state / "witness.sqlite"


def read_witness_settings(environ: Mapping[str, str]) -> WitnessSettings:
    """The settings that ``environ`` asks for; what is not set, or set to nothing, has its default.

    Raises:
        SettingInvalid: names the variable and what is wrong with it.
    """
    return read_struct(WitnessSettings, PREFIX, environ)
