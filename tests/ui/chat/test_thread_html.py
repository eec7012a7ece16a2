"""The conversation as HTML: its text word for word, its marks, what is doubtful, and what is told once."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from helpers.talks import ERROR, QUOTED, REFUSED, TALK, TIDE, TRAINING, WRITTEN, answer, paper, said
from qa.answer import Citation
from qa.ui.chat.conversation import About, Conversation, Step, Turn
from qa.ui.chat.paper_cards import cards_html
from qa.ui.chat.thread_html import Mark, Piece, copied_text, paragraphs, thread_html


class Read(HTMLParser):
    """The texts of a page's elements by class or name, and the attributes of each element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))
        if tag not in ("br", "img", "input"):
            self._open.append(self.elements[-1][2])

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        for texts in self._open:
            texts.append(data)

    def texts(self, name: str) -> list[str]:
        """Of the elements of this tag or class, without blanks around."""
        return [
            " ".join("".join(texts).split())
            for tag, attrs, texts in self.elements
            if name == tag or name in (attrs.get("class") or "").split()
        ]

    def attribute(self, name: str) -> list[str | None]:
        return [attrs[name] for _, attrs, _ in self.elements if name in attrs]


def page(*turns: Turn, **values) -> Read:
    return Read(thread_html(Conversation(turns=turns), **values))


def turn(one=None, **values) -> Turn:
    return Turn(**{"question": "Why?", "answer": one, **values})


def texts(one):
    return [[piece.text for piece in line] for line in paragraphs(one)]


# Paragraphs and marks


def test_each_line_of_an_answer_is_a_paragraph_of_its_statements():
    assert texts(WRITTEN) == [
        ["It trains for 40 minutes.", " ", "Counts differ by 4.2 %."],
        ["Nobody counts herons.", " ", "Gulls sleep."],
    ]


def test_statement_has_a_mark_for_each_paper_with_the_quotes_that_are_of_this_one():
    first, _, second = paragraphs(WRITTEN)[0]
    assert first.marks == (Mark(number=1, title="TideNet", quotes=("40 minutes",)),)
    assert second.marks == (
        Mark(number=1, title="TideNet", quotes=("40 minutes",)),
        Mark(number=2, title="Counting Gulls", quotes=("4.2 %",)),
    )


def test_mark_has_only_the_quotes_of_its_statement():
    cited = (Citation(number=1, paper=TIDE, quotes=(ERROR, TRAINING)),)
    one = answer("It errs. [1] It trains. [1]", said("It errs.", 1, quotes=[ERROR]), said("It trains.", 1, quotes=[TRAINING, ERROR]), citations=cited)  # fmt: skip
    assert [piece.marks[0].quotes for piece in paragraphs(one)[0] if piece.marks] == [
        ("The error falls to 5.4 cm.",),
        ("40 minutes", "The error falls to 5.4 cm."),
    ]


def test_number_without_a_paper_has_no_mark():
    one = answer("It works. [1] [7]", said("It works.", 1, 7), citations=QUOTED.citations)
    assert [mark.number for mark in paragraphs(one)[0][0].marks] == [1]


@pytest.mark.parametrize(
    ("text", "statements", "expected"),
    [
        ("", [], []),
        (" \n\t\n ", [], []),
        ("Free text.", [], [["Free text."]]),
        ("One.\nTwo.", [], [["One."], ["Two."]]),
        ("One.\n\n\nTwo.\n", [], [["One."], ["Two."]]),
        ("A. B.", [said("A."), said("B.")], [["A.", " ", "B."]]),
        ("A.\n\nB.", [said("A."), said("B.")], [["A."], ["B."]]),
        ("A. \n B.", [said("A."), said("B.")], [["A.", " "], ["B."]]),
        ("First A. then\nB. last", [said("A."), said("B.")], [["First ", "A.", " then"], ["B.", " last"]]),
        ("A\nb. C.", [said("A\nb."), said("C.")], [["A\nb.", " ", "C."]]),
        ("- A.\n- B.", [said("A."), said("B.")], [["- ", "A."], ["- ", "B."]]),
        ("A. A.", [said("A."), said("A.")], [["A.", " ", "A."]]),
        ("Gone.", [said("Not there.")], [["Gone."]]),
    ],
    ids=[
        "empty", "blank", "no statement", "lines", "empty lines", "statements", "statements in paragraphs",
        "blanks at the ends of lines", "text around", "statement with a newline", "list", "said twice", "not in the text",
    ],
)  # fmt: skip
def test_text_is_parted_into_lines_and_pieces(text, statements, expected):
    assert texts(answer(text, *statements)) == expected


