"""Each statement is checked against the sentences it cites, with the shipped embedder; reasons are compared whole."""

import pytest

from qa.context import NONE, ContextPaper, Label
from qa.documents.paper import Paper
from qa.embedding.onnx import ShippedEmbedder
from qa.retrieval.late_interaction import TokenStateCache
from qa.text.sentences import split_passages
from qa.verification.checker import StatementChecker


def shown(number: int, title: str, abstract: str) -> ContextPaper:
    paper = Paper(id=f"p{number}", title=title, abstract=abstract, original=abstract, pages=())
    return ContextPaper(number=number, paper=paper, passages=split_passages(abstract))


PAPERS = [
    shown(
        1,
        "GoatPull: Kites on Scales",
        "Kites are scored on a windy hill. GoatPull measures 38 kites with an error of 2.5 %. Most kites pull harder "
        "than a goat, and the strongest lifts a sheep. Training a kite takes three hours on a calm day.",
    ),
    shown(
        2,
        "Jars That Ring",
        "A jar rings when it is full of honey. The pitch of the ring falls by 12 % for every spoon of honey that is taken "
        "out. Our meter, HoneyEar, hears more than 90 % of all thefts. Bears do not fool it.",
    ),
    shown(
        3,
        "Frogs in the Rain",
        "Frogs call before rain. Calls fall silent below 4.5 degrees. A recurrent neural network (RNN) predicts rain from "
        "calls an hour ahead.",
    ),
]
KITE = "GoatPull weighs 38 kites with an error of 2.5 percent."
PITCH = "The pitch of a jar falls by 12 % for each spoon of honey taken out."
INFLATION = "Economists dispute the causes of inflation."


@pytest.fixture(scope="module")
def checker() -> StatementChecker:
    states = TokenStateCache(ShippedEmbedder())
    return StatementChecker("Does GoatPull use TensorFlow, and does it cost 50 euros?", PAPERS, states)


def check(checker: StatementChecker, statement: str, *labels: str):
    """The support, the reason and the cited sentences (2.1 is the first of paper 2) of a statement with these labels."""
    read = [NONE if label == "none" else Label(paper=int(p), sentence=int(s or 0)) for label in labels for p, _, s in [label.partition(".")]]  # fmt: skip
    checked = checker.check(statement, read)
    cited = [f"{n}.{PAPERS[n - 1].passages.index(p) + 1}" for n, found in checked.cited.items() for p in found]
    return checked.support, checked.reason, cited


# Labels


def test_true_statement_is_supported_by_its_sentence(checker):
    assert check(checker, KITE, "1.2") == ("supported", None, ["1.2"])


def test_paper_alone_means_its_best_sentence(checker):
    assert check(checker, PITCH, "2") == ("supported", None, ["2.2"])


def test_paper_alone_means_two_sentences_where_the_second_adds_to_it(checker):
    statement = "Kites are scored on a windy hill, and GoatPull measures them with an error of 2.5 %."
    support, reason, cited = check(checker, statement, "1")
    assert (support, reason, sorted(cited)) == ("supported", None, ["1.1", "1.2"])


def test_sentence_beside_its_paper_is_the_one_meant(checker):
    assert check(checker, PITCH, "2", "2.2") == ("supported", None, ["2.2"])
    assert check(checker, "Bears do not fool the meter.", "2.1", "2")[2] == ["2.1"]


def test_statement_without_a_label_gets_the_best_sentence_of_all(checker):
    assert check(checker, PITCH) == ("supported", None, ["2.2"])


def test_statement_without_a_label_that_nothing_supports_is_unsupported(checker):
    assert check(checker, INFLATION) == ("unsupported", "It cites nothing.", [])


def test_several_papers_in_one_statement(checker):
    statement = "Frogs call before it rains, and jars ring when they are full of honey."
    assert check(checker, statement, "3.1", "2.1") == ("supported", None, ["3.1", "2.1"])


def test_figures_and_names_may_stand_in_any_cited_paper(checker):
    statement = "GoatPull has an error of 2.5 %, while HoneyEar hears more than 90 % of all thefts."
    assert check(checker, statement, "1.2", "2.3") == ("supported", None, ["1.2", "2.3"])
    support, reason, _ = check(checker, statement, "1.2")
    assert (support, reason) == ("unsupported", "“90%” does not occur in the cited sentence.")


