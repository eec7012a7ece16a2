"""Replies cut into statements, each with its own labels, however the reply is cut into pieces."""

import random
import re
import time

import pytest

from qa.context import NONE, Label
from qa.generation.parse import ParsedStatement, ReplyReader

NAMES = {1: "GullNet", 3: "TideNet"}


def read(*pieces: str, whole: bool = True) -> list[ParsedStatement]:
    reader = ReplyReader(NAMES)
    return [draft for piece in pieces for draft in reader.feed(piece)] + reader.close(whole=whole)


def statements(reply: str, whole: bool = True) -> list[tuple[str, str]]:
    """Text and labels of each statement: ("Gulls fly.", "1.2 3")."""
    return [(draft.text, " ".join(map(written, draft.labels))) for draft in read(reply, whole=whole)]


def written(label: Label) -> str:
    return "none" if label == NONE else f"{label.paper}.{label.sentence}" if label.sentence else str(label.paper)


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