def test_words_of_the_text_are_kept_exactly_in_their_order():
    text = "  Free  start. A\nb. [1]\r\n\nthen 🐦 <b>&amp; [2]   C. [1] [2]\n\n  tail\x00"
    one = answer(text, said("A\nb.", 1), said("C.", 1, 2), citations=WRITTEN.citations)
    kept = "".join(
        piece.text + "".join(f" [{mark.number}]" for mark in piece.marks) for line in paragraphs(one) for piece in line
    )
    assert "".join(kept.split()) == "".join(text.split())
    assert "A\nb." in kept
    assert "then 🐦 <b>&amp; [2]   C. [1] [2]" in kept


def test_shown_text_is_the_text_of_the_answer():
    shown = page(turn(WRITTEN)).texts("p")
    assert shown[0] == "It trains for 40 minutes. [1] Counts differ by 4.2 %. [1] [2] supported in part"
    assert shown[1] == "Nobody counts herons. Gulls sleep. not supported"


def test_mark_in_the_page_leads_to_its_card_and_carries_its_quotes():
    read = page(turn(WRITTEN))
    assert read.attribute("href") == ["#qa-card-1", "#qa-card-1", "#qa-card-2"]
    assert read.attribute("data-number") == ["1", "1", "2"]
    assert [json.loads(quotes or "") for quotes in read.attribute("data-quotes")] == [
        ["40 minutes"],
        ["40 minutes"],
        ["4.2 %"],
    ]
    assert read.texts("cite") == ["[1]", "[1]", "[2]"]


def test_quotes_with_quotation_marks_and_markup_survive_the_attribute():
    words = "\"a\" 'b' <b>&amp; \\ </a> 🐦"
    there = paper(abstract=words)
    quoted = replace(ERROR, text=words, start=0, end=len(words))
    one = answer(
        "A. [1]", said("A.", 1, quotes=[quoted]), citations=(Citation(number=1, paper=there, quotes=(quoted,)),)
    )
    assert [json.loads(quotes or "") for quotes in page(turn(one)).attribute("data-quotes")] == [[words]]


def test_quotes_are_written_as_the_cards_show_them():
    words = "tide\u202e\x07 net"
    quoted = replace(ERROR, text=words, start=0, end=len(words))
    cited = Citation(number=1, paper=paper(abstract=words), quotes=(quoted,))
    one = answer("A. [1]", said("A.", 1, quotes=[quoted]), citations=(cited,))
    (quotes,) = page(turn(one)).attribute("data-quotes")
    assert json.loads(quotes or "") == Read(cards_html(one, 0)).texts("mark") == ["tide\\u202e\\x07 net"]


# Doubt


def test_doubtful_statement_has_its_reason_or_what_is_said_without_one():
    pieces = [piece for line in paragraphs(WRITTEN) for piece in line if piece.support]
    assert [(piece.support, piece.reason) for piece in pieces] == [
        ("supported", None),
        ("weak", "“differ” is said of gulls only."),
        ("absent", None),
        ("unsupported", "The abstracts do not support it."),
    ]


def test_reason_of_a_statement_that_is_not_doubtful_is_not_told():
    assert paragraphs(answer("A.", said("A.", support="absent", reason="Because.")))[0][0].reason is None


def test_doubtful_sentences_are_listed_under_the_answer_with_their_signs():
    assert page(turn(WRITTEN)).texts("doubts") == [
        "Check these sentences supported in part “Counts differ by 4.2 %.”: “differ” is said of gulls only."
        " not supported “Gulls sleep.”: The abstracts do not support it."
    ]


def test_answer_without_doubt_lists_none():
    assert page(turn(QUOTED)).texts("doubts") == []
    assert page(turn(QUOTED)).texts("sign") == []


