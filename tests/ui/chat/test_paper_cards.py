"""The papers behind an answer as cards: what is marked in an abstract, which papers stand there, and why."""

import random
import re
from dataclasses import replace

import pytest

from helpers.talks import BIRDS, COUNTS, ERROR, GULLS, QUOTED, REFUSED, TIDE, TRAINING, WATER, WRITTEN, answer, paper
from qa.answer import Citation, Quote
from qa.errors import InputError
from qa.retrieval.explain import MatchExplanation
from qa.ui.chat.paper_cards import cards, cards_html, marked, similar_html

ABSTRACT = "abcdefghij"


def at(start: int, end: int, abstract: str = ABSTRACT) -> Quote:
    return Quote(text=abstract[start:end], start=start, end=end)


def shown(parts) -> str:
    """An abstract with brackets around what is marked."""
    return "".join(f"[{text}]" if quoted else text for text, quoted in parts)


@pytest.mark.parametrize(
    ("quotes", "expected"),
    [
        ([], "abcdefghij"),
        ([at(2, 5)], "ab[cde]fghij"),
        ([at(0, 10)], "[abcdefghij]"),
        ([at(0, 2), at(8, 10)], "[ab]cdefgh[ij]"),
        ([at(8, 10), at(0, 2)], "[ab]cdefgh[ij]"),
        ([at(2, 5), at(2, 5)], "ab[cde]fghij"),
        ([at(1, 6), at(2, 4)], "a[bcdef]ghij"),
        ([at(2, 4), at(1, 6)], "a[bcdef]ghij"),
        ([at(1, 3), at(1, 6)], "a[bc][def]ghij"),
        ([at(1, 4), at(3, 6)], "a[bcd][ef]ghij"),
        ([at(1, 4), at(4, 6)], "a[bcd][ef]ghij"),
        ([at(1, 8), at(2, 3), at(6, 9)], "a[bcdefgh][i]j"),
        ([replace(at(2, 5), text="xyz"), at(6, 8)], "abcdef[gh]ij"),
        ([Quote(text="", start=3, end=3)], "abcdefghij"),
        ([Quote(text="abcdefghij", start=0, end=11)], "[abcdefghij]"),
        ([Quote(text="", start=12, end=20)], "abcdefghij"),
        ([Quote(text="ij", start=-2, end=10)], "abcdefghij"),
        ([Quote(text="abcdefghi", start=0, end=-1)], "abcdefghij"),
        ([Quote(text="cde", start=5, end=2)], "abcdefghij"),
        ([Quote(text="cd", start=2, end=5)], "abcdefghij"),
    ],
    ids=[
        "none", "one", "all", "both ends", "unordered", "twice", "one in another", "one in another, unordered",
        "same beginning", "overlapping", "touching", "three", "false", "empty", "past the end", "beyond the end", "negative",
        "negative end", "backwards", "longer than its words",
    ],
)  # fmt: skip
def test_quotes_are_marked_in_the_abstract(quotes, expected):
    parts = marked(ABSTRACT, quotes)
    assert "".join(text for text, _ in parts) == ABSTRACT
    assert merged(shown(parts)) == merged(expected)


def merged(text: str) -> str:
    """Marks that touch look like one."""
    return text.replace("][", "")


def test_no_part_is_empty_and_an_empty_abstract_has_none():
    assert marked("", [Quote(text="", start=0, end=0)]) == ()
    assert all(text for text, _ in marked(ABSTRACT, [at(0, 3), at(3, 10)]))


@pytest.mark.parametrize(
    ("abstract", "words", "expected"),
    [
        ("🐦🐦 gulls 🐦", "gulls", "🐦🐦 [gulls] 🐦"),
        ("a🐦b", "🐦", "a[🐦]b"),
        ("e\u0301te\u0301 x", "te\u0301", "e\u0301[te\u0301] x"),
        ("👩‍🔬 and 👩‍🔬🏽", "and", "👩‍🔬 [and] 👩‍🔬🏽"),
        ("<b>&amp;", "&amp;", "<b>[&amp;]"),
    ],
    ids=["after astral", "astral", "combining", "joined", "markup"],
)
def test_offsets_count_characters(abstract, words, expected):
    start = abstract.index(words)
    assert shown(marked(abstract, [Quote(text=words, start=start, end=start + len(words))])) == expected


def test_chance_quotes_keep_the_abstract_and_mark_just_their_characters():
    chance = random.Random(3)
    for _ in range(2000):
        quotes = [at(*sorted(chance.choices(range(11), k=2))) for _ in range(chance.randint(0, 5))]
        parts = marked(ABSTRACT, quotes)
        assert "".join(text for text, _ in parts) == ABSTRACT
        quoted = {c for text, is_quoted in parts if is_quoted for c in text}
        assert quoted == {c for quote in quotes for c in quote.text}


# Which papers


def test_cited_papers_stand_by_number_with_their_own_quotes_marked():
    one, two = cards(WRITTEN, {})
    assert [(one.paper, one.number), (two.paper, two.number)] == [(TIDE, 1), (GULLS, 2)]
    assert shown(one.parts) == "The error falls to 5.4 cm. Training takes [40 minutes]. Storms are rare."
    assert shown(two.parts) == "Gulls are counted from the air. Counts differ by [4.2 %]."


