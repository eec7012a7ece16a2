"""Replies cut into statements and labels: every form of label, however the reply is cut into pieces."""

import random
import re
import time

import pytest

from qa.labels import LONGEST_SPAN, NONE, Draft, Label, ReplyReader, labels_of

NAMES = {1: "GullNet", 3: "TideNet"}


def read(*pieces: str, whole: bool = True) -> list[Draft]:
    reader = ReplyReader(NAMES)
    return [draft for piece in pieces for draft in reader.feed(piece)] + reader.close(whole=whole)


def statements(reply: str, whole: bool = True) -> list[tuple[str, str]]:
    """Text and labels of each statement: ("Gulls fly.", "1.2 3")."""
    return [(draft.text, " ".join(map(written, draft.labels))) for draft in read(reply, whole=whole)]


def written(label: Label) -> str:
    return "none" if label == NONE else f"{label.paper}.{label.sentence}" if label.sentence else str(label.paper)


# Labels

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


# Statements

SEVERAL = {
    "before the full stop": ("Gulls fly [1.1]. Tides rise [3.1].", [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")]),
    "behind the full stop": ("Gulls fly. [1.1] Tides rise. [3.1]", [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")]),
    "before the sentence": ("[1.1] Gulls fly. [3.1] Tides rise.", [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")]),
    "only the second": ("Gulls fly. Tides rise [3.1].", [("Gulls fly.", ""), ("Tides rise.", "3.1")]),
    "only the first": ("Gulls fly [1.1]. Tides rise.", [("Gulls fly.", "1.1"), ("Tides rise.", "")]),
    "behind the full stop, a name in lower case": (
        "Gulls can fly. [1.1] wav2vec hears them. [3.1]",
        [("Gulls can fly.", "1.1"), ("wav2vec hears them.", "3.1")],
    ),
    "before the sentence, a name in lower case": (
        "[1.1] Gulls can fly. [3.1] wav2vec hears them.",
        [("Gulls can fly.", "1.1"), ("wav2vec hears them.", "3.1")],
    ),
    "two in one behind the full stop": (
        "Gulls fly. [1.1, 3.2] Tides rise. [paper 3] Dough grows.",
        [("Gulls fly.", "1.1 3.2"), ("Tides rise.", "3"), ("Dough grows.", "")],
    ),
    "a word behind a sentence with its label": (
        "Gulls fly [1.1]. [3.2] proposes a tide [3.2].",
        [("Gulls fly.", "1.1"), ("TideNet proposes a tide.", "3.2")],
    ),
    "labels on a numbered line of their own": ("Gulls fly.\n1. [1.1]\n", [("Gulls fly.", "1.1")]),
    "in round brackets behind the full stop": (
        "Gulls fly. ([1.1]) Tides rise. (see [3.1])",
        [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")],
    ),
    "Chinese": ("甲是乙[1.1]。丙是丁[3.1]。", [("甲是乙。", "1.1"), ("丙是丁。", "3.1")]),
    "Chinese, behind the full stop": ("甲是乙。［1.1］丙是丁！【3.1】", [("甲是乙。", "1.1"), ("丙是丁！", "3.1")]),
    "abbreviations": (
        "Gulls, e.g. herring gulls, fly, cf. Fig. 3 there [1.1]. Tides by Smith et al. rise [3.1].",
        [("Gulls, e.g. herring gulls, fly, cf. Fig. 3 there.", "1.1"), ("Tides by Smith et al. rise.", "3.1")],
    ),
    "decimals": (
        "It gains 3.5 points [1.1]. It needs 1.2 s.",
        [("It gains 3.5 points.", "1.1"), ("It needs 1.2 s.", "")],
    ),
    "a decimal at the end": ("It gains 3.5. [1.1] It is fast.", [("It gains 3.5.", "1.1"), ("It is fast.", "")]),
    "lines": ("Gulls fly [1.1].\nTides rise [3.1].", [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")]),
    "lines without full stops": ("Gulls fly [1.1]\nTides rise [3.1]", [("Gulls fly", "1.1"), ("Tides rise", "3.1")]),
    "labels on lines of their own": (
        "Gulls fly.\n[1.1]\nTides rise.\n[3.1]",
        [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")],
    ),
    "Windows line breaks": (
        "Gulls fly [1.1].\r\nTides rise [3.1].\r\n",
        [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")],
    ),
    "a list": ("- Gulls fly [1.1].\n- Tides rise [3.1].", [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")]),
    "a numbered list": ("1. Gulls fly [1.1].\n2. Tides rise [3.1].", [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")]),
    "a list led by labels": (
        "* [1.1] Gulls fly.\n* [3.1] Tides rise.",
        [("Gulls fly.", "1.1"), ("Tides rise.", "3.1")],
    ),
    "a heading": ("## Gulls\nThey fly [1.1].", [("Gulls", ""), ("They fly.", "1.1")]),
    "a bold lead": ("**Gulls:** they fly [1.1].", [("Gulls: they fly.", "1.1")]),
    "unclosed before another": ("Gulls fly [9.1. Tides rise [3.1].", [("Gulls fly.", ""), ("Tides rise.", "3.1")]),
    "nothing": ("", []),
    "blanks": (" \n\n \t", []),
    "labels alone": ("[1.1][3.1]", []),
    "marks alone": ("… – !", []),
}


@pytest.mark.parametrize(("reply", "expected"), SEVERAL.values(), ids=SEVERAL.keys())
def test_statements_have_their_own_labels(reply, expected):
    assert statements(reply) == expected


def test_what_stands_before_each_statement():
    reply = "Two birds [1.1]. They fly [1.2].\n\n- One [1.3].\n- Two [1.4].\nEnd [1.5]."
    assert [draft.before for draft in read(reply)] == ["", " ", "\n\n- ", "\n- ", "\n"]


# What is cut off

CUT = {
    "in a sentence": ("Gulls fly [1.1]. Tides ri", ["Gulls fly."]),
    "in a label": ("Gulls fly [1.1]. Tides rise [3.", ["Gulls fly."]),
    "in a label behind the full stop": ("Gulls fly [1.1]. Tides rise. [3", ["Gulls fly.", "Tides rise."]),
    "at an end": ("Gulls fly [1.1]. Tides rise [3.1].", ["Gulls fly.", "Tides rise."]),
    "at a wide end": ("甲是乙[1.1]。丙是丁[3.1]。", ["甲是乙。", "丙是丁。"]),
    "behind a quotation": ("Gulls “fly.” [1.1]", ["Gulls “fly.”"]),
    "in a figure": ("Gulls fly [1.1]. It gains 81.", ["Gulls fly."]),
    "behind a figure with its label": ("Gulls fly [1.1]. It gains 81.4 [3.1].", ["Gulls fly.", "It gains 81.4."]),
    "behind a line": ("Gulls fly [1.1].\nTides rise\n", ["Gulls fly."]),
    "at once": ("Gull", []),
}


@pytest.mark.parametrize(("reply", "expected"), CUT.values(), ids=CUT.keys())
def test_of_a_cut_reply_the_unfinished_end_is_left_out(reply, expected):
    assert [text for text, _ in statements(reply, whole=False)] == expected


# Pieces

PARTS = [
    *(
        "Gulls fly",
        " tides",
        " rise by 3.5",
        " e.g.",
        " al.",
        " wav2vec hears",
        " K.",
        " U.S.",
        "甲是乙",
        "丙，丁",
        "x" * 90,
    ),
    *(".", "?", "!", "…", "。", "！", ":", ";", ",", " ", "  ", "\t", "\n", "\n\n", "\r\n", "\r", "\u2028", "\0"),
    *("[1.1]", " [2.1]", " [3]", " [1, 3]", "[1-3]", " ［3.2］", "【4】", " [none]", " [0, 1]", "[1[2]3]", " [99999]"),
    *("(", ")", " (see [1.2])", " ([1.3])", "[", "]", "[1", "“", "”", "**", "- ", "1. ", "* ", "## ", " as in [3]"),
    *(" [3]'s", " [paper 3, sentence 2]"),
]


def in_pieces(reply: str, chance: random.Random) -> list[str]:
    cuts = sorted(chance.randrange(len(reply) + 1) for _ in range(chance.randint(0, 12)))
    return [reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)]


@pytest.mark.parametrize("seed", range(40))
def test_however_a_reply_is_cut_the_statements_are_the_same(seed):
    chance = random.Random(seed)
    for _ in range(50):
        reply = "".join(chance.choices(PARTS, k=chance.randint(1, 20)))
        whole = chance.random() < 0.7
        expected = read(reply, whole=whole)
        assert read(*reply, whole=whole) == expected, reply
        assert read(*in_pieces(reply, chance), whole=whole) == expected, reply
        assert not [draft for draft in expected if re.search(r"[\[［【][1-9][\d.]*[\]］】]", draft.text)], reply
        assert not [draft for draft in expected if "\0" in draft.text or not re.search(r"\w", draft.text)], reply


@pytest.mark.parametrize(("reply", "expected"), SEVERAL.values(), ids=SEVERAL.keys())
def test_every_form_reads_the_same_character_by_character(reply, expected):
    assert read(*reply) == read(reply)


EARLY = {
    "before the full stop": "Gulls fly [1.1]. Tides rise far [3.1]. Dough grows well [1.2].",
    "behind the full stop": "Gulls fly. [1.1] Tides rise far. [3.1] Dough grows well. [1.2]",
    "before the sentence": "[1.1] Gulls fly. [3.1] Tides rise far. [1.2] Dough grows well.",
    "on lines": "Gulls fly [1.1].\nTides rise far [3.1].\nDough grows well [1.2].",
    "in a list": "- Gulls fly [1.1].\n- Tides rise far [3.1].\n- Dough grows well [1.2].",
    "labels on lines": "Gulls fly.\n[1.1]\nTides rise far.\n[3.1]\nDough grows well.\n[1.2]",
    "paragraphs": "Gulls fly [1.1].\n\nTides rise far [3.1].\n\nDough grows well [1.2].",
    "Chinese": "甲是乙[1.1]。丙，是丁[3.1]。戊，是己[1.2]。",
    "Chinese, behind the full stop": "甲是乙。[1.1]丙是丁。[3.1]戊是己。[1.2]",
}


@pytest.mark.parametrize("reply", EARLY.values(), ids=EARLY.keys())
def test_statement_is_out_before_the_next_one_ends(reply):
    ends = [match.start() for match in re.finditer(r"[.。](?!\d)", reply)]
    reader, given = ReplyReader(), 0
    for position, character in enumerate(reply):
        complete = sum(end < position for end in ends)
        assert given >= complete - 1
        given += len(reader.feed(character))
    assert len(ends) == 3
    assert given >= 2
    assert given + len(reader.close()) == 3


def test_statement_is_out_one_word_into_the_next():
    reader = ReplyReader()
    assert reader.feed("Gulls fly [1.1]. Tides") == []
    assert [draft.text for draft in reader.feed(" ")] == ["Gulls fly."]


def test_statement_of_the_line_before_is_out_with_the_first_word():
    reader = ReplyReader()
    assert reader.feed("Gulls fly [1.1].\nTides") == []
    assert [draft.text for draft in reader.feed(" ")] == ["Gulls fly."]


# Hostile lengths

HOSTILE = {
    "open brackets": "[" * 9_000,
    "nested labels": "[1" * 4_000 + "]" * 4_000,
    "a label without an end": "[" + "1, " * 4_000,
    "round brackets": "( " * 4_500,
    "see": "(see " * 2_000,
    "labels": "[1.1] " * 2_000,
    "labels as words": "in [1] " * 1_500,
    "one letter": "a" * 9_000,
    "blanks": " " * 9_000,
    "line breaks": "\n" * 9_000,
    "full stops": "." * 9_000,
    "small sentences": "x. " * 1_000,
    "wide full stops": "甲。" * 4_000,
    "stars": "**" * 4_500,
    "dashes": "- " * 4_500,
    "figures": "1" * 9_000,
    "figures in brackets": "[" + "1" * 9_000 + "] is.",
    "spans": "[" + "1-9999, " * 1_000 + "1]. Gulls fly.",
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_reply_is_read_in_linear_time(reply):
    started = time.process_time()
    once = read(reply)
    assert read(*reply) == once
    assert time.process_time() - started < 20
    assert all(len(draft.text) <= 6_000 for draft in once)


def test_a_reply_of_many_pages_on_one_line_is_read():
    started = time.process_time()
    drafts = read("Gulls fly [1.1]. " * 6_000)
    assert len(drafts) == 6_000
    assert time.process_time() - started < 30