@pytest.mark.parametrize(
    ("count", "opening"),
    [(1, "w1"), (12, "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12"), (13, "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 …")],
)
def test_long_sentence_is_named_by_its_first_words(count, opening):
    assert Piece(text="\n ".join(f"w{i}" for i in range(1, count + 1))).opening == opening


# What is told beside the text


def test_notice_is_told_once_while_it_stays_the_same():
    other = replace(QUOTED, notice="Read “gul” as “gull”.")
    read = page(turn(QUOTED), turn(QUOTED), turn(other), turn(QUOTED), turn(replace(QUOTED, notice=None)))
    assert read.texts("notice") == ["Read “eror” as “error”.", "Read “gul” as “gull”.", "Read “eror” as “error”."]


def test_answer_without_a_notice_shows_none():
    assert page(turn(WRITTEN)).texts("notice") == []


def test_model_is_named_with_what_it_took():
    shown = "gpt-4.1-mini at api.openai.com · 1 call, 4,310 tokens in, 180 out, cost not known · 2.1 s"
    assert shown in page(turn(WRITTEN)).texts("soft")


@pytest.mark.parametrize("one", [turn(QUOTED), turn(WRITTEN, stopped=True)], ids=["quotes", "stopped"])
def test_what_is_not_known_is_not_told(one):
    assert not any(" · " in text for text in page(one).texts("soft"))


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (turn(WRITTEN, stopped=True), "Stopped. The text above was checked."),
        (turn(stopped=True), "Stopped before the first sentence."),
    ],
    ids=["within", "before"],
)
def test_stopped_answer_says_so_only_when_it_does_not_grow_any_more(one, told):
    assert told in page(one).texts("soft")
    assert told not in page(one, live=True).texts("soft")


def test_error_is_an_alert_beside_what_was_shown():
    read = page(turn(QUOTED), turn(QUOTED, error="The model broke off. Ask again."))
    assert read.texts("error") == ["The model broke off. Ask again."]
    assert read.attribute("role")[0] == "alert"
    assert len(read.texts("answer")) == 2


def test_copied_text_has_the_titles_behind_its_numbers():
    assert copied_text(WRITTEN) == f"{WRITTEN.text}\n\n[1] TideNet: Forecasting Water\n[2] Counting Gulls"
    assert copied_text(REFUSED) == REFUSED.text
    assert copied_text(answer("")) == ""
    assert page(turn(WRITTEN)).attribute("data-copy") == [copied_text(WRITTEN)]


def test_question_of_one_paper_names_it():
    assert "About this paper only: TideNet" in page(turn(QUOTED, about=About(id="t", title="TideNet"))).texts("soft")


