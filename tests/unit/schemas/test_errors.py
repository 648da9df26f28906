"""The error tree: stable codes, one party at fault, words for each."""

from schemas import codes, errors


def test_codes_are_plain_and_each_says_what_it_means() -> None:
    for code, cls in codes.all_codes().items():
        assert code == code.lower().replace("_", "-").replace(" ", "-")
        assert cls.meaning.endswith(".")
        assert cls.fault in {"requester", "gateway", "worker", "operator"}


def test_photo_codes_are_not_used_twice() -> None:
    assert not set(codes.PHOTO_CODES) & set(codes.all_codes())


def test_an_error_comes_back_from_its_code() -> None:
    assert type(codes.from_code("no-worker")) is errors.NoWorker
    assert type(codes.from_code("from-a-later-version")) is errors.LikenessError
