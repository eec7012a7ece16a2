"""Cutting an abstract into sentences: where a stop ends one, where it does not, and that the offsets are exact."""

import pytest

from qa.documents import read_sources
from qa.text.cleanup import clean_text
from qa.text.sentences import Passage, split_passages


def sentences(abstract: str) -> list[str]:
    return [passage.text for passage in split_passages(abstract)]


def test_passage_knows_where_it_stands():
    assert split_passages("  Gulls nest.\n They sing. ") == (
        Passage(text="Gulls nest.", start=2, end=13),
        Passage(text="They sing.", start=15, end=25),
    )


@pytest.mark.parametrize("abstract", [pytest.param("", id="empty"), pytest.param(" \n\t ", id="blank")])
def test_empty_text_has_no_passage(abstract):
    assert split_passages(abstract) == ()


def test_last_sentence_needs_no_stop():
    assert sentences("Gulls nest. They sing") == ["Gulls nest.", "They sing"]


WHOLE = {
    "e.g.": "Some birds, e.g. Gulls of the north, nest early.",
    "e.g. with a comma": "Some birds (e.g., gulls) nest early.",
    "i.e.": "We use the moon, i.e. Its phases, as an input.",
    "et al. before a year": "The method of Tern et al. 2020 is slow.",
    "et al. before a bracket": "The method of Tern et al. (2020) is slow.",
    "et al. before a verb": "Tern et al. show that gulls nest.",
    "vs.": "We weigh rye vs. wheat and Salt vs. Sugar.",
    "cf.": "It is slow, cf. Tern, and dear.",
    "Fig. with a figure": "As Fig. 2 shows, the tide falls.",
    "Fig. with a letter": "As Fig. A shows, the tide falls.",
    "Sec. and Eq.": "See Sec. 3 and Eq. (4) for the tide.",
    "no. before a figure": "Gauge no. 5 stands in the bay.",
    "w.r.t.": "It is stable w.r.t. Wind.",
    "approx.": "It takes approx. 5 days.",
    "a title": "The map of Dr. Tern is old.",
    "decimal": "The error falls from 9.1 cm to 5.4 cm.",
    "decimal without a zero": "At p < .05 the tide falls.",
    "rate": "It converges at O(1/k) and O(1/k^2.5) steps.",
    "version in a name": "YOLOv9 and TideNet-2.1 count gulls.",
    "stop within a name": "A Node.js service dims the lamps.",
    "initial": "The map of J. Tern is old.",
    "two initials": "The map of A. B. Tern is old.",
    "initials without a blank": "The map of A.B. Tern is old.",
    "initials with a hyphen": "The map of J.-P. Tern is old.",
    "country before its noun": "The U.S. Census of gulls is old.",
    "month": "Between Jan. 2020 and Dec. 2022 the tide fell.",
    "town": "The port of St. Malo is small.",
    "link": "See https://example.org/a.b/c.html?d=1.5 for the data.",
    "question within a sentence": "We answer the Where? question of gulls.",
    "dots": "They wait... and then they leave.",
    "dots as one character": "They wait… and then they leave.",
    "list with a numeral in front": "1. We count gulls.",
}


@pytest.mark.parametrize("sentence", WHOLE.values(), ids=WHOLE.keys())
def test_sentence_stays_whole(sentence):
    assert sentences(f"{sentence} We rest.") == [sentence, "We rest."]


TWO = {
    "a full stop": ("Gulls nest.", "They sing."),
    "a question": ("Do gulls nest?", "They do."),
    "a call": ("Gulls nest!", "They do."),
    "dots": ("Gulls nest...", "They sing."),
    "dots as one character": ("Gulls nest…", "They sing."),
    "quote": ('Gulls say "nest."', "They sing."),
    "bracket": ("Gulls nest (on roofs.)", "They sing."),
    "bracket behind": ("Gulls nest.", "(They sing.)"),
    "quote behind": ("Gulls nest.", '"Nest" is a word.'),
    "figure behind": ("We visit 3 ports.", "12 gauges stand there."),
    "figure before": ("The error is 5.4.", "It was 9.1."),
    "percentage": ("It falls by 31 %.", "That is much."),
    "rate": ("It converges at O(1/k).", "We prove it."),
    "version": ("We compare with YOLOv9.", "YOLOv9 is slower."),
    "lone capital": ("We keep a list of size K.", "We show why."),
    "etc.": ("We sell ropes, nets, etc.", "They last."),
    "etc. in brackets": ("We sell gear (ropes, nets, etc.).", "They last."),
    "et al.": ("We follow Tern et al.", "It works."),
    "i.i.d.": ("The tides are i.i.d.", "We use that."),
    "country": ("We count gulls in the U.S.", "We use a boat."),
    "link": ("Code: https://example.org/a.", "We thank gulls."),
    "name with a capital inside": ("We count gulls.", "tpSGD is fast."),
    "name with a capital inside behind a short word": ("It runs on one GPU.", "tpSGD is fast."),
    "name with a figure inside behind a short word": ("We gain 3 dB.", "wav2gull hears it."),
    "name in lower case": ("We count gulls.", "tidecast is fast."),
    "numeral of a list": ("1. We count gulls.", "2. They count us."),
    "numeral in brackets": ("We give (i) tides.", "(ii) Gulls follow."),
}


@pytest.mark.parametrize(("first", "second"), TWO.values(), ids=TWO.keys())
def test_sentence_ends_here(first, second):
    assert sentences(f"{first} {second}") == [first, second]


@pytest.mark.corpus
def test_passages_of_the_real_pages_are_exact_and_leave_nothing_out(corpus):
    for page in read_sources([corpus]):
        for listing in page.listings():
            abstract = clean_text(listing.abstract)[0]
            passages = split_passages(abstract)
            assert all(abstract[p.start : p.end] == p.text == p.text.strip() for p in passages), listing.title
            edges = [0, *(edge for p in passages for edge in (p.start, p.end)), len(abstract)]
            assert edges == sorted(edges), listing.title
            between = [abstract[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
            assert "".join(between).strip() == "", listing.title


@pytest.mark.corpus
def test_passages_of_the_real_pages_are_never_a_stub(corpus):
    """Fewer than three words would be a sentence cut in its middle."""
    stubs = {
        passage.text
        for page in read_sources([corpus])
        for listing in page.listings()
        for passage in split_passages(clean_text(listing.abstract)[0])
        if len(passage.text.split()) < 3
    }
    assert stubs == set()