def test_refusal_has_the_nearest_papers_without_numbers_and_marks():
    assert [(card.paper, card.number, shown(card.parts)) for card in cards(REFUSED, {})] == [
        (TIDE, None, WATER),
        (GULLS, None, BIRDS),
    ]


def test_refusal_that_cites_a_paper_has_it_first_and_once():
    cited = replace(REFUSED, mode="model", citations=(Citation(number=1, paper=GULLS, quotes=(COUNTS,)),))
    assert [(card.paper, card.number) for card in cards(cited, {})] == [(GULLS, 1), (TIDE, None)]


def test_reason_stands_at_its_paper_and_nowhere_else():
    reason = MatchExplanation(words=("gulls",), closeness="close in meaning")
    assert [card.why for card in cards(WRITTEN, {GULLS.id: reason, "other": reason})] == [None, reason]


def test_answer_without_papers_has_no_cards():
    assert cards(answer("Nothing."), {}) == []


# As HTML


def heads(html: str) -> list[str]:
    return [" ".join(re.sub(r"<[^>]+>", "", head).split()) for head in re.findall(r"<h3.*?</h3>", html, re.DOTALL)]


def test_card_has_number_title_pages_date_links_and_marked_words():
    html = cards_html(QUOTED, 3)
    assert heads(html) == ["[1] TideNet: Forecasting Water"]
    assert 'data-turn="3"' in html
    assert 'id="qa-card-1"' in html
    assert "harbour.txt · 2024-05-01" in html
    assert 'href="https://github.com/example/tidenet" target="_blank" rel="noopener noreferrer">Code</a>' in html
    assert "<mark>The error falls to 5.4 cm.</mark> Training takes 40 minutes." in html


def test_nearest_papers_are_called_so_and_are_no_goals_of_a_number():
    html = cards_html(REFUSED, 0)
    assert "Closest papers" in html
    assert heads(html) == ["TideNet: Forecasting Water", "Counting Gulls"]
    assert re.findall(r'id="(qa-card-[^t].*?)"', html) == ["qa-card-near-1", "qa-card-near-2"]
    assert "<mark>" not in html


def test_refusal_that_cites_says_which_are_cited_by_their_numbers():
    cited = replace(REFUSED, citations=(Citation(number=1, paper=GULLS, quotes=(COUNTS,)),))
    html = cards_html(cited, 0)
    assert "Cited and closest papers" in html
    assert heads(html) == ["[1] Counting Gulls", "TideNet: Forecasting Water"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (MatchExplanation(words=("gulls", "air"), closeness="meaning: high"), "Matches: gulls, air · meaning: high"),
        (MatchExplanation(words=(), closeness="meaning: high"), "No exact match · meaning: high"),
        (MatchExplanation(words=("<gulls>",), closeness=""), "Matches: &lt;gulls&gt;"),
        (MatchExplanation(words=(), closeness="meaning: low"), "Weak match · meaning: low"),
        (MatchExplanation(words=("air",), closeness="meaning: low"), "Matches: air · meaning: low"),
        (MatchExplanation(words=(), closeness=""), None),
        (None, None),
    ],
    ids=["both", "close", "words", "neither", "words alone", "nothing", "not known"],
)
def test_why_is_told_in_words(reason, told):
    html = cards_html(QUOTED, 0, {TIDE.id: reason} if reason else {})
    found = re.search(r'class="soft why">(.*?)</p>', html, re.DOTALL)
    assert (found and re.sub(r"</?b>", "", found[1])) == told


def test_before_an_answer_and_without_papers_it_says_so():
    assert "The papers that an answer cites appear here" in cards_html(None, -1)
    assert "This answer cites no paper." in cards_html(answer("Nothing."), 0)


def test_texts_of_papers_become_no_markup_and_only_https_links_are_links():
    evil = "\"><script>x</script><img src=x onerror='y'>"
    there = paper(evil, evil, id=evil, pages=(evil,), date=evil, code_url="javascript:x", url=evil)
    quote = Quote(text=evil[2:10], start=2, end=10)
    html = cards_html(answer("A.", citations=(Citation(number=1, paper=there, quotes=(quote,)),)), 0)
    assert not re.search(r"<(?:script|img|a )", html)
    assert "<mark>&lt;script&gt;</mark>" in html


def test_quotes_of_one_paper_do_not_mark_another():
    wrong = answer("A.", citations=(Citation(number=1, paper=GULLS, quotes=(ERROR, TRAINING)),))
    assert "<mark>" not in cards_html(wrong, 0)


def test_similar_papers_can_be_asked_about(index):
    html = similar_html(index, index.papers()[0].id)
    assert html.count("ask-about") == 5
    assert f'data-ask-paper="{index.papers()[0].id}"' not in html


def test_similar_papers_of_one_that_is_gone_are_an_error(index):
    with pytest.raises(InputError, match="no paper 'gone'"):
        similar_html(index, "gone")
