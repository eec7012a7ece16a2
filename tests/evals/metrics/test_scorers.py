"""Scorers against hand-made answers: right, partly right, wrong, empty and cheating ones."""

import json
from dataclasses import replace

import numpy as np
import pytest

import qa
from qa.answer import REFUSAL, Answer, Citation, Quote, Statement, Usage
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.metrics.measures import refusals
from qa.evals.metrics.scorers import answer_scores, search_scores

TIDE = "TideNet: Forecasting Harbour Water Levels with Sparse Gauges"
QUIET = "Quiet Motors: Learning to Steer Ferries with Less Noise"
DOUGH = "DoughGraph: Graph Neural Networks for Bread Fermentation"
GULLS = "Counting Gulls from the Air without Labels"

QUESTIONS = {
    "fact": ReferenceQuestion(
        id="f",
        kind="fact",
        question="By how much does TideNet lower the error?",
        facts=(("9.1 cm",), ("5.4 cm", "5.4 centimetres")),
        papers=(TIDE,),
    ),
    "find": ReferenceQuestion(
        id="s",
        kind="find",
        question="Which work makes ships quieter for animals?",
        facts=(("reinforcement learning",),),
        papers=(QUIET,),
    ),
    "multi": ReferenceQuestion(
        id="m",
        kind="multi",
        question="What were TideNet and DoughGraph tested on?",
        facts=(("12 ports",), ("rye",)),
        papers=(TIDE, DOUGH),
    ),
    "chat": ReferenceQuestion(
        id="c",
        kind="chat",
        question="And how far off is it?",
        history=(
            {"role": "user", "content": "How are gulls counted?"},
            {"role": "assistant", "content": "By contrast [1]."},
        ),
        facts=(("4.2%", "4.2 percent"),),
        papers=(GULLS,),
    ),
    "off the topic": ReferenceQuestion(id="o", kind="none", question="Who won the chess championship?"),
    "missing detail": ReferenceQuestion(
        id="d", kind="none", question="What batch size was TideNet trained with?", near=TIDE
    ),
}
ANSWERABLE = ("fact", "find", "multi", "chat")

ERRORS = "On 12 ports it lowers the mean error from 9.1 cm to 5.4 cm against a harmonic baseline."
MINUTES = "Training takes 40 minutes on one laptop."
SEALS = "Ferries disturb seals with their propellers."
POLICY = "learns a policy with reinforcement learning in a simulator."
FLOURS = "It was tested on rye and wheat."
SURVEY = "In a survey of 3,200 photographs its counts differ from those of experts by 4.2% on average"
STONES = "learns to separate gulls from stones without a single label."


@pytest.fixture(scope="module")
def papers(index):
    return {paper.title: paper for paper in index.papers() if paper.id != "lamp-2"}


@pytest.fixture
def quoting(papers):
    """Makes an answer of sentences that stand in the abstracts of papers, numbered by first use."""

    def make(*said: tuple[str, str]) -> Answer:
        titles = list(dict.fromkeys(title for title, _ in said))
        quotes = {}
        for title, words in said:
            start = papers[title].abstract.index(words)
            quotes[title, words] = Quote(text=words, start=start, end=start + len(words))
        return Answer(
            question="?",
            text=" ".join(f"{words} [{titles.index(title) + 1}]" for title, words in said),
            found=True,
            mode="quotes",
            statements=tuple(
                Statement(text=words, numbers=(titles.index(title) + 1,), quotes=(quotes[title, words],))
                for title, words in said
            ),
            citations=tuple(
                Citation(
                    number=number, paper=papers[title], quotes=tuple(q for (t, _), q in quotes.items() if t == title)
                )
                for number, title in enumerate(titles, 1)
            ),
        )

    return make


def refusing(*nearest: qa.Paper) -> Answer:
    return Answer(question="?", text=REFUSAL, found=False, mode="quotes", nearest=nearest)


EMPTY = Answer(question="?", text="", found=True, mode="quotes")


