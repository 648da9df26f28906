"""Tiles against the definitions of RFC 9162 (naive_tree.py), across the borders of tiles of the first two levels."""

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import tiles
from gateway.tiles import HEIGHT, WIDTH, TilePath, read_tile_path, tiles_of
from schemas.merkle import check_consistency, root_from_inclusion
from tests.unit.gateway import naive_tree

BORDERS = (1, 2, 3, 7, 8, 9, 254, 255, 256, 257, 511, 512, 513, 1000)
FAR = 65_536
"""Where a tile of level 1 is whole, and level 2 begins."""


@cache
def leaves(size: int) -> tuple[bytes, ...]:
    return tuple(naive_tree.leaf(number.to_bytes(4, "big")) for number in range(size))


class Shelf:
    """Tiles in a dictionary."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0

    def read(self, level: int, index: int) -> bytes:
        """One tile."""
        return self.tiles[level, index]

    def add(self, hashes: Sequence[bytes]) -> None:
        """Let the tree grow."""
        self.tiles |= tiles.grow(self.read, self.size, hashes)
        self.size += len(hashes)


@cache
def shelf(size: int) -> Shelf:
    made = Shelf()
    made.add(leaves(size))
    return made


@pytest.mark.parametrize("size", [0, *BORDERS])
def test_the_root_is_that_of_the_definition(size: int) -> None:
    assert tiles.root(shelf(1000).read, size) == naive_tree.root(leaves(size))


@pytest.mark.parametrize("size", BORDERS)
def test_every_leaf_is_proved_as_the_definition_says(size: int) -> None:
    read = shelf(1000).read
    for index in {*range(min(size, 10)), size // 2, size - 1, *(b for b in (255, 256, 257) if b < size)}:
        proof = tiles.inclusion(read, index, size)
        assert proof == naive_tree.path(index, leaves(size))
        assert root_from_inclusion(index, size, leaves(size)[index], proof) == tiles.root(read, size)


@pytest.mark.parametrize("old", BORDERS)
def test_growth_is_proved_as_the_definition_says(old: int) -> None:
    read = shelf(1000).read
    for new in [size for size in BORDERS if size >= old]:
        proof = tiles.consistency(read, old, new)
        assert proof == naive_tree.proof(old, leaves(new))
        check_consistency(old, new, tiles.root(read, old), tiles.root(read, new), proof)


def test_small_trees_in_every_combination() -> None:
    read = shelf(1000).read
    for new in range(1, 34):
        for old in range(1, new + 1):
            assert tiles.consistency(read, old, new) == naive_tree.proof(old, leaves(new))
            assert tiles.inclusion(read, old - 1, new) == naive_tree.path(old - 1, leaves(new))


@pytest.mark.parametrize("size", [FAR - 1, FAR, FAR + 1, FAR + 257])
def test_the_border_of_the_second_level(size: int) -> None:
    far = shelf(FAR + 257)
    root = tiles.root(far.read, size)
    assert root == naive_tree.root(leaves(FAR + 257)[:size])
    for index in (0, 255, 256, FAR - 1, size - 1):
        if index < size:
            proof = tiles.inclusion(far.read, index, size)
            assert root_from_inclusion(index, size, leaves(FAR + 257)[index], proof) == root
    for old in (1, 255, 256, 257, FAR - 2, FAR - 1, FAR):
        if old <= size:
            proof = tiles.consistency(far.read, old, size)
            check_consistency(old, size, tiles.root(far.read, old), root, proof)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=8))
def test_it_does_not_matter_in_which_portions_a_tree_grows(portions: list[int]) -> None:
    portions = [portion % (1000 // len(portions)) for portion in portions]
    grown = Shelf()
    for portion in portions:
        grown.add(leaves(1000)[grown.size : grown.size + portion])
    assert grown.tiles == shelf(grown.size).tiles


@pytest.mark.parametrize("size", [1, 256, 257, 70_000])
def test_the_tiles_of_a_tree_are_those_it_has(size: int) -> None:
    made = shelf(size)
    named = {(path.level, path.index): path.width for path in tiles_of(size)}
    assert named == {place: len(hashes) // 32 for place, hashes in made.tiles.items()}


def test_the_example_of_the_specification() -> None:
    found = [str(path) for path in tiles_of(70_000)]
    assert len([path for path in found if path.startswith("0/") and ".p/" not in path]) == 273
    assert found[273:] == ["0/273.p/112", "1/000", "1/001.p/17", "2/000.p/1"]
    assert [str(path) for path in tiles_of(256)] == ["0/000", "1/000.p/1"]
    assert str(TilePath(0, 1_234_067)) == "0/x001/x234/067"


def test_a_leaf_or_a_tree_that_is_not_there_is_refused() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(IndexError):
            tiles.inclusion(shelf(1000).read, index, size)
    with pytest.raises(IndexError):
        tiles.consistency(shelf(1000).read, 6, 5)


paths = st.builds(
    TilePath, level=st.none() | st.integers(0, 63), index=st.integers(0, 10**12), width=st.integers(1, WIDTH)
)


@given(paths)
def test_a_path_is_read_as_it_was_written(path: TilePath) -> None:
    assert read_tile_path(str(path)) == path


@given(st.text(alphabet="entris0123456789x/.p", max_size=24))
def test_a_path_has_one_spelling(text: str) -> None:
    path = read_tile_path(text)
    assert path is None or str(path) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0/", "0/0", "0/00", "0/0000", "00/000", "64/000", "-1/000", "0/000/", "/0/000", "0/x000/000"),
        *("0/001/234", "0/x001/x234", "0/x1/234", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p/", "0/000.p"),
        *("entries", "entries/0", "Entries/000", "0/\u0660\u0660\u0660", "0/000\n", "0/000?", "0/../000"),
        "0/" + "x999/" * 5 + "999",
    ],
)
def test_a_path_that_is_none_is_refused(text: str) -> None:
    assert read_tile_path(text) is None


def test_a_tile_spans_eight_levels() -> None:
    assert 1 << HEIGHT == WIDTH
