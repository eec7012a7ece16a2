"""Rates of growth: the same in another spelling or in words, and others."""

import pytest

from qa.verification.number_match import complexity_bounds, unmatched_rates, without_bounds

TOLD = {
    "brackets": ("O(n log n)", "It takes O(n log(n)) time."),
    "brackets in the text": ("O(n log(n))", "It takes O(n log n) time."),
    "a raised figure": ("O(N^2)", "It takes O(n²) time."),
    "a raised figure in the text": ("O(n²)", "It takes O(N^2) time."),
    "LaTeX": ("O(n \\log n)", "It takes O(n log n) time."),
    "LaTeX in the evidence": ("O(n log n)", "It takes O(n \\log n) time."),
    "a lower bound": ("Ω(n)", "It takes Ω(n) time."),
    "in words": ("O(n^2)", "It takes quadratic time."),
    "in words, of another size": ("O(m)", "It takes linear time."),
    "without O": ("O(1/T)", "It converges at a rate of 1/T."),
}


@pytest.mark.parametrize(("rate", "evidence"), TOLD.values(), ids=TOLD)
def test_rate_that_the_evidence_tells(rate, evidence):
    assert unmatched_rates(f"It is {rate} here.", evidence) == []


OTHER = {
    "another": ("O(n log n)", "It takes O(n^2) time."),
    "part of another": ("O(m)", "It takes O(dm) time."),
    "another in words": ("O(n^2)", "It takes cubic time."),
    "in words beside another": ("O(n)", "It takes O(n^2) time, not linear time."),
    "nothing": ("O(n)", ""),
}


@pytest.mark.parametrize(("rate", "evidence"), OTHER.values(), ids=OTHER)
def test_rate_that_the_evidence_does_not_tell(rate, evidence):
    assert unmatched_rates(f"It is {rate} here.", evidence) == [rate]


def test_growth_rates_are_spelled_alike():
    assert complexity_bounds("O(N log(N)), Ω(n²) and O( n^{2} )") == ["nlogn", "n^2", "n^2"]
    assert complexity_bounds("no rate") == []


def test_text_without_its_rates():
    assert without_bounds("O(n^2) steps, f(3) calls") == "  steps, f(3) calls"