def test_right_answer_has_every_score(quoting, index):
    assert answer_scores(QUESTIONS["fact"], quoting((TIDE, ERRORS)), index) == {
        "cited precision": 1.0,
        "cited recall": 1.0,
        "cited F1": 1.0,
        "key facts": 1.0,
        "refused wrongly": 0.0,
        "words": 18.0,
        "concise": 1.0,
        "quotes verbatim": 1.0,
        "quoted": 1.0,
        "supported": 0.0,
        "weak": 0.0,
        "unsupported": 0.0,
        "absent": 0.0,
    }


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        # precision, recall and F1 of the citations, key facts, words
        pytest.param("fact", [(TIDE, ERRORS)], (1, 1, 1, 1, 18), id="fact: right"),
        pytest.param("fact", [(TIDE, "to 5.4 cm against")], (1, 1, 1, 1 / 2, 4), id="fact: one fact of two"),
        pytest.param("fact", [(TIDE, MINUTES)], (1, 1, 1, 0, 7), id="fact: right paper, another sentence"),
        pytest.param("fact", [(GULLS, STONES)], (0, 0, 0, 0, 10), id="fact: wrong"),
        pytest.param("fact", [(GULLS, STONES), (TIDE, ERRORS)], (1 / 2, 1, 2 / 3, 1, 28), id="fact: a paper too many"),
        pytest.param("find", [(QUIET, POLICY)], (1, 1, 1, 1, 9), id="find: right"),
        pytest.param("find", [(QUIET, SEALS)], (1, 1, 1, 0, 6), id="find: right paper without the fact"),
        pytest.param("find", [(TIDE, MINUTES)], (0, 0, 0, 0, 7), id="find: wrong"),
        pytest.param("multi", [(TIDE, ERRORS), (DOUGH, FLOURS)], (1, 1, 1, 1, 25), id="multi: right"),
        pytest.param("multi", [(TIDE, ERRORS)], (1, 1 / 2, 2 / 3, 1 / 2, 18), id="multi: one paper of two"),
        pytest.param(
            "multi", [(TIDE, ERRORS), (QUIET, SEALS)], (1 / 2, 1 / 2, 1 / 2, 1 / 2, 24), id="multi: one of them wrong"
        ),
        pytest.param("multi", [(QUIET, SEALS), (GULLS, STONES)], (0, 0, 0, 0, 16), id="multi: both wrong"),
        pytest.param("chat", [(GULLS, SURVEY)], (1, 1, 1, 1, 17), id="chat: right"),
        pytest.param("chat", [(GULLS, STONES)], (1, 1, 1, 0, 10), id="chat: right paper without the fact"),
        pytest.param("chat", [(DOUGH, FLOURS)], (0, 0, 0, 0, 7), id="chat: wrong"),
    ],
)
def test_answer_scores_what_it_cites_and_states(quoting, index, kind, said, expected):
    scores = answer_scores(QUESTIONS[kind], quoting(*said), index)
    names = ["cited precision", "cited recall", "cited F1", "key facts", "words"]
    assert [scores[name] for name in names] == pytest.approx(expected)
    assert (scores["refused wrongly"], scores["quotes verbatim"]) == (0.0, 1.0)


NOTHING = {"cited precision": 0.0, "cited recall": 0.0, "cited F1": 0.0, "key facts": 0.0}


@pytest.mark.parametrize("kind", ANSWERABLE)
def test_empty_answer_that_claims_to_be_found_scores_nothing(index, kind):
    scores = answer_scores(QUESTIONS[kind], EMPTY, index)
    assert scores == {**NOTHING, "refused wrongly": 0.0, "words": 0.0, "concise": 1.0}


@pytest.mark.parametrize("kind", ANSWERABLE)
def test_refusal_of_an_answerable_question_scores_nothing_even_if_it_names_the_paper(papers, index, kind):
    question = QUESTIONS[kind]
    refusal = refusing(*(papers[title] for title in question.papers))
    assert answer_scores(question, refusal, index) == {**NOTHING, "refused wrongly": 1.0}


