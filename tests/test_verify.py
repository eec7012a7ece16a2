"""A saved answer is checked against the index as it is now."""

from dataclasses import replace

import pytest

import qa


@pytest.fixture(scope="module")
def answer(assistant):
    return assistant.ask("By how much does TideNet lower the error on the ports?")


def test_answer_of_this_index_holds(answer, index):
    verdict = qa.verify_answer(answer, index)
    assert (verdict.holds, verdict.quotes) == (True, len(answer.citations[0].quotes))


def swap_quote(answer: qa.Answer, **changes) -> qa.Answer:
    citation = answer.citations[0]
    quotes = (replace(citation.quotes[0], **changes), *citation.quotes[1:])
    return replace(answer, citations=(replace(citation, quotes=quotes),))


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        pytest.param(
            lambda a: swap_quote(a, text="TideNet is perfect."),
            "no longer says “TideNet is perfect.”",
            id="invented quote",
        ),
        pytest.param(
            lambda a: swap_quote(a, start=a.citations[0].quotes[0].start + 1), "a quote has moved", id="moved quote"
        ),
        pytest.param(
            lambda a: swap_quote(a, start=a.citations[0].quotes[0].start - len(a.citations[0].paper.abstract)),
            "a quote has moved",
            id="negative offset",
        ),
        pytest.param(lambda a: swap_paper(a, id="gone"), "no longer in the index", id="paper gone"),
        pytest.param(lambda a: swap_paper(a, title="Another paper"), "is “TideNet", id="other title"),
        pytest.param(lambda a: swap_statement(a, numbers=(7,)), "cites [7]", id="number without citation"),
        pytest.param(
            lambda a: swap_statement(a, support="supported", quotes=()),
            "an answer of quotes is quoted",
            id="other support",
        ),
        pytest.param(
            lambda a: swap_statement(a, text="It is good."), "differs from its quote", id="reworded statement"
        ),
        pytest.param(lambda a: replace(a, text=a.text + " More [4]."), "marker [4]", id="marker without citation"),
        pytest.param(
            lambda a: replace(a, text=a.text + " It never fails [1]."),
            "says something beside",
            id="false sentence added",
        ),
        pytest.param(lambda a: replace(a, text=a.text.replace(" [1]", "")), "with its marker", id="markers removed"),
        pytest.param(
            lambda a: replace(a, statements=(), text="All lies [1]"), "says something beside", id="other text"
        ),
        pytest.param(
            lambda a: replace(a, citations=(), statements=(), text="Yes."), "cites nothing", id="nothing cited"
        ),
        pytest.param(lambda a: replace(a, found=False), "is a refusal, but cites", id="refusal that cites"),
    ],
)
def test_fault_is_named(answer, index, fault, problem):
    verdict = qa.verify_answer(fault(answer), index)
    assert not verdict.holds
    assert any(problem in line for line in verdict.problems)


def swap_paper(answer: qa.Answer, **changes) -> qa.Answer:
    citation = answer.citations[0]
    return replace(
        answer, citations=(replace(citation, paper=replace(citation.paper, **changes)), *answer.citations[1:])
    )


def swap_statement(answer: qa.Answer, **changes) -> qa.Answer:
    return replace(answer, statements=(replace(answer.statements[0], **changes), *answer.statements[1:]))


@pytest.mark.parametrize(
    "question",
    [
        "Who won the chess championship of 1972?",
        "Compare what TideNet and DoughGraph were tested on.",
        "Which work makes ferries quieter?",
    ],
)
def test_every_kind_of_answer_holds(assistant, index, question):
    assert qa.verify_answer(assistant.ask(question), index).problems == ()
