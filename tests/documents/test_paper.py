"""Listings of one title: which are one paper, under which id, and which link leads to the code."""

from dataclasses import replace
from itertools import permutations

import pytest

from qa.documents.paper import (
    Entry,
    Paper,
    derived_id,
    find_code_url,
    group_entries,
    make_papers,
    title_key,
    unique,
    word_overlap,
)

TIDES = "Harbour pilots need water levels a few hours ahead. We fill the gaps between gauges with a learned map."
TIDES_LONGER = TIDES + " The model fails during storm surges."
THRUSHES = "Birds lose their way near bright roads. Our survey of migrating thrushes counts collisions at towers."


def listing(abstract: str = TIDES, title: str = "Tides of the Bay", **others) -> Entry:
    return Entry(title=title, abstract=abstract, **others)


def papers(*listings: Entry) -> list[Paper]:
    """The papers of listings under one title, the first on page a.txt, the second on b.txt and so on."""
    return [paper for paper, _ in make_papers(listings, [f"{'abcdef'[i]}.txt" for i in range(len(listings))])]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("Counting Gulls without Labels", "COUNTING GULLS Without labels", id="case"),
        pytest.param("TideNet: Water, Wind", "TideNet - Water & Wind", id="punctuation"),
        pytest.param("Counting Gulls", "  Counting\t Gulls ", id="spacing"),
        pytest.param("Harbour-wide Tides", "Harbourwide Tides", id="hyphen"),
        pytest.param("A Poincaré Map", "A Poincare Map", id="accent"),
        pytest.param("A Poincaré Map", r"A Poincar\'e Map", id="LaTeX accent"),
        pytest.param("A Single-Loop Map", r"A {\it Single-Loop} Map", id="LaTeX style"),
        pytest.param("Straße", "STRASSE", id="sharp s"),
    ],
)
def test_titles_are_the_same_whatever_their_dress(first, second):
    assert title_key(first) == title_key(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("Counting Gulls", "Counting Gulls II", id="a sequel"),
        pytest.param("TideNet v1", "TideNet v2", id="a version"),
        pytest.param("潮の地図", "潮の本", id="another script"),
        pytest.param("???", "!!!", id="nothing but punctuation"),
    ],
)
def test_different_titles_have_different_keys(first, second):
    assert title_key(first) != title_key(second) != ""


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        pytest.param("gulls nest", "gulls nest", 1.0, id="the same"),
        pytest.param("gulls nest", "Gulls NEST on roofs", 1.0, id="one within the other"),
        pytest.param("gulls nest", "gulls sing loudly", 0.5, id="half of the shorter"),
        pytest.param("gulls nest", "rye rises", 0.0, id="nothing"),
        pytest.param("the gulls of it", "the rye of it", 0.0, id="stop words do not count"),
        pytest.param("", "", 1.0, id="both empty"),
        pytest.param("", "gulls", 0.0, id="one empty"),
    ],
)
def test_shared_words_are_counted_against_the_shorter_abstract(first, second, shared):
    assert word_overlap(first, second) == word_overlap(second, first) == shared


def test_repeated_listing_is_one_paper_on_both_pages():
    [paper] = papers(listing(), listing())
    assert (paper.title, paper.abstract, paper.pages) == ("Tides of the Bay", TIDES, ("a.txt", "b.txt"))


def test_page_that_lists_a_paper_twice_is_named_once():
    [(paper, members)] = make_papers([listing(), listing()], ["a.txt", "a.txt"])
    assert (paper.pages, members) == (("a.txt",), [0, 1])


def test_longest_abstract_speaks_under_the_first_title():
    [paper] = papers(listing(), listing(TIDES_LONGER, title="TIDES OF THE BAY"))
    assert (paper.title, paper.abstract) == ("Tides of the Bay", TIDES_LONGER)


def test_abstract_is_mended_and_its_original_kept():
    [paper] = papers(listing(r"The error is 4.2\% of the na\"ive one."))
    assert paper.abstract == "The error is 4.2% of the naïve one."
    assert paper.original == r"The error is 4.2\% of the na\"ive one."


def test_same_title_with_different_abstracts_is_two_papers():
    tides, thrushes = papers(listing(), listing(THRUSHES))
    assert (tides.abstract, thrushes.abstract) == (TIDES, THRUSHES)
    assert tides.id != thrushes.id


def test_different_given_ids_are_two_papers_though_the_abstracts_are_equal():
    assert [paper.id for paper in papers(listing(given_id="lamp-1"), listing(given_id="lamp-2"))] == [
        "lamp-1",
        "lamp-2",
    ]


def test_same_given_id_is_one_paper_though_the_abstracts_differ():
    [paper] = papers(listing(given_id="lamp-1"), listing(THRUSHES, given_id="lamp-1"))
    assert paper.id == "lamp-1"