@pytest.mark.parametrize("kind", ANSWERABLE)
def test_refusal_that_cites_and_states_all_the_same_scores_nothing(quoting, index, kind):
    said = quoting((TIDE, ERRORS), (QUIET, POLICY), (DOUGH, FLOURS), (GULLS, SURVEY))
    scores = answer_scores(QUESTIONS[kind], replace(said, found=False), index)
    assert {name: scores[name] for name in NOTHING} == NOTHING
    assert scores["refused wrongly"] == 1.0
    assert "words" not in scores


@pytest.mark.parametrize("kind", ["off the topic", "missing detail"])
def test_answer_to_what_the_abstracts_do_not_say_is_no_refusal(quoting, index, kind):
    assert answer_scores(QUESTIONS[kind], quoting((TIDE, MINUTES)), index) == {
        "refused": 0.0,
        "quotes verbatim": 1.0,
        "quoted": 1.0,
        "supported": 0.0,
        "weak": 0.0,
        "unsupported": 0.0,
        "absent": 0.0,
    }


@pytest.mark.parametrize("kind", ["off the topic", "missing detail"])
def test_empty_answer_is_no_refusal(index, kind):
    assert answer_scores(QUESTIONS[kind], EMPTY, index) == {"refused": 0.0}


def test_refusal_off_the_topic_is_right_whatever_it_names(papers, index):
    for nearest in ((), (papers[TIDE],)):
        assert answer_scores(QUESTIONS["off the topic"], refusing(*nearest), index) == {"refused": 1.0}


@pytest.mark.parametrize(
    ("nearest", "named"),
    [
        pytest.param([TIDE], 1.0, id="alone"),
        pytest.param([GULLS, QUIET, TIDE], 1.0, id="third"),
        pytest.param([GULLS, QUIET], 0.0, id="others"),
        pytest.param([], 0.0, id="none"),
    ],
)
def test_refusal_of_a_missing_detail_should_name_the_paper_that_lacks_it(papers, index, nearest, named):
    refusal = refusing(*(papers[title] for title in nearest))
    assert answer_scores(QUESTIONS["missing detail"], refusal, index) == {"refused": 1.0, "nearest named": named}


# Cheats


def test_citing_every_paper_costs_precision(papers, quoting, index):
    every = quoting(*((title, paper.abstract) for title, paper in papers.items()))
    assert len(every.citations) == 7
    expected = {"fact": (1 / 7, 1.0, 1 / 4), "multi": (2 / 7, 1.0, 4 / 9), "chat": (1 / 7, 1.0, 1 / 4)}
    for kind, (precision, recall, f1) in expected.items():
        scores = answer_scores(QUESTIONS[kind], every, index)
        assert (scores["cited precision"], scores["cited recall"]) == pytest.approx((precision, recall))
        assert scores["cited F1"] == pytest.approx(f1)


def test_copying_every_abstract_states_all_facts_but_is_not_concise(papers, quoting, index):
    every = quoting(*((title, paper.abstract) for title, paper in papers.items()))
    length = sum(len(paper.abstract.split()) for paper in papers.values())
    for kind in ANSWERABLE:
        scores = answer_scores(QUESTIONS[kind], every, index)
        assert (scores["key facts"], scores["words"]) == (1.0, length)
        assert scores["concise"] == pytest.approx(120 / length)
        assert scores["concise"] < 0.5


