"""How answers read: papers, doubts, notice and account under the text, and lines broken at a terminal's width."""

import re
from dataclasses import replace

import pytest

from qa.answer import Answer, Citation, Quote, Statement, Usage
from qa.console.format import answer_text, details_text, show_answer, usage_text
from qa.console.terminal import Lines
from qa.documents.paper import Paper

ABSTRACT = "TideNet is fast. It is small."
PAPER = Paper(
    id="t",
    title="TideNet",
    abstract=ABSTRACT,
    original=ABSTRACT,
    pages=("a.txt", "b.txt"),
    code_url="https://example.org",
)
QUOTE = Quote(text="TideNet is fast.", start=0, end=16)


def stated(text: str, support: str, reason: str | None = None) -> Statement:
    return Statement(text=text, numbers=(1,), quotes=(QUOTE,), support=support, reason=reason)


ANSWER = Answer(
    question="Is it fast?", text="TideNet is fast. [1]", found=True, mode="model", model="m at host",
    statements=(stated("TideNet is fast.", "supported"),),
    citations=(Citation(number=1, paper=PAPER, quotes=(QUOTE,)),),
    ledger=Usage(seconds={"all": 1.25}, tokens_in=1000, tokens_out=20, calls=1, cost=0.5),
)  # fmt: skip


def test_everything_stands_in_order_under_the_text():
    answer = replace(
        ANSWER,
        rewritten="Is TideNet fast?",
        notice="The reply was cut.",
        statements=(
            stated("TideNet is fast.", "supported", "Not shown."),
            stated("It is one of the very fastest of all models.", "unsupported", "“fastest” is not there."),
            stated("It is\x1b small.", "weak"),
            stated("Nothing is said of cost.", "absent", "Not shown."),
            stated("It flies.", "unsupported"),
        ),
    )
    assert answer_text(answer).split("\n\n") == [
        "TideNet is fast. [1]",
        "[1] TideNet (a.txt, b.txt) · code: https://example.org",
        "! “It is one of the very fastest of …”: “fastest” is not there.\n"
        "? “It is\\x1b small.”: It is supported in part only.\n"
        "! “It flies.”: The abstracts do not support it.",
        "Searched for: Is TideNet fast?",
        "The reply was cut.",
        "m at host · 1 call, 1,000 tokens in, 20 out, $0.5000 · 1.2 s",
    ]


def test_quotes_say_neither_who_wrote_them_nor_what_they_took():
    answer = replace(ANSWER, mode="quotes", model=None, notice="These are quotes.")
    assert details_text(answer).split("\n\n")[1:] == ["These are quotes."]


@pytest.mark.parametrize(
    ("ledger", "text"),
    [
        (Usage(seconds={"all": 3.21}, calls=2, tokens_in=4310, tokens_out=180, cost=0.0021),
         "2 calls, 4,310 tokens in, 180 out, $0.0021 · 3.2 s"),
        (Usage(seconds={"all": 3.21}, calls=1, cache_hits=1, tokens_in=10, tokens_out=2, cost=0.00001),
         "1 call and 1 from the cache, 10 tokens in, 2 out, under $0.0001 · 3.2 s"),
        (Usage(seconds={"all": 0.1}, cache_hits=2), "from the cache · 0.1 s"),
        (Usage(calls=1, tokens_in=10, tokens_out=2, cost=None), "1 call, 10 tokens in, 2 out, cost not known · 0.0 s"),
        (Usage(calls=1, tokens_in=10, tokens_out=2), "1 call, 10 tokens in, 2 out · 0.0 s"),
        (Usage(), "no call · 0.0 s"),
    ],
    ids=["two calls", "one cached, tiny cost", "cached", "price not known", "free", "nothing asked"],
)  # fmt: skip
def test_what_an_answer_took(ledger, text):
    assert usage_text(ledger) == text


def test_answer_that_comes_in_pieces_reads_as_the_whole(capsys):
    answer = replace(ANSWER, text="TideNet is fast. [1]\nIt is small. [1]")
    assert show_answer(iter(["TideNet is fast. [1]", "\nIt is small. [1]", answer])) == answer
    assert capsys.readouterr().out == answer_text(answer) + "\n"


def test_notice_that_was_told_is_not_told_again(capsys):
    answer = replace(ANSWER, notice="These are quotes.")
    show_answer(iter([answer.text, answer]), told="These are quotes.")
    assert "These are quotes." not in capsys.readouterr().out


def test_what_was_shown_before_an_error_stays_on_a_line_of_its_own_and_the_model_is_stopped(capsys):
    stopped = []

    def pieces():
        try:
            yield "TideNet is fast. [1]"
            raise KeyboardInterrupt
        finally:
            stopped.append(True)

    with pytest.raises(KeyboardInterrupt):
        show_answer(pieces())
    assert (capsys.readouterr().out, stopped) == ("TideNet is fast. [1]\n", [True])


# Lines


TEXTS = {
    "plain": "TideNet lowers the error. [1] It needs no grid. [1][2]",
    "paragraphs": "One line.\n\n- Another line that goes on for long enough to be broken twice or so.\n- Third.",
    "long word": "See https://example.org/a/very/long/address/that/fits/nowhere/at/all and more.",
    "chinese": "该模型在十二个港口把平均误差从九点一厘米降到五点四厘米，训练需要四十分钟。 [1] TideNet 很快。 [1]",
    "blanks": "two  blanks, and\ttabs   ",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_in_pieces_is_broken_as_the_whole(text):
    whole = Lines(24, first="* ", indent="  ").feed(text)
    for step in (1, 3, 7):
        lines = Lines(24, first="* ", indent="  ")
        words = re.findall(r"\s*\S+", text)
        pieces = ["".join(words[i : i + step]) for i in range(0, len(words), step)]
        assert "".join(map(lines.feed, pieces)) == whole
    assert re.sub(r"\s", "", whole) == re.sub(r"\s", "", "* " + text)


def test_lines_break_at_the_width_with_wide_signs_counted_twice():
    assert Lines(10).feed("one two three four") == "one two\nthree four"
    assert Lines(10).feed("误差降到五点四厘米。") == "误差降到五\n点四厘米。"
    assert Lines(8).feed("误差降到。五点") == "误差降\n到。五点"
    assert Lines(12, indent="    ").feed("one two three") == "one two\n    three"
    lines = Lines(20)
    assert lines.feed("one ") + lines.feed(" two ") == "one  two"
    assert Lines(None).feed("one  two\nthree") == "one  two\nthree"