# Steps


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step(name="rewriting"), "Rewriting the follow-up …"),
        (Step(name="rewriting", seconds=1.234), "Rewrote the follow-up 1.23 s"),
        (Step(name="searching"), "Searching …"),
        (Step(name="searching", seconds=0.0), "Searched 0.00 s"),
        (Step(name="reading"), "Reading the papers found …"),
        (Step(name="reading", papers=0), "Reading 0 papers …"),
        (Step(name="reading", papers=1), "Reading 1 paper …"),
        (Step(name="reading", papers=8), "Reading 8 papers …"),
        (Step(name="reading", seconds=0.5), "Read the papers found 0.50 s"),
        (Step(name="writing"), "Writing and checking each sentence …"),
        (Step(name="writing", seconds=2.0), "Wrote 2.00 s"),
        (Step(name="writing", seconds=2.0, papers=1), "Read 1 paper and wrote 2.00 s"),
        (Step(name="writing", seconds=2.0, papers=2), "Read 2 papers and wrote 2.00 s"),
        (Step(name="checking", seconds=2.0, papers=2), "Checked each sentence against its quotes 2.00 s"),
        (Step(name="dreaming <b>", seconds=2.0), "dreaming <b> 2.00 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_step_is_told_in_words(step, text):
    assert page(turn(steps=(step,)), live=True).texts("ol") == [text]


def test_steps_fold_away_under_their_number_and_seconds():
    one, two = Step(name="searching", seconds=0.25), Step(name="writing", seconds=2.0)
    assert page(turn(steps=(one,))).texts("summary") == ["1 step, 0.2 s"]
    assert page(turn(steps=(one, two))).texts("summary") == ["2 steps, 2.2 s"]
    assert page(turn()).texts("summary") == []


def test_step_under_way_stands_open_while_the_answer_is_made():
    steps = (Step(name="searching", seconds=0.25), Step(name="reading", papers=8))
    live, still = page(turn(steps=steps), live=True), page(turn(steps=steps))
    assert live.texts("summary") == ["Reading 8 papers …"]
    assert (len(live.attribute("open")), len(still.attribute("open"))) == (1, 0)


# The whole


def test_before_the_first_question_it_says_what_can_be_asked():
    read = page(papers=1234, first_questions=["What is <b>?"], model="a language model at x.example")
    assert read.texts("h2") == ["Ask a question about the 1,234 papers"]
    assert read.attribute("data-ask") == ["What is <b>?"]
    assert (
        "Answers are written by a language model at x.example, and each sentence is checked before it is shown."
        in read.texts("soft")
    )


def test_without_a_model_it_says_how_to_add_one_and_one_paper_is_one():
    read = page(papers=1)
    assert read.texts("h2") == ["Ask a question about the 1 paper"]
    assert any("OPENAI_API_KEY" in text for text in read.texts("soft"))


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (turn(QUOTED), "Answered, 1 paper cited."),
        (turn(WRITTEN), "Answered, 2 papers cited."),
        (turn(REFUSED), "No abstract answers this, 0 papers cited."),
        (turn(error="Gone."), ""),
    ],
    ids=["one paper", "two papers", "refusal", "error"],
)
def test_end_of_an_answer_is_said_to_screen_readers(one, status):
    read = page(one)
    said_ = [" ".join("".join(texts).split()) for _, attrs, texts in read.elements if attrs.get("role") == "status"]
    assert said_ == [status]


def test_only_the_last_turn_can_be_asked_again_and_offers_what_follows():
    read = page(turn(QUOTED, follow_ups=("Old?",)), turn(QUOTED, question="New?", follow_ups=("And?",)))
    assert read.attribute("data-again") == ["New?"]
    assert read.attribute("data-ask") == ["And?"]


@pytest.mark.parametrize(
    ("vote", "pressed"), [(None, ["false", "false"]), (True, ["true", "false"]), (False, ["false", "true"])]
)
def test_vote_is_seen_on_its_button(vote, pressed):
    assert page(turn(QUOTED, vote=vote)).attribute("aria-pressed") == pressed


def test_every_text_of_others_is_shown_and_becomes_no_markup():
    evil = "<script>x</script><img src=x onerror=y> \"' {{ 1 }} {% x %} &amp; </p></section>"
    there = paper(evil, evil)
    one = answer(
        f"{evil} [1]\n{evil}", said(evil, 1, support="weak", reason=evil), mode="model", model=evil, notice=evil, rewritten=evil,
        citations=(Citation(number=1, paper=there, quotes=()),),
    )  # fmt: skip
    html = thread_html(
        Conversation(run=evil, turns=(Turn(
            question=evil, about=About(id=evil, title=evil), answer=one, error=evil, vote=True, note=evil,
            follow_ups=(evil,), steps=(Step(name=evil, seconds=1.0),),
        ),)),
    )  # fmt: skip
    assert not re.search(r"<(?:script|img)", html)
    read = Read(html)
    assert len(read.texts("h3")) == 1
    assert read.texts("h3") == [evil]
    assert read.attribute("data-edit") == [evil]
    assert not any(name.startswith("on") for _, attrs, _ in read.elements for name in attrs)


def test_talk_of_every_kind_of_turn_closes_all_its_elements():
    read = Read(thread_html(TALK))
    assert read._open == []
    assert len(read.texts("turn")) == len(TALK.turns)


def test_stopped_turn_tells_no_seconds_that_nobody_knows():
    steps = (Step(name="searching", seconds=0.5), Step(name="reading", papers=12))
    shown = page(turn(steps=steps, stopped=True))
    assert shown.texts("summary") == ["2 steps"]
    assert shown.texts("li") == ["Searched 0.50 s", "Reading 12 papers (stopped)"]