@pytest.fixture(scope="module")
def long_index(tmp_path_factory):
    """One paper whose abstract has 240 words."""
    folder = tmp_path_factory.mktemp("long")
    abstract = "We weigh 38 kites before and after each flight. " + "The string is measured with care again. " * 33
    record = {"id": "kites", "title": "Kites on Scales", "abstract": abstract.strip()}
    (folder / "kites.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    qa.build_index([folder / "kites.jsonl"], folder / "chroma")
    opened = qa.open_index(folder / "chroma")
    yield opened
    opened.close()


def test_copying_the_whole_abstract_of_the_right_paper_is_half_as_concise(long_index):
    paper = long_index.papers()[0]
    whole = Quote(text=paper.abstract, start=0, end=len(paper.abstract))
    question = ReferenceQuestion(
        id="k", kind="fact", question="How many kites?", facts=(("38 kites",),), papers=(paper.title,)
    )
    copy = Answer(
        question="?", text=f"{paper.abstract} [1]", found=True, mode="quotes",
        statements=(Statement(text=paper.abstract, numbers=(1,), quotes=(whole,)),),
        citations=(Citation(number=1, paper=paper, quotes=(whole,)),),
    )  # fmt: skip
    scores = answer_scores(question, copy, long_index)
    assert {name: scores[name] for name in ("key facts", "cited F1", "quotes verbatim", "words", "concise")} == {
        "key facts": 1.0, "cited F1": 1.0, "quotes verbatim": 1.0, "words": 240.0, "concise": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(("words", "concise"), [(1, 1.0), (119, 1.0), (120, 1.0), (121, 120 / 121), (480, 0.25)])
def test_answer_is_concise_up_to_120_words_and_markers_are_none(index, words, concise):
    answer = replace(EMPTY, text="gull [1] [2] " * words)
    scores = answer_scores(QUESTIONS["fact"], answer, index)
    assert (scores["words"], scores["concise"]) == (words, pytest.approx(concise))


def test_right_paper_with_wrong_figures_has_its_citation_but_no_fact(quoting, index):
    honest = quoting((TIDE, ERRORS))
    false = ERRORS.replace("9.1", "9.2").replace("5.4", "5.3")
    statement = replace(honest.statements[0], text=false, support="unsupported")
    scores = answer_scores(QUESTIONS["fact"], replace(honest, text=f"{false} [1]", statements=(statement,)), index)
    assert scores == {
        "cited precision": 1.0,
        "cited recall": 1.0,
        "cited F1": 1.0,
        "key facts": 0.0,
        "refused wrongly": 0.0,
        "words": 18.0,
        "concise": 1.0,
        "quotes verbatim": 1.0,
        "quoted": 0.0,
        "supported": 0.0,
        "weak": 0.0,
        "unsupported": 1.0,
        "absent": 0.0,
    }


def refusals_over_all(answers: dict[str, Answer]) -> dict[str, float]:
    """How well these answers refuse, over the six questions."""
    kinds = list(QUESTIONS)
    estimates = refusals(
        np.array([answers[kind].answerable for kind in kinds]),
        np.array([QUESTIONS[kind].is_answerable for kind in kinds]),
        np.array([answers[kind].found for kind in kinds]),
    )
    return {name: estimates[name].value for name in ("recall", "precision", "F1", "wrong")}


def test_refusing_everywhere_shows_in_precision_and_wrong_refusals(index):
    answers = dict.fromkeys(QUESTIONS, refusing())
    for kind, question in QUESTIONS.items():
        scores = answer_scores(question, answers[kind], index)
        assert scores.get("refused wrongly", 0.0) == float(kind in ANSWERABLE)
        assert scores.get("refused", 1.0) == 1.0
        assert scores.get("cited F1", 0.0) == scores.get("key facts", 0.0) == 0.0
    assert refusals_over_all(answers) == pytest.approx({"recall": 1.0, "precision": 1 / 3, "F1": 0.5, "wrong": 1.0})


def test_never_refusing_shows_in_recall(quoting, index):
    answers = dict.fromkeys(QUESTIONS, quoting((TIDE, ERRORS)))
    for kind, question in QUESTIONS.items():
        scores = answer_scores(question, answers[kind], index)
        assert scores.get("refused", 0.0) == scores.get("refused wrongly", 0.0) == 0.0
        assert "nearest named" not in scores
    assert refusals_over_all(answers) == {"recall": 0.0, "precision": 0.0, "F1": 0.0, "wrong": 0.0}


def test_refusing_what_must_be_refused_is_perfect(quoting, index):
    said = quoting((TIDE, ERRORS))
    answers = {kind: said if kind in ANSWERABLE else refusing() for kind in QUESTIONS}
    assert refusals_over_all(answers) == {"recall": 1.0, "precision": 1.0, "F1": 1.0, "wrong": 0.0}


# Quotes


def tampered(answer: Answer, **changes) -> Answer:
    """The answer with another first quote of its first citation."""
    citation = answer.citations[0]
    quotes = (replace(citation.quotes[0], **changes), *citation.quotes[1:])
    return replace(answer, citations=(replace(citation, quotes=quotes), *answer.citations[1:]))


def moved(answer: Answer, by: int, end: int = 0) -> Answer:
    quote = answer.citations[0].quotes[0]
    return tampered(answer, start=quote.start + by, end=quote.end + by + end)


def of_paper(answer: Answer, **changes) -> Answer:
    citation = answer.citations[0]
    changed = replace(citation, paper=replace(citation.paper, **changes))
    return replace(answer, citations=(changed, *answer.citations[1:]))


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda a: tampered(a, text=ERRORS.replace("5.4", "4.5")), id="altered figure"),
        pytest.param(lambda a: tampered(a, text=ERRORS.lower()), id="other case"),
        pytest.param(lambda a: tampered(a, text=ERRORS.rstrip(".")), id="cut short"),
        pytest.param(lambda a: moved(a, 1), id="moved by one"),
        pytest.param(lambda a: moved(a, -1), id="moved back by one"),
        pytest.param(lambda a: moved(a, 0, end=-1), id="ends too early"),
        pytest.param(lambda a: moved(a, 10_000), id="beyond the abstract"),
        pytest.param(lambda a: tampered(a, text=MINUTES), id="another sentence of the paper"),
        pytest.param(lambda a: of_paper(a, id="gone"), id="paper that is not in the index"),
        pytest.param(lambda a: of_paper(a, id="lamp-1"), id="words of another paper"),
        # The answer's own copy of the abstract is not believed.
        pytest.param(
            lambda a: of_paper(tampered(a, text="All is well.", start=0, end=12), abstract="All is well."),
            id="invented abstract",
        ),
    ],
)
def test_quote_that_is_not_verbatim_is_found_out(quoting, index, tamper):
    answer = quoting((TIDE, ERRORS), (GULLS, STONES))
    assert answer_scores(QUESTIONS["fact"], answer, index)["quotes verbatim"] == 1.0
    assert answer_scores(QUESTIONS["fact"], tamper(answer), index)["quotes verbatim"] == 0.5


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda a: tampered(a, text="", start=7, end=7), id="empty"),
        pytest.param(lambda a: tampered(a, text="", start=7, end=3), id="backwards"),
        pytest.param(lambda a: moved(a, -len(a.citations[0].paper.abstract)), id="counted from the end"),
    ],
)
def test_quote_without_proper_offsets_is_not_verbatim(quoting, index, tamper):
    answer = quoting((TIDE, ERRORS), (GULLS, STONES))
    assert answer_scores(QUESTIONS["fact"], tamper(answer), index)["quotes verbatim"] == 0.5


