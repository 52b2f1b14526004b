"""Packing pages into requests, and learning what an image costs."""

from itertools import chain, groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.packing import IMAGE_TOKENS, Piece, TokenMeter, pack

PIECES = st.lists(st.builds(Piece, owner=st.sampled_from("abcdef"), tokens=st.integers(0, 120)), max_size=40)


@given(pieces=PIECES, budget=st.integers(1, 200), most=st.none() | st.integers(1, 8))
def test_requests_keep_to_the_rules(pieces: list[Piece], budget: int, most: int | None) -> None:
    """Everything once, in order, no owner interrupted, none divided that fits, no request too large."""
    packed = pack(pieces, budget, most)
    order = list(chain.from_iterable(packed))
    assert sorted(order) == list(range(len(pieces)))
    assert all(packed)
    limit = most or len(pieces)
    for request in packed:
        assert len(request) <= limit
        assert len(request) == 1 or sum(pieces[index].tokens for index in request) <= budget
    runs = [owner for owner, _ in groupby(order, key=lambda index: pieces[index].owner)]
    assert runs == list(dict.fromkeys(piece.owner for piece in pieces))
    for owner in runs:
        owned = [index for index, piece in enumerate(pieces) if piece.owner == owner]
        assert [index for index in order if pieces[index].owner == owner] == owned
        if sum(pieces[index].tokens for index in owned) <= budget and len(owned) <= limit:
            assert len({n for n, request in enumerate(packed) if set(owned) & set(request)}) == 1


@given(pieces=PIECES, budget=st.integers(1, 200))
def test_no_two_neighbours_could_have_been_one(pieces: list[Piece], budget: int) -> None:
    """A request is only ended when the next owner's whole work, or the next page of the same, does not fit."""
    packed = pack(pieces, budget)
    for before, after in pairwise(packed):
        used = sum(pieces[index].tokens for index in before)
        first, owner = after[0], pieces[after[0]].owner
        divided = pieces[before[-1]].owner == owner
        whole = sum(piece.tokens for piece in pieces if piece.owner == owner)
        assert used + (pieces[first].tokens if divided else whole) > budget


def test_a_class_of_three() -> None:
    """Two small ones share, a large one is divided in order, the last one fills its rest."""
    pieces = [Piece(owner, 10) for owner in "aabbccccccccd"]
    assert pack(pieces, 50) == ((0, 1, 2, 3), (4, 5, 6, 7, 8), (9, 10, 11, 12))
    assert pack([Piece("a", 99), Piece("a", 1), Piece("b", 99)], 50) == ((0,), (1,), (2,))
    assert pack([], 1) == ()


@pytest.mark.parametrize("budget,most", [(0, None), (5, 0)])
def test_room_for_nothing_is_refused(budget: int, most: int | None) -> None:
    """No request could ever be made."""
    with pytest.raises(ValueError, match="room"):
        pack([Piece("a", 1)], budget, most)


def test_unknown_model_is_the_dearest() -> None:
    """Conservative until its server has said what an image costs; each model on its own."""
    meter = TokenMeter()
    assert meter.per_image("gemma3") == IMAGE_TOKENS
    meter.reported("gemma3", images=2, tokens_in=612, text_tokens=100)
    assert meter.per_image("gemma3") == 256 * 3
    assert meter.per_image("llava") == IMAGE_TOKENS
    meter.reported("llava", images=0, tokens_in=612, text_tokens=100)
    assert meter.per_image("llava") == IMAGE_TOKENS


@given(
    cost=st.integers(1, 5000),
    text=st.integers(0, 500),
    images=st.lists(st.integers(1, 9), min_size=1, max_size=60),
)
def test_steady_costs_are_approached_from_above(cost: int, text: int, images: list[int]) -> None:
    """With the same cost each time the estimate only falls, never below it, and comes close."""
    meter, estimates = TokenMeter(), []
    for count in images:
        meter.reported("m", images=count, tokens_in=count * cost + text, text_tokens=text)
        estimates.append(meter.per_image("m"))
    assert estimates == sorted(estimates, reverse=True)
    assert estimates[-1] >= cost
    if len(images) >= 40:
        assert estimates[-1] <= cost * 1.01 + 1


@given(costs=st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_estimate_stays_within_reason(costs: list[int]) -> None:
    """Whatever is reported, the estimate is at least the least cost seen and not beyond five times the largest."""
    meter = TokenMeter()
    for cost in costs:
        meter.reported("m", images=1, tokens_in=cost, text_tokens=0)
    assert min(costs) <= meter.per_image("m") <= 5 * max(costs) + 1


def test_overflow_doubles_what_is_reckoned_with() -> None:
    """A request that did not fit is not made again in the same size."""
    meter = TokenMeter(start=1000)
    meter.overflowed("m")
    assert meter.per_image("m") == 2000
    meter.reported("m", images=1, tokens_in=300, text_tokens=0)
    assert meter.per_image("m") > 300
    assert TokenMeter(start=10).per_image("m") == 10
