"""Names: which words of a sentence are names, and which of them a paper does not have, however it spells them."""

import pytest

from qa.retrieval.search import Index
from qa.text.sentences import split_passages
from qa.verification.entities import names_in, unknown_names

TITLE = "DiskGNN: Training Graphs out of Core"
ABSTRACT = (
    "Graph neural networks (GNNs) are trained out of core. DiskGNN is compared with Ginex and MariusGNN on ogbn-papers100M, "
    "with LLaMA-7B, ResNet-50, CIFAR-10 and the 1-WL test. Large language models help to mitigate shifts. Variational "
    "auto-encoders and a mixture of experts are used; Schrödinger's equation and Adam are there. A Fourier neural operator, "
    "a support vector machine and Monte Carlo tree search follow, with multilayer perceptrons. It runs in PyTorch on four GPUs."
)

KNOWN = {
    "itself": "MariusGNN",
    "in capitals": "DISKGNN",
    "in small letters": "Diskgnn",
    "in two words": "Disk GNN",
    "possessive": "DiskGNN's",
    "curved possessive": "MariusGNN’s",
    "possessive of a plural": "GPUs'",
    "acronym in the singular": "GNN",
    "long form with capitals": "Graph Neural Networks",
    "acronym of words that never had one": "LLMs",
    "acronym of a compound": "VAE",
    "acronym of a hyphenated word": "AE",
    "acronym of a word with a prefix": "MLP",
    "acronym with a small word": "MoE",
    "other acronyms": "FNO",
    "plural acronym": "SVMs",
    "four letters": "MCTS",
    "accent left out": "Schrodinger",
    "hyphen left out": "ResNet50",
    "blank for a hyphen": "ResNet 50",
    "hyphen put in": "CIFAR10",
    "hyphen between names": "Monte-Carlo",
    "compound with a small word": "PyTorch-based",
    "compound of an acronym": "GNN-style",
    "two names": "MariusGNN/Ginex",
    "version": "Llama 7B",
    "numbered": "1-WL",
    "count before an acronym": "4-GPU",
    "common acronym": "GPU",
    "Roman number": "II",
    "stop word in capitals": "On",
}


@pytest.mark.parametrize("name", KNOWN.values(), ids=KNOWN.keys())
def test_name_is_known_however_it_is_spelled(name):
    assert unknown_names(f"It uses {name} here.", [TITLE, ABSTRACT]) == []


UNKNOWN = {
    "acronym": "CNN",
    "letters of words in another order": "NNG",
    "letters within a word": "GAT",
    "letters across a full stop": "CDC",
    "other system": "DistGNN",
    "ending changed": "Ginexx",
    "version": "LLaMA-13B",
    "depth": "ResNet-101",
    "number that stands in another name": "CIFAR-100",
    "size in small letters": "CIFAR-1k",
    "later version": "MariusGNN-v2",
    "numbered otherwise": "3-WL",
    "model": "GPT-4",
    "capital within a sentence": "Kalman",
    "acronym compound": "BERT-based",
    "Chinese around it": "使用DeepBee方法",
}


@pytest.mark.parametrize("name", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_name_that_the_paper_lacks_is_unknown(name):
    strange = unknown_names(f"It uses {name} here.", [TITLE, ABSTRACT])
    assert strange == [name.strip("使用方法")]


NAMES = {
    "empty": ("", []),
    "no name": ("kites pull harder than goats", []),
    "word that opens": ("Kites pull. However: Frogs call.", []),
    "coined word that opens": ("GoatPull weighs kites.", ["GoatPull"]),
    "each once": ("We like Bach, and Bach likes us.", ["Bach"]),
    "in order": ("It beats BERT, Adam and GPT-4.", ["BERT", "Adam", "GPT-4"]),
    "one letter": ("with K = 5 and L_2 in R", []),
    "figures with units": ("for 34M users with 4GB at 10K", []),
    "two words": ("a test in New York", ["New", "York"]),
    "hyphen": ("the Monte-Carlo way", ["Monte", "Carlo"]),
    "after a figure": ("a 3D-CNN on 16-GPU machines", ["CNN"]),
    "quoted": ('it is called "Sheep"', []),
}


@pytest.mark.parametrize(("sentence", "names"), NAMES.values(), ids=NAMES.keys())
def test_names_of_a_sentence_are_these(sentence, names):
    assert names_in(sentence) == names


def test_names_of_several_texts_are_known_together():
    assert unknown_names("Ginex beats BERT and GPT-4.", ["BERT", "On Ginex."]) == ["GPT-4"]
    assert unknown_names("It beats BERT.", []) == ["BERT"]


def test_german_nouns_are_no_names_but_coined_ones_are():
    sentence = "Die Ziege nutzt den GNN-Ansatz, DeepBee und GPT-4-Modelle."
    assert unknown_names(sentence, [ABSTRACT], coined=True) == ["DeepBee", "GPT-4-Modelle"]
    assert "Ziege" in unknown_names(sentence, [ABSTRACT])


def test_every_sentence_of_an_index_has_the_names_of_its_paper(index: Index):
    for paper in index.papers():
        for passage in split_passages(paper.abstract):
            assert unknown_names(passage.text, [paper.title, paper.abstract]) == []


@pytest.mark.parametrize("text", ["A" * 4000, "AB" * 2000, "GNN-" * 1000, "A.b" * 1300])
def test_long_nonsense_is_read_through(text):
    unknown_names(text, [ABSTRACT])
