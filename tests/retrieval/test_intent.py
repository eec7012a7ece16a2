"""What a question asks for, by its wording alone."""

import pytest

from qa.retrieval.intent import (
    asks_figure,
    asks_others,
    asks_papers,
    has_figure,
    opens_new_topic,
    rare_details,
    refers_back,
)


def table(names: tuple[str, str], rows: dict[str, object]) -> pytest.MarkDecorator:
    """One test for each wording, called by it."""
    return pytest.mark.parametrize(names, rows.items(), ids=[wording or "empty" for wording in rows])


@table(
    ("question", "asks"),
    {
        "How many gauges does TideNet need?": True,
        "How much faster is it?": True,
        "how old are the gulls": True,
        "Which FID does it reach?": True,
        "What mean error do they report?": True,
        "By what factor does noise fall?": True,
        "accuracy of TideNet": True,
        "TideNet gauges": False,
        "How does TideNet work?": False,
        "Why does TideNet fail?": False,
        "What is TideNet?": False,
        "Which gulls nest on roofs?": False,
        "What is a Poincaré map of recipes?": False,
        "": False,
    },
)
def test_question_that_a_number_would_answer(question, asks):
    assert asks_figure(question) is asks


@table(
    ("text", "states"),
    {
        "It needs 12 gauges.": True,
        "It falls by 31 %.": True,
        "It runs 100x faster.": True,
        "5.4 cm": True,
        "3,200 photographs": True,
        "It is twice as fast.": True,
        "a tenfold gain": True,
        "three autumns": True,
        "half the noise": True,
        "orders of magnitude": True,
        "tested on CIFAR-10": False,
        "node2vec walks": False,
        "an L2 norm": False,
        "a 3D map": False,
        "better than YOLOv9": False,
        "better than GullGPT-3.5": False,
        "Someone often tends the gulls.": False,
        "Gulls nest on roofs.": False,
        "": False,
    },
)
def test_figure_counts_unless_it_is_part_of_a_name(text, states):
    assert has_figure(text) is states


@table(
    ("question", "details"),
    {
        "What batch size and learning rate?": ["batch", "learning rate"],
        "Under which Licence is it?": ["licence"],
        "How many GPU hours did it take?": ["gpu", "hours"],
        "Which optimiser, which optimizer?": ["optimiser", "optimizer"],
        "What is TideNet?": [],
        "": [],
    },
)
def test_details_that_abstracts_seldom_give(question, details):
    assert rare_details(question) == details


@table(
    ("question", "asks"),
    {
        "Which papers study tides?": True,
        "Which method counts gulls?": True,
        "Is there work on tides?": True,
        "Who studies gulls?": True,
        "Does anyone count gulls?": True,
        "I half remember something on rye.": True,
        "find me bread": True,
        "tides and gulls": True,
        "How many gauges does TideNet need?": False,
        "Why do gulls nest?": False,
        "How does TideNet fill gaps?": False,
        "When do gulls nest?": False,
    },
)
def test_question_that_papers_would_answer(question, asks):
    assert asks_papers(question) is asks


@table(
    ("question", "leans"),
    {
        "How does it fail?": True,
        "What did the authors find?": True,
        "Do they use rye?": True,
        "And how many gauges?": True,
        "What about gulls?": True,
        "Why?": True,
        "Are you sure?": True,
        "Does TideNet need a grid?": False,
        "Which gulls nest early?": False,
        "Is an item of bread itemised?": False,
        "Android boats": False,
        "": False,
    },
)
def test_question_that_leans_on_what_was_said(question, leans):
    assert refers_back(question) is leans


@table(
    ("question", "beyond"),
    {
        "Is there other work on tides?": True,
        "Does someone else count gulls?": True,
        "Anyone else?": True,
        "Are there alternatives?": True,
        "Show me a similar method.": True,
        "Who else does so?": True,
        "What does TideNet need?": False,
        "Who counts gulls?": False,
        "Do gulls and other birds nest?": False,
        "": False,
    },
)
def test_question_that_looks_beyond_the_papers_named(question, beyond):
    assert asks_others(question) is beyond


@table(
    ("question", "leaves"),
    {
        "Something else: bread.": True,
        "Enough of gulls.": True,
        "Let us change the topic.": True,
        "Another question: what is rye?": True,
        "That's all on tides, now bread.": True,
        "Forget that.": True,
        "What about gulls?": False,
        "Is there enough rye?": False,
        "Do gulls leave the bay?": False,
        "": False,
    },
)
def test_question_that_leaves_the_conversation(question, leaves):
    assert opens_new_topic(question) is leaves
