"""An answer's text in its statements and what stands between them: joined, the parts are always the text."""

import random

import pytest

from helpers.talks import QUOTED, REFUSED, WRITTEN, answer, said


def parts(one):
    """Each part of the text, with the place of its statement among the statements."""
    places = {id(statement): i for i, statement in enumerate(one.statements)}
    return [(text, None if statement is None else places[id(statement)]) for text, statement in one.segments()]


def test_statements_stand_with_their_markers_and_the_rest_between_them():
    assert parts(WRITTEN) == [
        ("It trains for 40 minutes. [1]", 0),
        (" ", None),
        ("Counts differ by 4.2 %. [1] [2]", 1),
        ("\n", None),
        ("Nobody counts herons.", 2),
        (" ", None),
        ("Gulls sleep.", 3),
    ]


@pytest.mark.parametrize(
    ("text", "statements", "expected"),
    [
        ("", [], []),
        ("", [said("A.", 1)], []),
        ("Alone.", [], [("Alone.", None)]),
        ("It works. It works.", [said("It works."), said("It works.")], [("It works.", 0), (" ", None), ("It works.", 1)]),
        (
            "It works. [1] It works. [2]",
            [said("It works.", 1), said("It works.", 2)],
            [("It works. [1]", 0), (" ", None), ("It works. [2]", 1)],
        ),
        ("It works. [1] [2]", [said("It works.", 1)], [("It works. [1]", 0), (" [2]", None)]),
        ("It works. [12]", [said("It works.", 1)], [("It works. [12]", None)]),
        ("It works. [2]", [said("It works.", 1)], [("It works. [2]", None)]),
        ("It works. It works not.", [said("It works not.")], [("It works. ", None), ("It works not.", 0)]),
        ("rework work", [said("work")], [("rework ", None), ("work", 0)]),
        ("works work", [said("work")], [("works ", None), ("work", 0)]),
        ("www.5.io", [said("www"), said(".5.io")], [("www.5.io", None)]),
        ("A b A b c", [said("A b c")], [("A b ", None), ("A b c", 0)]),
        ("B. A.", [said("A."), said("B.")], [("B. ", None), ("A.", 0)]),
        ("A. C.", [said("A."), said("B."), said("C.")], [("A.", 0), (" ", None), ("C.", 2)]),
        ("A.\nB. [1]\n", [said("A.\nB.", 1)], [("A.\nB. [1]", 0), ("\n", None)]),
        ("A\u00a0B A", [said("A"), said("B")], [("A", 0), ("\u00a0", None), ("B", 1), (" A", None)]),
        ("What (x)? [1] $^", [said("What (x)?", 1), said("$^")], [("What (x)? [1]", 0), (" ", None), ("$^", 1)]),
        ("A B", [said(""), said("B")], [("A ", None), ("B", 1)]),
        ("🐦 e\u0301. 🐦", [said("e\u0301."), said("🐦")], [("🐦 ", None), ("e\u0301.", 0), (" ", None), ("🐦", 1)]),
    ],
    ids=[
        "empty", "nothing to stand in", "no statement", "said twice", "said twice of two papers", "a marker too many",
        "another marker that begins so", "another marker", "beginning of another", "end of a longer word",
        "beginning of a longer word", "parts of a word", "stands whole only later", "in another order", "not in the text",
        "with a newline", "other blanks", "signs of patterns", "empty statement", "astral and combining",
    ],
)  # fmt: skip
def test_text_is_parted(text, statements, expected):
    assert parts(answer(text, *statements)) == expected


def test_chance_texts_are_kept_exactly():
    chance = random.Random(5)
    words = ["A", "b.", "A b.", "[1]", "[2]", " ", "\n", "\n\n", "🐦", "e\u0301", "", "\u00a0"]
    for _ in range(3000):
        text = "".join(chance.choices(words, k=chance.randint(0, 9)))
        statements = [said(chance.choice(words), *chance.sample([1, 2], chance.randint(0, 2))) for _ in range(4)]
        one = answer(text, *statements)
        assert "".join(part for part, _ in one.segments()) == text
        assert all(part.startswith(statement.text) for part, statement in one.segments() if statement)


@pytest.mark.parametrize("one", [QUOTED, REFUSED], ids=["quotes", "refusal"])
def test_answers_of_each_kind_are_kept_exactly(one):
    assert "".join(part for part, _ in one.segments()) == one.text


def test_huge_text_is_parted_although_a_long_statement_almost_stands_in_it_everywhere():
    almost = answer("word " * 200_000, said("word " * 100_000 + "x", 1), said("word"))
    assert [text for text, _ in almost.segments()] == ["word", " " + "word " * 199_999]