@pytest.mark.parametrize("label", ["9.1", "9", "2.9"])
def test_label_that_was_never_given_leaves_the_nearest_sentence_and_a_doubt(checker, label):
    reason = f"It cites [{label}], which does not exist. The closest sentence is shown instead."
    assert check(checker, PITCH, label) == ("weak", reason, ["2.2"])


def test_label_that_was_never_given_reaches_no_citation(checker):
    assert check(checker, KITE, "1.2", "9.9", "1.7") == ("supported", None, ["1.2"])
    reason = "It cites [9.9], which does not exist."
    assert check(checker, INFLATION, "9.9") == ("unsupported", reason, [])
    reason = "It cites [9.9], [8], [7.1], which do not exist."
    assert check(checker, INFLATION, "9.9", "8", "7.1", "6") == ("unsupported", reason, [])


def test_each_sentence_is_cited_once(checker):
    assert check(checker, KITE, "1.2", "1.2")[2] == ["1.2"]


# Figures and names


WRONG = {
    "digits swapped": (
        "GoatPull weighs 38 kites with an error of 5.2 percent.",
        "1.2",
        "“5.2%” does not occur in the cited sentence.",
    ),
    "figure of another sentence": ("GoatPull weighs 38 kites.", "1.1", "“38” does not occur in the cited sentence."),
    "comparison turned": (
        "HoneyEar hears less than 90 % of all thefts.",
        "2.3",
        "“90%” does not occur in the cited sentence.",
    ),
    "unit": ("Training a kite takes three days.", "1.4", "“three” does not occur in the cited sentence."),
    "two figures": (
        "GoatPull measures 39 kites with an error of 5.2 %.",
        "1.2",
        "“39” and “5.2%” do not occur in the cited sentence.",
    ),
    "invented name": (
        "DeepBee hears more than 90 % of all thefts.",
        "2.3",
        "“DeepBee” does not occur in the cited paper.",
    ),
    "name of another paper": (
        "GoatPull hears more than 90 % of all thefts.",
        "2.3",
        "“GoatPull” does not occur in the cited paper.",
    ),
    "acronym": ("A CNN predicts rain an hour ahead.", "3.3", "“CNN” does not occur in the cited paper."),
}


@pytest.mark.parametrize(("statement", "label", "reason"), WRONG.values(), ids=WRONG.keys())
def test_wrong_figure_or_name_is_unsupported_and_said(checker, statement, label, reason):
    assert check(checker, statement, label) == ("unsupported", reason, [label])


def test_figure_that_two_cited_sentences_lack_is_said_of_both(checker):
    reason = "“39” does not occur in the cited sentences."
    assert check(checker, "GoatPull weighs 39 kites on a hill.", "1.1", "1.2")[:2] == ("unsupported", reason)


def test_name_that_two_cited_papers_lack_is_said_of_both(checker):
    reason = "“DeepBee” does not occur in the cited papers."
    assert check(checker, "DeepBee hears jars and frogs.", "2.1", "3.1")[:2] == ("unsupported", reason)


def test_figure_may_stand_in_the_title():
    papers = [shown(1, "Twelve Jars That Ring", "Each jar rings when it is full of honey. Bears listen.")]
    titled = StatementChecker("?", papers, TokenStateCache(ShippedEmbedder()))
    checked = titled.check("12 jars ring when they are full of honey.", [Label(paper=1, sentence=1)])
    assert checked.support == "supported"


def test_many_wrong_figures_are_not_all_listed(checker):
    _, reason, _ = check(checker, "It has 51, 52, 53, 54, 55 and 56 kites.", "1.2")
    assert reason == "“51”, “52”, “53” and “54” do not occur in the cited sentence."


def test_figure_told_otherwise_and_acronym_of_the_papers_words_are_supported(checker):
    assert check(checker, "RNNs predict rain from the calls one hour ahead.", "3.3")[0] == "supported"


def test_name_may_stand_in_the_title_alone(checker):
    assert check(checker, "In GoatPull, most kites pull harder than a goat.", "1.3")[0] == "supported"


# Words and meaning


def test_statement_that_another_sentence_supports_is_unsupported(checker):
    support, reason, cited = check(checker, "Most kites pull harder than a goat.", "1.1")
    assert support == "unsupported"
    assert reason == "The cited sentence says something else; another sentence fits better."
    assert cited == ["1.1"]


def test_statement_about_something_else_is_unsupported(checker):
    assert check(checker, INFLATION, "2.1")[0] == "unsupported"


