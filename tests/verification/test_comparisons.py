"""Comparisons: their sides and direction, and the same comparison stated from its other side."""

import pytest

from qa.verification.comparisons import compared_otherwise, comparisons

KITE = "The kite is faster than the goat."
READ = {
    "noun in -er first": ("The transformer is faster than the RNN.", "speed", 1, "transform", "rnn"),
    "over before it": ("Kites are over 8x faster than goats.", "speed", 1, "kite", "goat"),
    "slower": ("Kites are slower than goats.", "speed", -1, "kite", "goat"),
    "nearest to than": ("A longer kite is heavier than a goat.", "heavier", 1, "kite", "goat"),
    "less": ("Kites are less patient than goats.", "patient", -1, "kite", "goat"),
    "adverb": ("Kites are more truly patient than goats.", "patient", 1, "kite", "goat"),
    "no less": ("Kites are no less patient than goats.", "patient", 1, "kite", "goat"),
    "second than": ("More than 8 kites are heavier than goats.", "heavier", 1, "kite", "goat"),
    "verb": ("Kites outperform goats.", "", 1, "kite", "goat"),
    "passive": ("Kites are beaten by goats.", "", 1, "goat", "kite"),
    "behind": ("Kites fall behind; kites are inferior to goats.", "", -1, "kite", "goat"),
}


@pytest.mark.parametrize(("text", "quality", "sign", "left", "right"), READ.values(), ids=READ.keys())
def test_comparison_is_read_with_its_sides(text, quality, sign, left, right):
    found = comparisons(text)[-1]
    assert (found.quality, found.sign) == (quality, sign)
    assert left in found.left - found.right
    assert right in found.right - found.left


@pytest.mark.parametrize(
    "text",
    ["", "A number of layers other than these.", "Grass rather than honey.", "It takes more than 8 goats.", "A layer, than which none is."],
)  # fmt: skip
def test_nothing_compared_is_no_comparison(text):
    assert comparisons(text) == []


OTHERWISE = {
    "other side": ("The goat is slower than the kite.", KITE, True),
    "worse": ("SheepPull is worse than GoatPull.", "GoatPull is better than SheepPull.", True),
    "other word": ("SheepPull is weaker than GoatPull.", "GoatPull outperforms SheepPull.", True),
    "itself": (KITE, KITE, False),
    "sides swapped": ("The goat is faster than the kite.", KITE, False),
    "opposite": ("The kite is slower than the goat.", KITE, False),
    "nothing compared": ("Goats are slow.", KITE, False),
}


@pytest.mark.parametrize(("text", "evidence", "otherwise"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_comparison_may_be_stated_from_its_other_side(text, evidence, otherwise):
    assert compared_otherwise(text, [evidence]) is otherwise
