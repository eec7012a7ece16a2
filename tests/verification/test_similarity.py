"""How near a statement is to sentences: words that meet, words that are left out, and terms that stand nowhere."""

import numpy as np
import pytest

from qa.documents.paper import Paper
from qa.embedding.onnx import ShippedEmbedder
from qa.retrieval.late_interaction import TokenStateCache
from qa.text.sentences import split_passages
from qa.verification.similarity import StatementWords, WordSimilarity


def near(matches, in_title=None, is_figure=None) -> WordSimilarity:
    none = [False] * len(matches)
    return WordSimilarity(
        matches=np.array(matches, np.float32),
        in_title=np.array(none if in_title is None else in_title, bool),
        is_figure=np.array(none if is_figure is None else is_figure, bool),
    )


def test_coverage_takes_each_word_where_it_is_met_best():
    assert near([[1, 0], [0, 0.5]]).coverage([0]) == 0.5
    assert near([[1, 0], [0, 0.5]]).coverage([0, 1]) == 0.75


@pytest.mark.parametrize(
    ("in_title", "is_figure", "coverage"),
    [
        pytest.param([False, False], [False, False], 0.5, id="all count"),
        pytest.param([True, False], [False, False], 0.0, id="title does not count"),
        pytest.param([False, False], [False, True], 1.0, id="figure does not count"),
        pytest.param([True, True], [False, False], 0.5, id="title counts where there is nothing else"),
        pytest.param([True, False], [False, True], 1.0, id="title counts beside a figure"),
        pytest.param([False, False], [True, True], 0.5, id="figure counts where there is nothing else"),
    ],
)
def test_figures_and_title_do_not_count_beside_other_words(in_title, is_figure, coverage):
    assert near([[1], [0]], in_title, is_figure).coverage([0]) == coverage


def test_margin_is_over_the_best_other_sentence():
    assert near([[1, 0.5, 0.25]]).margin([0]) == 0.5
    assert near([[1, 0.5, 0.25]]).margin([2]) == -0.75
    assert near([[1, 0.5, 0.25]]).margin([0, 1, 2]) == 1.0


def test_nothing_said_or_nothing_cited_covers_nothing():
    assert near(np.zeros((0, 2))).coverage([0]) == 0.0
    assert near(np.zeros((0, 2))).margin([0]) == 0.0
    assert near([[1]]).coverage([]) == 0.0


PAPER = Paper(
    id="p",
    title="GoatPull: Kites on Scales",
    abstract="Kites pull over 8× harder than a goat. A random walk of the frogs ends before rain.",
    original="",
    pages=(),
)


@pytest.fixture(scope="module")
def states() -> TokenStateCache:
    return TokenStateCache(ShippedEmbedder())


def similarity(statement: str, states: TokenStateCache) -> WordSimilarity:
    return StatementWords(statement, states).similarity([(PAPER, split_passages(PAPER.abstract))])


def test_word_that_stands_there_is_met_whole_and_another_less(states):
    found = similarity("Goats shout.", states)
    assert found.matches.shape == (2, 2)
    assert found.matches[0, 0] == 1.0
    assert (found.matches[1] < 1).all()
    assert found.matches[0, 1] < 1


def test_words_of_the_title_are_marked(states):
    assert similarity("GoatPull shouts on scales.", states).in_title.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("statement", "is_figure"),
    [
        ("Kites pull eight times harder.", [False, False, True, True, False]),
        ("Kites pull eightfold.", [False, False, True]),
        ("Kites pull 8x harder.", [False, False, True, False]),
        ("Kites pull 3.5% harder.", [False, False, True, False]),
        ("Kites pull 8 times harder.", [False, False, True, True, False]),
        ("Kites change pull times.", [False, False, False, False]),
        ("GPT4 pulls eighty-six kites.", [False, False, True, True, False]),
    ],
)
def test_figures_are_marked(statement, is_figure, states):
    assert similarity(statement, states).is_figure.tolist() == is_figure


def test_figure_told_otherwise_is_no_loss(states):
    assert similarity("Kites pull over eight times harder than a goat.", states).coverage([0]) == 1.0


def test_two_papers_stand_one_after_the_other(states):
    passages = split_passages(PAPER.abstract)
    assert StatementWords("Frogs.", states).similarity([(PAPER, passages), (PAPER, passages)]).matches.shape == (1, 4)
    assert StatementWords("Frogs.", states).similarity([]).matches.shape == (1, 0)


@pytest.mark.parametrize(
    ("statement", "term"),
    [
        ("Frogs end before rain by spectral sparsification.", "spectral sparsification"),
        ("Frogs end by spectral-sparsification before rain.", "spectral-sparsification"),
        ("Frogs end by a quantum walk before rain.", "quantum walk"),
    ],
)
def test_strangest_term_is_the_one_the_paper_does_not_have(statement, term, states):
    found, nearness = StatementWords(statement, states).least_similar_term([PAPER])
    assert found == term
    assert nearness < 0.75


@pytest.mark.parametrize(
    "statement", ["Kites pull harder.", "Frogs end by a random walk.", "It makes use.", "Spectral, sparsification.", ""]
)
def test_sentence_without_a_strange_term_has_none(statement, states):
    assert StatementWords(statement, states).least_similar_term([PAPER]) == ("", 1.0)