def test_quote_of_a_paper_under_the_title_of_another_is_not_verbatim(quoting, index):
    disguised = of_paper(quoting((GULLS, STONES)), title=TIDE)
    assert answer_scores(QUESTIONS["fact"], disguised, index)["quotes verbatim"] == 0.0


def test_naming_every_paper_as_nearest_does_not_pay(papers, index):
    others = [paper for title, paper in papers.items() if title != TIDE]
    scores = answer_scores(QUESTIONS["missing detail"], refusing(*others, papers[TIDE]), index)
    assert scores == {"refused": 1.0, "nearest named": 0.0}


def test_citation_without_a_quote_has_no_share_of_verbatim_quotes(quoting, index):
    answer = quoting((TIDE, ERRORS))
    bare = replace(answer, citations=(replace(answer.citations[0], quotes=()),))
    assert "quotes verbatim" not in answer_scores(QUESTIONS["fact"], bare, index)


def test_supports_are_shares_of_the_statements(quoting, index):
    answer = quoting((TIDE, ERRORS), (TIDE, MINUTES), (GULLS, STONES), (GULLS, SURVEY), (QUIET, SEALS))
    supports = ("quoted", "weak", "absent", "weak", "unsupported")
    statements = tuple(replace(s, support=name) for s, name in zip(answer.statements, supports, strict=True))
    scores = answer_scores(QUESTIONS["fact"], replace(answer, statements=statements), index)
    assert {name: scores[name] for name in ("quoted", "supported", "weak", "unsupported", "absent")} == {
        "quoted": 0.2, "supported": 0.0, "weak": 0.4, "unsupported": 0.2, "absent": 0.2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ledger", "scores"),
    [
        pytest.param(Usage(), {}, id="nothing"),
        pytest.param(Usage(seconds={"search": 0.2}), {}, id="no total"),
        pytest.param(Usage(seconds={"search": 0.2, "all": 3.0}), {"seconds": 3.0}, id="seconds"),
        pytest.param(
            Usage(seconds={"all": 1.5}, calls=2, tokens_in=900, tokens_out=80, cost=0.002),
            {"seconds": 1.5, "tokens in": 900.0, "tokens out": 80.0, "cost": 0.002},
            id="a model",
        ),
        pytest.param(Usage(cache_hits=1, cost=None), {"tokens in": 0.0, "tokens out": 0.0}, id="price not known"),
    ],
)
def test_effort_is_what_the_ledger_has(index, ledger, scores):
    refusal = replace(refusing(), ledger=ledger)
    assert answer_scores(QUESTIONS["off the topic"], refusal, index) == {"refused": 1.0, **scores}


