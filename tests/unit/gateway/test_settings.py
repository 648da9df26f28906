"""Settings come from the environment, are named when they are wrong, and do not show a password."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import Settings, read_settings
from schemas.errors import SettingInvalid


def test_nothing_set_is_a_gateway_on_loopback_that_trusts_no_worker() -> None:
    settings = read_settings({})
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, ())
    assert settings.pools == ("company",)


def test_what_is_set_is_read() -> None:
    thumbprint = "NlLqBCnUlNUVyU2ZUMuCmmuwyTI_NHrDVY5jIIbcuuA"
    settings = read_settings(
        {
            "LIKENESS_PORT": "8010",
            "LIKENESS_POOLS": "company, attested",
            "LIKENESS_WORKERS": f"{thumbprint},",
            "LIKENESS_BUNDLES": "a:b/bundle.json",
            "LIKENESS_STATE": "state",
            "LIKENESS_OPERATOR": "  Example Ltd ",
            "LIKENESS_REGION": "",
        }
    )
    assert (settings.port, settings.pools, settings.workers) == (8010, ("company", "attested"), (thumbprint,))
    assert settings.bundles == (Path("a"), Path("b/bundle.json"))
    assert settings.signing_key_file == Path("state/gateway.key")
    assert (settings.operator, settings.region) == ("Example Ltd", "local")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LIKENESS_PORT", "eighty"),
        ("LIKENESS_PORT", "65536"),
        ("LIKENESS_POOLS", "public"),
        ("LIKENESS_WORKERS", "everybody"),
        ("LIKENESS_REGION", "Over There"),
        ("LIKENESS_MAX_IMAGES", "9"),
        ("LIKENESS_TOKEN_SECONDS", "901"),
    ],
)
def test_what_is_wrong_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=variable):
        read_settings({variable: value})


@given(st.dictionaries(st.sampled_from(["LIKENESS_PORT", "LIKENESS_POOLS", "LIKENESS_REGION"]), st.text(max_size=20)))
def test_any_text_is_a_setting_or_a_refusal(environ: dict[str, str]) -> None:
    try:
        settings = read_settings(environ)
    except SettingInvalid:
        return
    assert 0 <= settings.port <= 65535


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Settings(nats_url="nats://gateway:secret@nats.example:4222"))
