"""Acronyms: which definitions an abstract gives, and when two of them are the same."""

import pytest

from qa.text.acronyms import acronym_key, find_acronyms, long_key

DEFINED = {
    "capitals": ("Gull Contrast Learning (GCL) counts.", [("GCL", "Gull Contrast Learning")]),
    "small letters": ("We use graph neural networks (GNN).", [("GNN", "graph neural networks")]),
    "plural": ("Graph neural networks (GNNs) count.", [("GNN", "Graph neural networks")]),
    "hyphen in front": ("physics-informed neural networks (PINNs)", [("PINN", "physics-informed neural networks")]),
    "letters from one compound": ("out-of-distribution (OOD) gulls", [("OOD", "out-of-distribution")]),
    "letters within words": ("a variational auto-encoder (VAE)", [("VAE", "variational auto-encoder")]),
    "mixed case": ("We use Low-Rank Adaptation (LoRA).", [("LoRA", "Low-Rank Adaptation")]),
    "lower case in front": ("the k-nearest neighbours (kNN) of a gull", [("kNN", "k-nearest neighbours")]),
    "hyphen in the acronym": ("the k-nearest neighbours (k-NN) of a gull", [("k-NN", "k-nearest neighbours")]),
    "small words skipped": ("area under the curve (AUC)", [("AUC", "area under the curve")]),
    "small word counted": ("a Mixture of Experts (MoE)", [("MoE", "Mixture of Experts")]),
    "more in the bracket": ("Tide Net for Harbours (TNH, ours)", [("TNH", "Tide Net for Harbours")]),
    "accent": ("the Étude Tide Error (ÉTE)", [("ÉTE", "Étude Tide Error")]),
    "shortest run of words": ("Gulls of the big Gull Loss (GL)", [("GL", "Gull Loss")]),
    "not across sentences": ("Gulls count. Tide Nets (TN) help.", [("TN", "Tide Nets")]),
    "two definitions": (
        "Tide Nets (TN) and Gull Loss (GL)",
        [("TN", "Tide Nets"), ("GL", "Gull Loss")],
    ),
    "one definition twice": ("Tide Nets (TN). These Tide Nets (TN) win.", [("TN", "Tide Nets")]),
    "one acronym for two things": (
        "Tide Nets (TN) and terse numbers (TN)",
        [("TN", "Tide Nets"), ("TN", "terse numbers")],
    ),
}


@pytest.mark.parametrize(("text", "found"), DEFINED.values(), ids=DEFINED.keys())
def test_definition_is_found_with_its_long_form(text, found):
    assert find_acronyms(text) == found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("(GCL)", id="nothing in front"),
        pytest.param("We count gulls (GCL) here.", id="words that do not spell it"),
        pytest.param("Tide Nets. (TN) A list.", id="a sentence in between"),
        pytest.param("tides over years (2020)", id="a year"),
        pytest.param("so early (see Fig. 2) tides", id="a remark"),
        pytest.param("gull contrast learning (gcl)", id="lower case"),
        pytest.param("the gull (G) sings", id="one letter"),
        pytest.param("Gull Contrast Learning [GCL]", id="square brackets"),
        pytest.param("GCL (Gull Contrast Learning)", id="the other way round"),
        pytest.param("a network of organs, generally (NO", id="bracket left open"),
    ],
)
def test_bracket_that_defines_nothing_is_passed_over(text):
    assert find_acronyms(text) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("GNNs", "GNN", id="plural"),
        pytest.param("k-NN", "KNN", id="hyphen and case"),
        pytest.param("LoRA", "lora", id="case"),
    ],
)
def test_acronyms_are_the_same_whatever_their_dress(first, second):
    assert acronym_key(first) == acronym_key(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("GNN", "CNN", id="letter"),
        pytest.param("GNS", "GN", id="an s that is part of the name"),
        pytest.param("W1", "W2", id="figure"),
    ],
)
def test_different_acronyms_have_different_keys(first, second):
    assert acronym_key(first) != acronym_key(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("graph neural networks", "Graph Neural Network", id="plural and case"),
        pytest.param("graph-neural network", "graph neural network", id="hyphen"),
        pytest.param("neighbour search", "neighbor search", id="spelling"),
        pytest.param("area under the curve", "area under a curve", id="stop words"),
    ],
)
def test_long_forms_are_the_same_whatever_their_endings(first, second):
    assert long_key(first) == long_key(second)


def test_different_long_forms_have_different_keys():
    assert long_key("graph neural network") != long_key("gull neural network")