# Facts in an answer


@pytest.mark.parametrize(
    ("fact", "text", "stated"),
    [
        ("4.5", "It gains 4.5 points [1].", 1.0),
        ("4.5", "It gains 14.5 points [1].", 0.0),
        ("4.5", "It gains 4.57 points [1].", 0.0),
        ("3", "It gains a point [3].", 0.0),
        ("3", "It gains a point[3].", 0.0),
        ("3", "It gains 3 points [1].", 1.0),
        ("1", "One is best [1] [2].", 0.0),
        ("gains a point over", "It gains a point [3] over the rest.", 1.0),
        ("art", "We start here [1].", 0.0),
        ("two-stage", "A two‑stage plan [1].", 1.0),
        ("2x", "It is 2× as fast [1].", 1.0),
        ("5.4 cm", "It is off by 5.4\u00a0cm [1].", 1.0),
        ("5.4 cm", "It is off by 5.4 cm.", 1.0),
        ("5.4 cm", "It is off by 5.4\ncm [1].", 1.0),
        ("5.4 cm", "It is off by 15.4 cm [1].", 0.0),
    ],
)  # fmt: skip
def test_fact_counts_where_it_stands_and_not_by_accident(index, fact, text, stated):
    question = replace(QUESTIONS["fact"], facts=((fact,),))
    assert answer_scores(question, replace(EMPTY, text=text), index)["key facts"] == stated


# Titles


@pytest.mark.parametrize(
    "title",
    [
        TIDE.upper(),
        TIDE.replace(": ", " – "),
        f"  {TIDE.replace(' ', chr(0xA0))}. ",
        TIDE.replace("TideNet", "$\\text{TideNet}$"),
    ],
    ids=["case", "dash", "blanks", "LaTeX"],
)
def test_title_counts_in_any_typography(quoting, index, title):
    question = replace(QUESTIONS["fact"], papers=(title,))
    assert answer_scores(question, quoting((TIDE, ERRORS)), index)["cited F1"] == 1.0
    assert search_scores(question, [TIDE])["hit@1"] == 1.0
    refused = replace(QUESTIONS["missing detail"], near=title)
    nearest = quoting((TIDE, ERRORS)).citations[0].paper
    assert answer_scores(refused, refusing(nearest), index)["nearest named"] == 1.0


