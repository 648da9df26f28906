"""What must hold before a worker serves: its settings fit together, its machine is safe, its TPM answers."""

import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from schemas.attestation import AttestationKey
from schemas.errors import SettingInvalid, UnsafeHost
from worker import host
from worker.attest import Tpm
from worker.endorsement import read_endorsement
from worker.settings import Settings

log = logging.getLogger("likeness.worker")


def require_settings(settings: Settings, worker: str, now: int) -> None:
    """Return when a worker with the thumbprint ``worker`` could serve by ``settings``.

    Raises:
        SettingInvalid: one is missing for what the others ask.
    """
    if not settings.gateway_key:
        raise SettingInvalid("LIKENESS_GATEWAY_KEY must name the gateway to work for")
    if not settings.bundles:
        raise SettingInvalid("LIKENESS_BUNDLES names no folder")
    if settings.pool == "attested" and settings.tpm is None:
        raise SettingInvalid("LIKENESS_POOL=attested needs a TPM: LIKENESS_TPM says where it is")
    if settings.endorsement is not None:
        if settings.pool != "company":
            raise SettingInvalid("LIKENESS_ENDORSEMENT is a company's word; it belongs to LIKENESS_POOL=company")
        read_endorsement(settings.endorsement, worker, now)


def require_safe_host(settings: Settings) -> None:
    """Return when what a child holds cannot reach a disk by way of swap, or the operator accepts it by name.

    Raises:
        UnsafeHost: otherwise.
    """
    if host.swap_is_on() is False:
        return
    if host.may_lock_memory():
        log.info("swap is on: children lock their memory")
    elif settings.accept_swap:
        log.warning("swap is on and was accepted; every receipt says so")
    else:
        raise UnsafeHost(
            "swap is on, or this machine does not say: turn it off, raise the limit on locked memory to unlimited,"
            " or start with --i-accept-swap"
        )


@asynccontextmanager
async def measured_tpm(settings: Settings, software: str) -> AsyncIterator[tuple[Tpm, AttestationKey] | None]:
    """The TPM that the settings name, with ``software`` in its register, and its key; None where they name none.

    Raises:
        SettingInvalid: see ``attest.Tpm``.
    """
    if settings.tpm is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="likeness-tpm-") as folder:
        tpm = Tpm(settings.tpm, Path(folder))
        key = await tpm.make_key()
        await tpm.measure(software)
        log.info("the TPM answers; its key is rooted in %s", key.root)
        yield tpm, key
