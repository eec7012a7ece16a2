"""Every form of label, and what is none."""

import re

import pytest

from qa.context import NONE, Label
from qa.generation.citation_labels import (
    LONGEST_SPAN,
    groups_of,
    is_cut_in_label,
    labels_of,
    mask_labels,
    open_label_start,
    without_labels,
)
from qa.generation.parse import ReplyReader

NAMES = {1: "GullNet", 3: "TideNet"}


def statements(reply: str) -> list[tuple[str, str]]:
    """Text and labels of each statement: ("Gulls fly.", "1.2 3")."""
    reader = ReplyReader(NAMES)
    drafts = [*reader.feed(reply), *reader.close()]
    return [(draft.text, " ".join(map(written, draft.labels))) for draft in drafts]


def written(label: Label) -> str:
    return "none" if label == NONE else f"{label.paper}.{label.sentence}" if label.sentence else str(label.paper)


ONE = {
    "before the full stop": ("Gulls fly [1.2].", "1.2"),
    "behind the full stop": ("Gulls fly. [1.2]", "1.2"),
    "behind the full stop without a blank": ("Gulls fly.[1.2]", "1.2"),
    "without a blank": ("Gulls fly[1.2].", "1.2"),
    "before the sentence": ("[1.2] Gulls fly.", "1.2"),
    "before the sentence, with a colon": ("[1.2]: Gulls fly.", "1.2"),
    "a paper": ("Gulls fly [3].", "3"),
    "a paper in words": ("Gulls fly [paper 3].", "3"),
    "a paper in a capital": ("Gulls fly [Paper 3].", "3"),
    "papers in words": ("Gulls fly [papers 1 and 3].", "1 3"),
    "a sentence in words": ("Gulls fly [sentence 3.2].", "3.2"),
    "a paper and its sentence in words": ("Gulls fly [paper 3, sentence 2].", "3.2"),
    "a page of a paper": ("Gulls fly [p. 3].", "3"),
    "full-width brackets": ("Gulls fly ［1.2］.", "1.2"),
    "lenticular brackets": ("Gulls fly 【1.2】.", "1.2"),
    "tortoise brackets": ("Gulls fly 〔1.2〕.", "1.2"),
    "brackets that do not match": ("Gulls fly [1.2】.", "1.2"),
    "full-width figures": ("Gulls fly ［１．２］.", "1.2"),
    "two in one": ("Gulls fly [1, 3].", "1 3"),
    "two sentences in one": ("Gulls fly [1.2, 3.4].", "1.2 3.4"),
    "two with a semicolon": ("Gulls fly [1.2; 3.4].", "1.2 3.4"),
    "two with and": ("Gulls fly [1.2 and 3.4].", "1.2 3.4"),
    "two with a wide comma": ("Gulls fly ［1.2，3.4］.", "1.2 3.4"),
    "two side by side": ("Gulls fly [3.2][4.1].", "3.2 4.1"),
    "two with a blank": ("Gulls fly [3.2] [4.1].", "3.2 4.1"),
    "two with a comma": ("Gulls fly [3.2], [4.1].", "3.2 4.1"),
    "one on each side of the full stop": ("Gulls fly [3.2]. [4.1]", "3.2 4.1"),
    "two with and between": ("Gulls fly [3.2] and [4.1].", "3.2 4.1"),
    "three with a comma and and": ("Gulls fly [1], [3.2], and [4.1].", "1 3.2 4.1"),
    "the same twice": ("Gulls fly [3.2][3.2].", "3.2"),
    "a span of papers": ("Gulls fly [1-3].", "1 2 3"),
    "a span with a dash": ("Gulls fly [1–3].", "1 2 3"),
    "a span of sentences": ("Gulls fly [3.2-3.4].", "3.2 3.3 3.4"),
    "a short span of sentences": ("Gulls fly [3.2-4].", "3.2 3.3 3.4"),
    "a span and one": ("Gulls fly [1-2, 5].", "1 2 5"),
    "blanks inside": ("Gulls fly [ 1.2 , 3.4 ].", "1.2 3.4"),
    "nothing of it": ("Gulls fly [none].", "none"),
    "nothing of it in capitals": ("Gulls fly [NONE].", "none"),
    "in round brackets": ("Gulls fly ([1.2]).", "1.2"),
    "in round brackets behind the full stop": ("Gulls fly. ([1.2])", "1.2"),
    "in round brackets with a word": ("Gulls fly (see [1.2]).", "1.2"),
    "two in round brackets": ("Gulls fly ([1.2], [3.4]).", "1.2 3.4"),
    "nested": ("Gulls fly [[1.2]].", "1.2"),
    "nested deeper": ("Gulls fly [[[1.2]]].", "1.2"),
    "nested within another": ("Gulls fly [1[2]3].", "2"),
    "nested with a word": ("Gulls fly [see [1.2]].", "1.2"),
    "in the middle": ("Gulls [1.2] fly.", "1.2"),
    "bold": ("**Gulls** fly **[1.2]**.", "1.2"),
    "bold all": ("**Gulls fly [1.2].**", "1.2"),
    "on a line of its own": ("Gulls fly.\n[1.2]", "1.2"),
    "on a line of its own after a blank line": ("Gulls fly.\n\n[1.2]\n", "1.2"),
    "on two lines of their own": ("Gulls fly.\n[1.2]\n[3.4]", "1.2 3.4"),
    "on a line of its own in a list": ("Gulls fly.\n- [1.2]", "1.2"),
    "never given": ("Gulls fly [9999.1].", "9999.1"),
    "huge": ("Gulls fly [123456789012].", "123456789012"),
    "unclosed at the end": ("Gulls fly [1.2", ""),
    "unclosed before the full stop": ("Gulls fly [1.2.", ""),
    "unclosed, two": ("Gulls fly [1.2, 3", ""),
}


