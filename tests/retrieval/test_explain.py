"""Why a paper was found: the words that occur in it, and how close it is."""

import json

import pytest

import qa
from qa.retrieval.explain import LOW, MOST_WORDS, NOT_SCORED, closeness, explain_match

pytestmark = pytest.mark.slow


GULLS, DOUGH, RECIPES, TIDE, FERRIES = "Counting Gulls", "DoughGraph", "A Poincar", "TideNet", "Quiet Motors"


def paper(index, title):
    return next(paper for paper in index.papers() if paper.title.startswith(title))


def reason(index, question, title):
    chosen = paper(index, title)
    return explain_match(index, question, [chosen])[chosen.id]


@pytest.mark.parametrize(
    ("question", "title", "words"),
    [
        ("How accurate is TideNet?", TIDE, ("TideNet",)),
        ("Counts of GULLS in photograph", GULLS, ("GULLS", "photograph", "Counts")),
        ("Which papers describe a labelled bird?", GULLS, ("labelled", "bird")),
        ("optimizer for hyperbolic embedding", RECIPES, ("optimizer", "hyperbolic", "embedding")),
        ("Poincaré and poincare", RECIPES, ("Poincaré",)),
        ("relations at 93%, not 61 percent", RECIPES, ("relations", "93%", "61")),
        ("gulls gulls gull", GULLS, ("gulls",)),
        ("How does the work treat steering?", FERRIES, ("treat", "steering")),
        ("a lot of pilots", TIDE, ("pilots",)),
        ("penguins", GULLS, ()),
        ("the of and was", GULLS, ()),
    ],
    ids=[
        "name", "endings and case", "British spelling, no words of asking", "American spelling", "accent",
        "figures and percent", "each once", "words of asking that stand there", "no parts of words", "none", "stop words",
    ],
)  # fmt: skip
def test_words_of_the_question_that_stand_in_the_paper(index, question, title, words):
    assert reason(index, question, title).words == words


@pytest.mark.parametrize(
    ("question", "title", "words"),
    [
        ("recurent bread", TIDE, ("recurent",)),
        ("TIDENET gagues", TIDE, ("TIDENET", "gagues")),
        ("recurent bread", GULLS, ()),
    ],
    ids=["mended", "beside others", "not in the paper"],
)
def test_word_with_a_typing_error_counts_as_what_search_read(index, question, title, words):
    assert reason(index, question, title).words == words


@pytest.fixture
def kernels(tmp_path):
    """One paper defines an acronym, one has only the long form, one only the acronym, one neither."""
    papers = {
        "both": "A neural tangent kernel (NTK) is kept constant.",
        "long": "Each neural tangent kernel is compared with trees.",
        "short": "The NTK of a forest is found.",
        "neither": "A kernel of corn is not neural, and no tangent.",
    }
    lines = (json.dumps({"id": name, "title": name, "abstract": text}) for name, text in papers.items())
    (tmp_path / "kernels.jsonl").write_text("\n".join(lines))
    qa.build_index([tmp_path / "kernels.jsonl"], tmp_path / "index")
    index = qa.open_index(tmp_path / "index")
    yield index
    index.close()


def test_acronym_is_met_by_its_long_form(kernels):
    found = explain_match(kernels, "NTK", kernels.papers())
    assert {name: reason.words for name, reason in found.items()} == {
        "both": ("NTK",), "long": ("NTK",), "short": ("NTK",), "neither": (),
    }  # fmt: skip


def test_long_form_is_met_by_its_acronym(kernels):
    found = explain_match(kernels, "neural tangent kernels", kernels.papers())
    assert all(set(reason.words) == {"neural", "tangent", "kernels"} for reason in found.values())
    assert explain_match(kernels, "neural corn", kernels.papers())["short"].words == ()


def test_acronym_with_two_long_forms_stands_for_the_one_in_the_question(tmp_path):
    rows = (
        {"title": t, "abstract": a}
        for t, a in (("One", "A neural tangent kernel (NTK)."), ("Two", "A nice tea kettle (NTK)."))
    )
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    qa.build_index([tmp_path / "a.jsonl"], tmp_path / "index")
    index = qa.open_index(tmp_path / "index")
    assert set(reason(index, "neural tangent kernel", "One").words) == {"neural", "tangent", "kernel"}
    assert reason(index, "nice kernel", "Two").words == ("nice",)
    index.close()


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("dense-grid", ("dense", "grid")),
        ("cross-grid", ("grid",)),
        ("tide-net wind", ("wind",)),
    ],
    ids=["both parts stand there", "one part", "joined otherwise"],
)
def test_compound_that_does_not_stand_there_counts_by_its_parts(index, question, words):
    assert set(reason(index, question, TIDE).words) >= set(words)
    assert question not in reason(index, question, TIDE).words


def test_compound_that_stands_there_counts_once(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"title": "Out-of-core training", "abstract": "We train out-of-core."}')
    qa.build_index([tmp_path / "a.jsonl"], tmp_path / "index")
    index = qa.open_index(tmp_path / "index")
    assert reason(index, "what trains out-of-core?", "Out").words == ("trains", "out-of-core")
    index.close()


def test_rarest_words_come_first(index):
    # "birds" stands in two papers, "stones" in one, "method" in one.
    assert reason(index, "birds and stones", GULLS).words == ("stones", "birds")


def test_no_more_than_eight_words(index):
    every = paper(index, GULLS).abstract
    words = reason(index, every, GULLS).words
    assert len(words) == MOST_WORDS == 8


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_blank_question_has_no_reasons(index, question):
    assert explain_match(index, question, index.papers()) == {}


def test_no_papers_have_no_reasons(index):
    assert explain_match(index, "gulls", []) == {}


@pytest.mark.parametrize(
    ("z_scores", "phrase"),
    [
        ((9, 5, 5), "meaning: very high"),
        ((4, 4.4, 2), "meaning: high"),
        ((9, 3, 5), "meaning: very high"),
        ((9, 4.5, 0), "meaning: very high"),
        ((3, 2.8, 0), "meaning: high"),
        ((1.9, 1.65, 0), "meaning: medium"),
        ((9, 1.6, 1.6), "meaning: low"),
        ((-1, -2, -1), "meaning: low"),
    ],
)
def test_closeness_is_that_of_the_best_meaning(z_scores, phrase):
    assert closeness(z_scores) == phrase


def test_right_paper_is_close_and_another_is_not(index):
    assert reason(index, "counting gulls in aerial photographs", GULLS).closeness == "meaning: very high"
    assert reason(index, "counting gulls in aerial photographs", RECIPES).closeness == LOW


def test_paper_that_search_did_not_weigh_says_so_and_keeps_its_words(index):
    foreign = qa.Paper(id="x", title="Gulls", abstract="Gulls cry.", original="Gulls cry.", pages=("p",))
    found = explain_match(index, "gulls", [foreign])["x"]
    assert (found.words, found.closeness) == (("gulls",), NOT_SCORED)


@pytest.mark.parametrize(
    "question",
    [
        "?",
        "((((",
        "x" * 20_000,
        "gulls " * 3_000,
        "\u202egulls\u202c",
        "$\\alpha$ `{{gulls}}` <b>",
        "🐦",
        "\ud800 gulls",
    ],
    ids=["mark", "brackets", "long word", "many words", "turned", "code", "picture", "half a character"],
)
def test_any_question_has_reasons(index, question):
    assert set(explain_match(index, question, index.papers())) == {paper.id for paper in index.papers()}
