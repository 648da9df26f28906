"""The error tree: stable codes, one party at fault, words for each."""

from schemas import errors


def test_codes_are_plain_and_each_says_what_it_means() -> None:
    for code, cls in errors.all_codes().items():
        assert code == code.lower().replace("_", "-").replace(" ", "-")
        assert cls.meaning.endswith(".")
        assert cls.fault in {"requester", "gateway", "worker", "operator"}


def test_photo_codes_are_not_used_twice() -> None:
    assert not set(errors.PHOTO_CODES) & set(errors.all_codes())


def test_an_error_comes_back_from_its_code() -> None:
    assert type(errors.from_code("no-worker")) is errors.NoWorker
    assert type(errors.from_code("from-a-later-version")) is errors.LikenessError