def test_listing_without_id_joins_the_paper_it_resembles():
    listings = [listing(TIDES_LONGER), listing(THRUSHES, given_id="lamp-2"), listing(given_id="lamp-1")]
    assert group_entries(listings) == [[0, 2], [1]]
    assert [paper.id for paper in papers(*listings)] == ["lamp-1", "lamp-2"]


def test_url_and_date_come_from_the_first_listing_that_has_them():
    [paper] = papers(listing(), listing(url="https://example.org/1", date="2024"), listing(url="https://example.org/2"))
    assert (paper.url, paper.date) == ("https://example.org/1", "2024")


@pytest.mark.parametrize(
    "listings",
    [
        pytest.param([listing(), listing(TIDES_LONGER)], id="one paper"),
        pytest.param([listing(), listing(THRUSHES)], id="two papers"),
        pytest.param([listing(), listing(TIDES_LONGER), listing(THRUSHES)], id="two papers, one repeated"),
        pytest.param([listing(), listing(title="TIDES of the bay!")], id="case and punctuation"),
        pytest.param([listing(title="Bay-wide Tides"), listing(title="Baywide Tides")], id="hyphen"),
        pytest.param([listing(), listing(given_id="lamp-1")], id="a given id"),
    ],
)
def test_ids_do_not_depend_on_the_order_of_pages(listings):
    ids = {tuple(sorted(paper.id for paper in papers(*order))) for order in permutations(listings)}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("title", "paper_id"),
    [
        pytest.param("Counting Gulls", "countinggulls-3ad2639a00", id="two words"),
        pytest.param(
            "Counting the Gulls of a Très Long Harbour Wall", "countingthegullsofatresl-414b6195cc", id="many words"
        ),
    ],
)
def test_id_is_the_beginning_of_the_title_and_a_hash_and_stays_so(title, paper_id):
    assert derived_id(title) == paper_id


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("潮の地図", id="another script"),
        pytest.param("???", id="punctuation"),
        pytest.param("An" + "ti" * 200, id="a word without end"),
        pytest.param("A \ud83d Tide", id="half a character"),
    ],
)
def test_id_of_any_title_is_short_and_safe(title):
    found = derived_id(title)
    assert 10 <= len(found) <= 60
    assert found[0] != "-"
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_paper_survives_the_way_through_a_dictionary():
    [paper] = papers(listing(url="https://example.org/1", date="2024"))
    assert Paper.from_dict(paper.to_dict()) == paper
    assert Paper.from_dict(replace(paper, code_url="https://github.com/example/a").to_dict()) != paper


CODE = {
    "github": ("We share https://github.com/example/tidenet.", "https://github.com/example/tidenet"),
    "github with www": ("See https://www.github.com/example/a", "https://www.github.com/example/a"),
    "gitlab": ("It is open (https://gitlab.com/example/a).", "https://gitlab.com/example/a"),
    "anonymous": ("See https://anonymous.4open.science/r/a-1", "https://anonymous.4open.science/r/a-1"),
    "announced as code": ("Our code is available at https://example.org/a.", "https://example.org/a"),
    "announced as codes": ("Source codes: https://example.org/a!", "https://example.org/a"),
    "announced as an implementation": ("An implementation is at https://example.org/a,", "https://example.org/a"),
    "project page": ("Project page: https://example.org/tidenet.", None),
    "project page on github.io": ("Project page: https://example.github.io/tidenet", None),
    "data first, then code": ("Data: https://example.org/d. Code: https://example.org/c.", "https://example.org/c"),
    "project page first, then github": (
        "See https://example.org/p or https://github.com/example/a.",
        "https://github.com/example/a",
    ),
    "two code links": (
        "Code: https://gitlab.com/example/a https://github.com/example/b",
        "https://gitlab.com/example/a",
    ),
    "code in the sentence before": ("We study the code of bees. Demo: https://example.org/a.", None),
    "encode is not code": ("We encode tides, see https://example.org/a.", None),
    "a host that only ends so": ("See https://notgithub.com/example/a.", None),
    "a host that only begins so": ("See https://github.com.example.org/a.", None),
    "no link": ("The code will be released.", None),
    "empty": ("", None),
}


@pytest.mark.parametrize(("abstract", "url"), CODE.values(), ids=CODE.keys())
def test_code_link_is_told_from_other_links(abstract, url):
    assert find_code_url(abstract) == url


def test_paper_knows_its_code_link_from_the_mended_abstract():
    [paper] = papers(listing("Code: https://example.org/a{https://example.org/a}."))
    assert paper.code_url == "https://example.org/a"


def test_unique_keeps_the_first_of_each():
    assert unique(["b", "a", "b"]) == ["b", "a"]
