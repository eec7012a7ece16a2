"""The same figure told otherwise, and figures that differ."""

import pytest

from helpers.paths import ROOT
from qa.retrieval.search import Index
from qa.text.sentences import split_passages
from qa.verification.number_match import is_same_number, unmatched_numbers
from qa.verification.numbers import find_numbers

SAME = {
    "times as word": ("3x", "three times"),
    "times sign": ("3×", "3 times"),
    "times sign in front": ("×3", "3x"),
    "fold": ("3-fold", "threefold"),
    "fold as word": ("sixfold", "6x"),
    "factor": ("by a factor of 4", "4x"),
    "speedups in a row": ("speedups of 3 and 4", "3x and 4x"),
    "twice": ("twice", "2x"),
    "double": ("double the speed", "2x the speed"),
    "verb for twice": ("doubles the speed", "twice the speed"),
    "verb for three times": ("triples the cost", "3x the cost"),
    "half the cost is twice as cheap": ("half the cost", "twice as cheap"),
    "300 % is three times": ("300 %", "three times"),
    "percent": ("81.4 %", "81.4 percent"),
    "per cent": ("15 per cent", "15%"),
    "percent word": ("ninety percent", "90 %"),
    "points": ("5 percentage points", "5 %"),
    "half": ("half", "50 %"),
    "fraction in figures": ("1/2", "half"),
    "three quarters": ("3/4", "three quarters"),
    "two thirds": ("two thirds", "66.7 %"),
    "a third": ("a third", "33 %"),
    "a tenth": ("a tenth", "10 %"),
    "and a half": ("two and a half", "2.5"),
    "half a million": ("half a million", "500,000"),
    "leading point": (".85", "0.85"),
    "thousands comma": ("1,000", "1000"),
    "thousands blank": ("10 000", "10,000"),
    "several commas": ("1,234,567", "1234567"),
    "million": ("1.5M", "1.5 million"),
    "billion": ("7B", "7 billion"),
    "thousand": ("20k", "20 thousand"),
    "a million": ("10^{6}", "a million"),
    "power": ("10^6", "1,000,000"),
    "exponent": ("1e-5", "10^-5"),
    "raised figures": ("10⁻⁵", "1e-5"),
    "scientific": ("3×10^5", "300,000"),
    "scientific with blanks": ("3 × 10^{5}", "300,000"),
    "number word": ("sixteen", "16"),
    "tens and units": ("twenty-five", "25"),
    "hundred": ("two hundred", "200"),
    "one hundred": ("one hundred", "100"),
    "dozen": ("a dozen", "12"),
    "order of magnitude": ("an order of magnitude", "10x"),
    "orders of magnitude": ("two orders of magnitude", "100x"),
    "range": ("5-15 %", "5 to 15 %"),
    "range of times": ("2-3x", "two to three times"),
    "range in units": ("5 to 10 minutes", "5-10 min"),
    "list with one unit": ("10, 20 and 30 minutes", "10 min, 20 min and 30 min"),
    "en dash": ("5–15 %", "5 to 15 %"),
    "at least": ("≥ 90", "at least 90"),
    "at most": ("≤ 5", "at most 5"),
    "plus": ("100+ datasets", "more than 100 datasets"),
    "or more": ("5 or more layers", "at least 5 layers"),
    "not above": ("does not exceed 5 %", "at most 5 %"),
    "no less": ("no less than 5", "at least 5"),
    "about": ("~90 %", "90%"),
    "deviation": ("81.4±0.3", "81.4 ± 0.3"),
    "minus sign": ("−5 %", "-5%"),
    "size": ("224×224", "224 x 224"),
    "size in words": ("8x8 patches", "8 by 8 patches"),
    "hour": ("60 minutes", "an hour"),
    "one hour": ("60 minutes", "1 hour"),
    "day": ("24 hours", "a day"),
    "half an hour": ("half an hour", "30 minutes"),
    "milliseconds": ("500 ms", "0.5 s"),
    "GPU hours": ("12 GPU hours", "12 hours"),
    "hours of a machine": ("40 A100-hours", "40 hours"),
    "year": ("12 months", "one year"),
    "memory": ("1 GB", "1000 MB"),
    "no blank": ("4 GB", "4GB"),
    "bits": ("16-bit", "16 bits"),
    "bits in a name": ("8-bit", "8 bits"),
    "length": ("2 km", "2000 metres"),
    "dollars": ("$5", "5 dollars"),
    "euros": ("€5", "5 euros"),
    "a single one": ("1 GPU", "a single GPU"),
    "pair": ("two GPUs", "a pair of GPUs"),
    "year in a name": ("in 2022", "the 2022 challenge"),
    "rank": ("2nd place", "second place"),
    "first": ("first place", "1st place"),
    "order": ("second-order", "order-2"),
    "top": ("top-5", "top five"),
    "dimensions": ("3D", "three-dimensional"),
    "decimal comma": ("2,5 %", "2.5 %"),
    "within Chinese": ("它用38个", "38 kites"),
    "German billions": ("7 Milliarden", "7 billion"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_figure_told_otherwise_is_not_missing(one, other):
    assert unmatched_numbers(f"It has {one} here.", [f"There it has {other} too."]) == []
    assert unmatched_numbers(f"It has {other} here.", [f"There it has {one} too."]) == []


ONE_WAY = {
    "number within a name": ("7 billion parameters", "LLaMA-7B"),
    "bits within a name": ("8-bit weights", "INT8 weights"),
    "thousands of 2,500": ("thousands", "2,500"),
    "tens of thousands": ("tens of thousands", "40,000"),
    "bound left out": ("90 %", "more than 90 %"),
    "counted in words": ("two datasets", "CIFAR and MNIST"),
    "counted beside a figure with a unit": ("three datasets", "CIFAR, MNIST and COCO in 10 hours"),
    "both": ("two methods", "both methods on 5 datasets"),
    "points on thousands": ("41.000 Rezepte", "41,000 recipes"),
}


@pytest.mark.parametrize(("text", "evidence"), ONE_WAY.values(), ids=ONE_WAY.keys())
def test_what_follows_from_the_evidence_is_not_missing(text, evidence):
    assert unmatched_numbers(f"It has {text} here.", [f"There it has {evidence} too."]) == []


DIFFERENT = {
    "digits swapped": ("81.4", "84.1", ["81.4"]),
    "rounded": ("81", "81.4", ["81"]),
    "times": ("3x", "4x", ["3x"]),
    "times, not so many things": ("3x faster", "3 datasets", ["3x"]),
    "percent, not times": ("5 %", "5x", ["5%"]),
    "more, not less": ("more than 90", "less than 90", ["90"]),
    "less, not more": ("under 90 %", "over 90 %", ["90%"]),
    "at least, not at most": ("at least 5", "at most 5", ["5"]),
    "more than, not up to": ("more than 5x", "up to 5x", ["5x"]),
    "not more than, not more than": ("no more than 5", "more than 5", ["5"]),
    "exceeds": ("exceeds 5", "does not exceed 5", ["5"]),
    "or fewer": ("5 or fewer layers", "5 or more layers", ["5"]),
    "nearly, not more": ("nearly 90 %", "more than 90 %", ["90%"]),
    "the other way": ("from 5 to 3", "from 3 to 5", ["from 5 to 3"]),
    "the other way in percent": ("from 60 % to 40 %", "from 40 % up to 60 %", ["from 60% to 40%"]),
    "to before from": ("grows to 5 from 3 ms", "falls from 5 to 3 ms", ["from 3 to 5"]),
    "hours, not days": ("3 hours", "3 days", ["3"]),
    "an hour, not a day": ("an hour", "a day", ["an"]),
    "hours, not so many things": ("5 hours", "5 datasets", ["5"]),
    "hours, not times": ("over 8 hours", "over 8×", ["8"]),
    "times, not hours": ("over 8×", "over 8 hours", ["8x"]),
    "hours, not percent": ("8 hours", "8 %", ["8"]),
    "percent, not hours": ("50 %", "half an hour", ["50%"]),
    "milliseconds": ("5 ms", "5 s", ["5"]),
    "GB, not MB": ("8 GB", "8 MB", ["8"]),
    "bits, not bytes": ("8 bits", "8 bytes", ["8"]),
    "dollars, not euros": ("$5", "€5", ["$5"]),
    "billion, not million": ("1.5 billion", "1.5 million", ["1.5 billion"]),
    "parameters": ("7B", "13B", ["7B"]),
    "power": ("10^5", "10^6", ["10^5"]),
    "exponent": ("1e-5", "1e-4", ["1e-5"]),
    "raised, not a digit": ("10⁵", "105", ["10^5"]),
    "sign": ("-5", "5", ["-5"]),
    "size": ("224×448", "224×224", ["448"]),
    "two thirds, not one": ("two thirds", "a third", ["two thirds"]),
    "a third, not 40 %": ("40 %", "a third", ["40%"]),
    "half, not a quarter": ("half", "a quarter", ["half"]),
    "1,000 is more exact than thousands": ("1,000", "thousands", ["1000"]),
    "thousands, not millions": ("thousands", "3 million", ["thousands"]),
    "count in words where there is another": ("three datasets", "four datasets", ["three"]),
    "larger count": ("five datasets", "datasets", ["five"]),
    "times, not so many millions": ("5 datasets", "5 million users", ["5"]),
    "within a figure": ("4 datasets", "0.4 and 4e-3", ["4"]),
    "year": ("in 2019", "in 2021", ["2019"]),
    "rank": ("third place", "first place", ["third"]),
    "order": ("second-order", "first-order", ["second"]),
    "top": ("top-5", "top-1", ["5"]),
    "growth": ("O(n log n)", "O(n^2)", ["O(n log n)"]),
    "within Chinese": ("它用39个", "38 kites", ["39"]),
    "decimal comma": ("2,6 Prozent", "2.5 %", ["2.6"]),
}


@pytest.mark.parametrize(("text", "evidence", "lacking"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_other_figure_is_missing(text, evidence, lacking):
    assert unmatched_numbers(f"It has {text} here.", [f"There it has {evidence} too."]) == lacking


def test_figures_that_are_close_are_not_the_same():
    (one,), (other,) = find_numbers("81.4"), find_numbers("81.39")
    assert not is_same_number(one, other)


def test_figure_may_stand_in_any_of_the_evidence():
    assert unmatched_numbers("It has 3 and 4.", ["It has 4.", "It has 3."]) == []
    assert unmatched_numbers("It has 3, 4 and 5.", ["It has 4.", "It has 3."]) == ["5"]
    assert unmatched_numbers("It has 3.", []) == ["3"]


def test_same_figure_is_told_missing_as_often_as_it_stands_there():
    assert unmatched_numbers("It has 3, 4 and again 3.", ["It has 4."]) == ["3", "3"]


def test_long_row_of_one_figure_is_compared_once(monkeypatch):
    compared = []
    monkeypatch.setattr(
        "qa.verification.number_match.is_same_number",
        lambda one, other: compared.append(one) or is_same_number(one, other),
    )
    assert unmatched_numbers("7 " * 500, ["7 " * 499 + "8"]) == []
    assert len(compared) == 1


def test_from_is_read_though_much_stands_before_it():
    before = "kites and goats " * 20
    assert unmatched_numbers(f"{before}from 5 to 3.", [f"{before}from 3 to 5."]) == ["from 5 to 3"]


def test_every_sentence_of_an_index_has_its_own_figures(index: Index):
    for paper in index.papers():
        for passage in split_passages(paper.abstract):
            assert unmatched_numbers(passage.text, [passage.text]) == []


def test_every_sentence_of_the_shipped_pages_has_its_own_figures(shipped_sentences):
    assert len(shipped_sentences) > 2000
    assert [s for s in shipped_sentences if unmatched_numbers(s, [s])] == []


@pytest.mark.parametrize("text", ["1e999", "-1e-999", "9" * 500, "9" * 400 + "x3", "9e99 × 10^999", "10^{99999}", "9" * 400 + " million"])  # fmt: skip
def test_figure_beyond_all_bounds_is_one_too(text):
    assert unmatched_numbers(f"It has {text} here.", [f"It has {text} here."]) == []


@pytest.mark.parametrize(
    "text",
    ["a factor of " + "1" * 45 + " z 5", "1 x " * 1000, "O(" * 2000, "from 1 to " * 400, "1,1," * 900, "half a " * 600],
)
def test_long_nonsense_is_read_through(text):
    unmatched_numbers(text, [text])


@pytest.fixture(scope="module")
def shipped_sentences() -> list[str]:

    pages = ROOT / "index" / "pages"
    lines = {
        line for page in sorted(pages.iterdir()) for line in page.read_text("utf-8").splitlines() if len(line) > 80
    }
    return [passage.text for line in sorted(lines) for passage in split_passages(line)]