def test_title_with_an_accent_equals_its_latex(papers, quoting, index):
    title = next(title for title in papers if title.startswith("A Poincar"))
    question = replace(QUESTIONS["find"], papers=("A Poincaré map of recipes",))
    scores = answer_scores(question, quoting((title, "We do not consider drinks.")), index)
    assert scores["cited F1"] == 1.0


@pytest.mark.parametrize("title", [TIDE.replace("TideNet", "TideNets"), "TideNet", TIDE.split(": ")[1]])
def test_other_title_does_not_count(quoting, index, title):
    question = replace(QUESTIONS["fact"], papers=(title,))
    assert answer_scores(question, quoting((TIDE, ERRORS)), index)["cited F1"] == 0.0
    assert search_scores(question, [TIDE])["hit@20"] == 0.0


def test_paper_that_is_cited_twice_is_one_paper(quoting, index):
    answer = quoting((TIDE, ERRORS))
    twice = replace(answer, citations=(*answer.citations, replace(answer.citations[0], number=2)))
    assert answer_scores(QUESTIONS["fact"], twice, index)["cited precision"] == 1.0


# Search


def ranking(*wanted: tuple[int, str], length: int = 30) -> list[str]:
    """Titles of no account, with those wanted at their ranks."""
    titles = [f"Paper {rank}" for rank in range(1, length + 1)]
    for rank, title in wanted:
        titles[rank - 1] = title
    return titles


@pytest.mark.parametrize(
    ("kind", "found", "expected"),
    [
        # hit@1, hit@5, hit@20, MRR, recall@10
        pytest.param("fact", [(1, TIDE)], (1, 1, 1, 1, 1), id="first"),
        pytest.param("fact", [(2, TIDE)], (0, 1, 1, 1 / 2, 1), id="second"),
        pytest.param("find", [(5, QUIET)], (0, 1, 1, 1 / 5, 1), id="fifth"),
        pytest.param("find", [(6, QUIET)], (0, 0, 1, 1 / 6, 1), id="sixth"),
        pytest.param("chat", [(10, GULLS)], (0, 0, 1, 1 / 10, 1), id="tenth"),
        pytest.param("chat", [(11, GULLS)], (0, 0, 1, 1 / 11, 0), id="eleventh"),
        pytest.param("fact", [(20, TIDE)], (0, 0, 1, 1 / 20, 0), id="twentieth"),
        pytest.param("fact", [(21, TIDE)], (0, 0, 0, 1 / 21, 0), id="twenty-first"),
        pytest.param("fact", [(1, GULLS)], (0, 0, 0, 0, 0), id="absent"),
        pytest.param("multi", [(1, TIDE), (2, DOUGH)], (1, 1, 1, 1, 1), id="both first"),
        pytest.param("multi", [(3, DOUGH), (11, TIDE)], (0, 1, 1, 1 / 3, 1 / 2), id="one of two in ten"),
        pytest.param("multi", [(1, TIDE)], (1, 1, 1, 1, 1 / 2), id="one of two at all"),
    ],
)
def test_search_scores_the_ranks_of_the_reference_papers(kind, found, expected):
    names = ["hit@1", "hit@5", "hit@20", "MRR", "recall@10"]
    scores = search_scores(QUESTIONS[kind], ranking(*found))
    assert scores == {name: pytest.approx(value) for name, value in zip(names, expected, strict=True)}


def test_search_that_finds_nothing_scores_nothing():
    assert search_scores(QUESTIONS["multi"], []) == dict.fromkeys(("hit@1", "hit@5", "hit@20", "MRR", "recall@10"), 0.0)


@pytest.mark.parametrize("kind", ["off the topic", "missing detail"])
def test_search_for_what_is_not_there_has_no_score(kind):
    assert search_scores(QUESTIONS[kind], [TIDE, GULLS]) == {}
