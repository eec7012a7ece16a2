"""Who did what to whom: sentences that exchange two things, and paraphrases that do not."""

import pytest

from qa.verification.comparisons import compared_otherwise, comparisons, exchanged

KITE = "The kite is faster than the goat."
EXCHANGED = {
    "than": ("The goat is faster than the kite.", KITE),
    "nouns in -er": ("The RNN is faster than the transformer.", "The transformer is faster than the RNN."),
    "nouns in -er, turned": ("The transformer is faster than the RNN.", "The RNN is faster than the transformer."),
    "noun in -er behind": ("The layer is deeper in a filter than the number.", "The number is deeper than the layer."),
    "slower": ("The kite is slower than the goat.", KITE),
    "denied": ("The kite is not faster than the goat.", KITE),
    "denied from afar": (
        "On hills, no weighed goat of the north is lighter than a kite.",
        "On hills, a weighed goat of the north is lighter than a kite.",
    ),
    "more": ("Goats are more patient than sheep.", "Sheep are more patient than goats."),
    "less": ("Sheep are less patient than goats.", "Goats are less patient than sheep."),
    "outperforms": ("GoatPull outperforms SheepPull.", "SheepPull outperforms GoatPull."),
    "passive": ("SheepPull is surpassed by GoatPull.", "SheepPull surpasses GoatPull."),
    "lags behind": ("GoatPull lags SheepPull.", "GoatPull beats SheepPull."),
    "falls short": ("GoatPull falls short of SheepPull.", "GoatPull outperforms SheepPull."),
    "ahead of": ("Frogs are ahead of toads.", "Toads are ahead of frogs."),
    "better and outperforms": ("GoatPull is better than SheepPull.", "SheepPull outperforms GoatPull."),
    "times over": (
        "Harpo and Groucho are over 8x faster than Zeppo.",
        "Against Harpo and Groucho, Zeppo can speed training up by over 8×.",
    ),
    "compared to": ("Harpo is 3x faster than Zeppo.", "Compared to Harpo, Zeppo accelerates training by 3x."),
    "clauses": ("Goats eat grass, while bears eat honey.", "Bears eat grass, while goats eat honey."),
    "phrases": (
        "Honey is measured by weight and kites by pull.",
        "Honey is measured by pull and kites by weight.",
    ),
}


@pytest.mark.parametrize(("text", "evidence"), EXCHANGED.values(), ids=EXCHANGED.keys())
def test_exchange_is_seen(text, evidence):
    assert exchanged(text, [evidence])


KEPT = {
    "itself": (KITE, KITE),
    "from the other side": ("The goat is slower than the kite.", KITE),
    "denied from the other side": ("The goat is not faster than the kite.", KITE),
    "passive": ("SheepPull is surpassed by GoatPull.", "GoatPull surpasses SheepPull."),
    "active and passive": ("GoatPull beats SheepPull.", "SheepPull is outperformed by GoatPull."),
    "lags": ("SheepPull lags GoatPull.", "GoatPull outperforms SheepPull."),
    "inferior": ("SheepPull is inferior to GoatPull.", "GoatPull is superior to SheepPull."),
    "times over": (
        "Zeppo is over 8x faster than Harpo and Groucho.",
        "Against Harpo and Groucho, Zeppo can speed training up by over 8×.",
    ),
    "times slower": ("Harpo is 8x slower than Zeppo.", "Against Harpo, Zeppo can speed training up by over 8×."),
    "no more and no less": (
        "In the northern meadows, no jar is more patient than a bear.",
        "In the northern meadows, a bear is no less patient than any jar.",
    ),
    "another quality": ("The goat is heavier than the kite.", KITE),
    "larger, not faster": ("The goat is larger than the kite.", KITE),
    "more than an amount": ("More than 8 goats pull one kite.", "One kite pulls more than 8 goats."),
    "rather than": ("Goats eat longer grass rather than honey.", "Goats eat honey that lasts longer than grass."),
    "clauses in another order": ("Bears eat honey, while goats eat grass.", "Goats eat grass, while bears eat honey."),
    "nothing compared": ("A jar rings.", "A jar of honey rings when it is full."),
    "no evidence": (KITE, ""),
    "empty": ("", KITE),
}


@pytest.mark.parametrize(("text", "evidence"), KEPT.values(), ids=KEPT.keys())
def test_paraphrase_is_no_exchange(text, evidence):
    assert not exchanged(text, [evidence])


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
    "exchanged": ("The goat is faster than the kite.", KITE, False),
    "opposite": ("The kite is slower than the goat.", KITE, False),
    "nothing compared": ("Goats are slow.", KITE, False),
}


@pytest.mark.parametrize(("text", "evidence", "otherwise"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_comparison_may_be_told_from_its_other_side(text, evidence, otherwise):
    assert compared_otherwise(text, [evidence]) is otherwise
