"""What of a text is a figure, and how it is read."""

import pytest

from qa.verification.numbers import find_numbers

READ = {
    "none": ("Kites pull harder than goats.", []),
    "empty": ("", []),
    "one is not": ("one of them", []),
    "names": ("GPT-4, ResNet-50, node2vec, CIFAR-10 and the 3-WL test", []),
    "second": ("a second contribution", []),
    "triples": ("knowledge graph triples", []),
    "half-precision": ("half-precision training", []),
    "number before a name": ("a 16-GPU machine", [(16, "", "", "")]),
    "kind of a list": ("3, 4 and 5x", [(3, "x", "", ""), (4, "x", "", ""), (5, "x", "", "")]),
    "unit of a range": ("between 5 and 10 hours", [(5, "", "h", ""), (10, "", "h", "")]),
    "year before a figure": ("in 2022, 3x faster", [(2022, "", "", ""), (3, "x", "", "")]),
    "decade": ("the 1990s", [(1990, "", "", "")]),
    "two thirds are one figure": ("two-thirds", [(2 / 3, "", "", "")]),
    "size is two": ("8×8", [(8, "", "", ""), (8, "", "", "")]),
    "small letter scales only without a blank": ("5m users, 5 m wide", [(5e6, "", "", ""), (5, "", "", "")]),
    "orders": ("tens of thousands", [(10_000, "s", "", "")]),
    "bounds": (
        "over 5, under 6, at most 7, at least 8",
        [(5, "", "", "over"), (6, "", "", "under"), (7, "", "", "most"), (8, "", "", "least")],
    ),
    "denied bounds": (
        "not below 5 and without exceeding 6",
        [(5, "", "", "least"), (6, "", "", "most")],
    ),
    "bound behind": ("7+ and 8 or fewer", [(7, "", "", "least"), (8, "", "", "most")]),
    "dollars are no formula": ("$5$ layers for $7", [(5, "", "", ""), (7, "", "$", "")]),
}


@pytest.mark.parametrize(("text", "found"), READ.values(), ids=READ.keys())
def test_figures_of_a_text_are_these(text, found):
    assert [(f.value, f.kind, f.measure, f.bound) for f in find_numbers(text)] == found


def test_figure_stands_where_it_says():
    text = "It needs 12 GB for three days."
    assert [text[figure.start : figure.end].strip() for figure in find_numbers(text)] == ["12", "three"]


def test_figure_within_another_is_none_of_its_own():
    assert [figure.value for figure in find_numbers("two orders of magnitude, 3x10^5 and 8x8")] == [100, 300_000, 8, 8]


def test_long_row_of_figures_is_read_whole():
    assert len(find_numbers("1 " * 20_000)) == 20_000
