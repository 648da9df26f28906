"""Every refusal that exists has a status, and says nothing but itself."""

from http import HTTPStatus

from gateway.problems import STATUS, TYPE_PREFIX, details_of
from schemas.codes import all_codes
from schemas.errors import BusUnavailable, TokenExhausted


def test_every_code_has_a_status_and_every_status_a_code() -> None:
    assert set(STATUS) == set(all_codes())


def test_a_fault_of_the_gateway_is_not_blamed_on_the_requester() -> None:
    assert all(status >= HTTPStatus.BAD_REQUEST for status in STATUS.values())
    assert details_of(BusUnavailable()).status == HTTPStatus.SERVICE_UNAVAILABLE


def test_a_problem_says_code_meaning_and_detail() -> None:
    details = details_of(TokenExhausted("this time"))
    assert (details.type, details.code) == (f"{TYPE_PREFIX}token-exhausted", "token-exhausted")
    assert (details.title, details.detail) == (TokenExhausted.meaning, "this time")
