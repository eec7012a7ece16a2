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
        (lambda a: swap_quote(a, text="TideNet is perfect."), "no longer says “TideNet is perfect.”"),
        (lambda a: swap_quote(a, start=a.citations[0].quotes[0].start + 1), "a quote has moved"),
        (
            lambda a: replace(a, citations=(replace(a.citations[0], paper=replace(a.citations[0].paper, id="gone")),)),
            "no longer in the index",
        ),
        (lambda a: replace(a, statements=(replace(a.statements[0], numbers=(7,)), *a.statements[1:])), "cites [7]"),
        (lambda a: replace(a, text=a.text + " More [4]."), "marker [4]"),
        (
            lambda a: replace(a, statements=(replace(a.statements[0], text="It is good."), *a.statements[1:])),
            "differs from its quote",
        ),
        (lambda a: replace(a, citations=(), statements=(), text="Yes."), "cites nothing"),
    ],
    ids=[
        "invented quote",
        "moved quote",
        "paper gone",
        "number without citation",
        "marker without citation",
        "reworded statement",
        "nothing cited",
    ],
)
def test_fault_is_named(answer, index, fault, problem):
    verdict = qa.verify_answer(fault(answer), index)
    assert not verdict.holds
    assert any(problem in line for line in verdict.problems)


def test_refusal_holds(assistant, index):
    assert qa.verify_answer(assistant.ask("Who won the chess championship of 1972?"), index).holds