@pytest.mark.parametrize(("reply", "labels"), ONE.values(), ids=ONE.keys())
def test_label_is_read_and_leaves_no_trace(reply, labels):
    ((text, found),) = statements(reply)
    assert found == labels
    assert re.sub(r"^: |[.]$", "", text) == "Gulls fly"


NO_LABELS = {
    "an interval": "Weights lie in [0, 1] here.",
    "an interval of decimals": "Weights lie in [0.5, 1.5] here.",
    "an interval below zero": "Weights lie in [-1, 1] here.",
    "a half-open interval": "Weights lie in [1, 2) here.",
    "a matrix": "The matrix [1.5 2.0] is used.",
    "words in brackets": "The token [MASK] is used.",
    "words and a figure in brackets": "The token [unused3] is used.",
    "nothing in brackets": "The list [] is empty.",
    "a call": "It calls f() twice.",
    "a power": "It takes 2**3 steps.",
    "round brackets": "It gains 3 points (1.2) there.",
    "zero": "The index [0] is first.",
    "a decimal without a zero": "It uses a rate of .5 here.",
    "a French question mark": "Est-ce vrai ?",
}


@pytest.mark.parametrize("reply", NO_LABELS.values(), ids=NO_LABELS.keys())
def test_what_is_no_label_stays(reply):
    assert statements(reply) == [(reply, "")]


WORDS = {
    "opens the sentence": ("[3] proposes a tide.", "TideNet proposes a tide.", "3"),
    "with an s": ("[3]'s tide is high.", "TideNet's tide is high.", "3"),
    "ends it": ("Tides rise, as shown in [3].", "Tides rise, as shown in TideNet.", "3"),
    "two of them": ("Unlike [1], [3] is fast [3.2].", "Unlike GullNet, TideNet is fast.", "1 3 3.2"),
    "two that open it": ("[1] and [3] are fast.", "GullNet and TideNet are fast.", "1 3"),
    "compared": ("It is faster than [1] by a mile.", "It is faster than GullNet by a mile.", "1"),
    "one of its sentences": ("This is as in [3.2].", "This is as in TideNet.", "3.2"),
    "without a name": ("It is faster than [7] by a mile.", "It is faster than by a mile.", "7"),
}


@pytest.mark.parametrize(("reply", "text", "labels"), WORDS.values(), ids=WORDS.keys())
def test_label_that_is_a_word_becomes_the_name_of_its_paper(reply, text, labels):
    assert statements(reply) == [(text, labels)]


def test_name_that_looks_like_a_label_is_none():
    reader = ReplyReader({3: "[9.1] Evil\0"})
    ((draft),) = [*reader.feed("[3] proposes a tide."), *reader.close()]
    assert draft.text == "Evil proposes a tide."
    assert draft.labels == (Label(paper=3),)


def test_a_span_is_bounded():
    assert list(labels_of("1-9999")) == [Label(paper=n) for n in range(1, LONGEST_SPAN + 2)]
    assert len(list(labels_of("1.1-1.9999"))) == LONGEST_SPAN + 1


def test_a_span_backwards_is_its_first():
    assert list(labels_of("3-1")) == [Label(paper=3)]


def test_a_span_across_papers_is_both_ends():
    assert list(labels_of("3.2-4.1")) == [Label(paper=3, sentence=2), Label(paper=4, sentence=1)]


# A line and its labels


def test_groups_stand_where_they_say():
    line = "Unlike [1], it is fast [3.2][3.3]."
    groups = groups_of(line)
    assert [line[group.start : group.end] for group in groups] == ["[1]", "[3.2]", "[3.3]"]
    assert [group.is_word for group in groups] == [True, False, False]


def test_group_that_opens_a_line_may_be_a_word_or_not():
    assert [group.is_word for group in groups_of("[3] proposes a tide.")] == [True]
    assert [group.is_word for group in groups_of("[3] proposes a tide.", may_open=False)] == [False]


MASKED = {
    "beside": ("Gulls fly [1.2].", True, "Gulls fly      ."),
    "a word": ("As in [3], tides rise.", True, "As in XXX, tides rise."),
    "hollow brackets": ("Gulls fly (see [1]).", True, "Gulls fly          ."),
    "brackets that may become hollow": ("Gulls fly (see ", False, "Gulls fly "),
    "brackets that stay": ("Gulls fly (see ", True, "Gulls fly (see "),
}


@pytest.mark.parametrize(("line", "ended", "expected"), MASKED.values(), ids=MASKED)
def test_labels_are_masked_in_place(line, ended, expected):
    assert mask_labels(line, groups_of(line), ended=ended) == expected


def test_part_of_a_line_is_without_its_labels():
    line = "Gulls fly [1.1]. [3] is fast [3.1]."
    assert without_labels(line, 0, 16, groups_of(line), NAMES) == "Gulls fly."
    assert without_labels(line, 17, len(line), groups_of(line), NAMES) == "TideNet is fast."


OPEN = {
    "a label": ("Gulls fly [1.", 10),
    "none": ("Gulls fly [no", 10),
    "a whole label": ("Gulls fly [1.1]", 15),
    "an index": ("It takes a[i", 12),
    "nothing": ("", 0),
}


@pytest.mark.parametrize(("line", "place"), OPEN.values(), ids=OPEN)
def test_label_that_is_not_whole_yet(line, place):
    assert open_label_start(line) == place


def test_line_is_cut_in_a_label_that_stands_before_its_full_stop():
    assert is_cut_in_label("Gulls fly [1.")
    assert not is_cut_in_label("Gulls fly. [1.")
    assert not is_cut_in_label("Gulls fly [1.1]")