def test_statement_without_words_is_unsupported(checker):
    assert check(checker, "", "1.1")[0] == "unsupported"


# Other languages


def test_statement_in_another_language_is_weak_at_most_and_says_why(checker):
    reason = "It is not in English: its labels, numbers and names were checked, its wording was not."
    german = "Die Ziege zieht mit GoatPull 38 Drachen mit einem Fehler von 2,5 %."
    assert check(checker, german, "1.2") == ("weak", reason, ["1.2"])
    assert check(checker, "GoatPull 测量了38个风筝，误差为2.5%。", "1.2") == ("weak", reason, ["1.2"])


@pytest.mark.parametrize(
    ("statement", "lacking"),
    [
        pytest.param("Die Ziege zieht 39 Drachen und nicht mehr.", "“39”", id="German figure"),
        pytest.param("Die Ziege zieht mit DeepBee an der Schnur.", "“DeepBee”", id="German name"),
        pytest.param("它测量了39个风筝。", "“39”", id="Chinese figure"),
        pytest.param("我们使用DeepBee方法测量风筝。", "“DeepBee”", id="Chinese name"),
    ],
)
def test_figures_and_names_are_held_in_other_languages(checker, statement, lacking):
    support, reason, _ = check(checker, statement, "1.2")
    assert support == "unsupported"
    assert reason in [f"{lacking} does not occur in the cited {what}." for what in ("sentence", "paper")]


def test_statement_in_another_language_without_a_label_is_unsupported(checker):
    assert check(checker, "Die Ziege zieht nicht so stark wie der Drachen.") == ("unsupported", "It cites nothing.", [])


# What is not in the papers


ABSENT = "It says that the papers do not state something; no quote can show that."


@pytest.mark.parametrize("labels", [(), ("none",), ("9.9",)], ids=["no label", "none", "never given"])
def test_statement_that_the_papers_are_silent_needs_no_label(checker, labels):
    assert check(checker, "The abstracts do not say whether GoatPull uses TensorFlow.", *labels) == (
        "absent",
        ABSENT,
        [],
    )


def test_silence_may_be_about_a_shown_paper_and_an_asked_figure(checker):
    statement = "The abstract of GoatPull does not say whether it costs 50 euros."
    assert check(checker, statement, "none") == ("absent", ABSENT, [])


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        pytest.param("The abstracts do not say whether GoatPull uses PyTorch.", "“PyTorch”", id="name"),
        pytest.param("The abstracts do not say whether it costs 60 euros.", "“60”", id="figure"),
        pytest.param("The abstracts mention neither BERT nor 7 goats.", "“BERT” and “7”", id="both"),
    ],
)
def test_silence_about_what_was_not_asked_is_unsupported(checker, statement, named):
    reason = f"It says that the papers do not state something, but names {named}, which was not asked."
    assert check(checker, statement, "none") == ("unsupported", reason, [])


def test_silence_in_another_language_is_known_by_its_label(checker):
    german = "Ob GoatPull TensorFlow nutzt, sagen die Texte nicht."
    assert check(checker, german, "none") == ("absent", ABSENT, [])
    assert check(checker, german) == ("unsupported", "It cites nothing.", [])


def test_silence_with_a_label_that_does_not_support_it_is_absent(checker):
    statement = "The abstracts do not say whether GoatPull uses TensorFlow."
    assert check(checker, statement, "1.2") == ("absent", ABSENT, [])


def test_denial_of_the_abstract_itself_is_supported(checker):
    assert check(checker, "Bears do not fool the meter.", "2.4") == ("supported", None, ["2.4"])


# Edges


def test_no_papers_support_nothing():
    nothing = StatementChecker("?", [], TokenStateCache(ShippedEmbedder()))
    assert nothing.check(KITE, [Label(paper=1, sentence=2)]).support == "unsupported"


def test_paper_without_sentences_is_never_cited():
    empty = StatementChecker("?", [*PAPERS, shown(4, "Empty", "")], TokenStateCache(ShippedEmbedder()))
    assert check(empty, KITE, "1.2", "4") == ("supported", None, ["1.2"])
    assert check(empty, INFLATION, "4") == ("unsupported", "It cites [4], which does not exist.", [])


def test_check_is_the_same_whatever_was_checked_before(checker):
    first = checker.check(PITCH, [Label(paper=2)])
    checker.check(KITE, [Label(paper=1)])
    assert checker.check(PITCH, [Label(paper=2)]) == first
