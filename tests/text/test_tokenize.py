"""Words for lexical search: what counts as the same word, what as another, and what carries no weight."""

import pytest

from qa.text.tokenize import normalize, question_tokens, root, surface_words, tokens

SAME = {
    "accent": ("Schrödinger", "Schrodinger"),
    "stroked letter": ("Łódź", "Lodz"),
    "sharp s": ("Straße", "Strasse"),
    "ligature": ("ﬂow", "flow"),
    "factor with x": ("100x", "100×"),
    "factor in words": ("100x", "100 times"),
    "factor, glued": ("100x", "100times"),
    "factor, apart": ("100x", "100 x"),
    "factor as a fold": ("100x", "100-fold"),
    "decimal factor": ("3.5x", "3.5 times"),
    "percent apart": ("31%", "31 %"),
    "percent escaped": ("31%", r"31\%"),
    "percent as a word": ("31%", "31 percent"),
    "percent as two words": ("31%", "31 per cent"),
    "thousands with a comma": ("3200", "3,200"),
    "thousands with a blank": ("10000", "10 000"),
    "norm as a subscript": ("L1", "L_1"),
    "norm in braces": ("L1", "L_{1}"),
    "norm with a script l": ("L1", "ℓ_1"),
    "norm with a script l, glued": ("L1", "ℓ1"),
    "norm without its backslash": ("L1", "ell_1"),
    "norm in lower case": ("L1", "l1"),
    "Greek letter": ("ω", "omega"),
    "Greek capital": ("Ω", "omega"),
    "Greek lambda": ("λ", "lambda"),
    "another epsilon": ("ϵ", "epsilon"),
    "capitals": ("HARBOUR", "harbour"),
    "plural": ("networks", "network"),
    "plural acronym": ("GNNs", "GNN"),
    "genitive": ("TideNet's", "TideNet"),
    "dash for a hyphen": ("self–attention", "self-attention"),
    "hyphen that does not break": ("self\u2011attention", "self-attention"),
    "version": ("YOLOv9", "yolov9"),
    "figure behind a hyphen": ("CIFAR-10", "CIFAR10"),
}


@pytest.mark.parametrize(("first", "second"), SAME.values(), ids=SAME.keys())
def test_spellings_of_one_word_are_equal(first, second):
    assert tokens(first) == tokens(second) != []


BRITISH = {
    "colour": "color",
    "colours": "colors",
    "neighbourhood": "neighborhood",
    "behavioural": "behavioral",
    "centre": "center",
    "centred": "centered",
    "metres": "meters",
    "fibre": "fiber",
    "optimise": "optimize",
    "optimised": "optimized",
    "optimisation": "optimization",
    "optimiser": "optimizer",
    "generalising": "generalizing",
    "analyse": "analyze",
    "analysed": "analyzed",
    "catalogue": "catalog",
    "defence": "defense",
    "licence": "license",
    "modelling": "modeling",
    "labelled": "labeled",
    "travelling": "traveling",
    "signalling": "signaling",
    "programme": "program",
    "haemoglobin": "hemoglobin",
    "anaemia": "anemia",
}


@pytest.mark.parametrize(("british", "american"), BRITISH.items(), ids=BRITISH.keys())
def test_british_and_american_spelling_are_equal(british, american):
    assert tokens(british) == tokens(american)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(first, second, id=second)
        for first, second in (
            ("roll", "rolling"),
            ("call", "called"),
            ("fill", "filled"),
            ("pull", "pulling"),
            ("converge", "convergence"),
            ("infer", "inference"),
            ("depend", "dependence"),
            ("confident", "confidence"),
            ("different", "difference"),
            ("sequence", "sequencing"),
            ("influence", "influencing"),
            ("precise", "precisely"),
            ("revise", "revision"),
            ("surprise", "surprisingly"),
        )
    ],
)
def test_british_spelling_does_not_part_the_forms_of_a_word(first, second):
    assert tokens(first) == tokens(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("L1", "L2", id="norms"),
        pytest.param("ω", "ϕ", id="Greek letters"),
        pytest.param("100x", "10x", id="factors"),
        pytest.param("31%", "31", id="percentage and number"),
        pytest.param("rolling", "role", id="rolling and role"),
        pytest.param("filling", "file", id="filling and file"),
        pytest.param("gulls", "gulfs", id="gulls and gulfs"),
    ],
)
def test_different_words_stay_different(first, second):
    assert tokens(first) != tokens(second)


@pytest.mark.parametrize(
    ("compound", "parts"),
    [
        pytest.param("DiskGNN", ["diskgnn", "disk", "gnn"], id="two names in one"),
        pytest.param("pre-training", ["pretrain", "pre", "train"], id="hyphen"),
        pytest.param("long-tailed-gull", ["longtailedgul", "long", "tail", "gull"], id="two hyphens"),
        pytest.param("ResNet-50", ["resnet50", "resnet", "res", "net", "50"], id="name and figure"),
        pytest.param("100x", ["100x", "100"], id="factor"),
        pytest.param("31%", ["31%", "31"], id="percentage"),
    ],
)
def test_compound_gives_itself_and_its_parts(compound, parts):
    assert set(tokens(compound)) == set(parts)


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        pytest.param("DiskGNN", "disk GNN", id="a part of a name"),
        pytest.param("pre-training", "pretraining", id="a compound in one word"),
        pytest.param("pre-training", "pre training", id="a compound in two words"),
        pytest.param("100 times", "100", id="the number of a factor"),
        pytest.param("31 %", "31", id="the number of a percentage"),
    ],
)
def test_compound_is_found_by_its_spellings(written, looked_for):
    assert set(tokens(looked_for)) <= set(tokens(written))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n", id="blank"),
        pytest.param("?! — …", id="punctuation"),
        pytest.param("What is it that they do with the other?", id="stop words"),
        pytest.param("k, x and N", id="single letters"),
    ],
)
def test_text_without_weight_gives_no_token(text):
    assert tokens(text) == []


def test_tokens_come_in_order_and_as_often_as_they_stand():
    assert tokens("Gulls count 5 gulls") == ["gull", "count", "5", "gull"]


def test_words_keep_stop_words_and_endings():
    assert surface_words("The GNNs ran 100 times on Salt's path.") == [
        "the",
        "gnn",
        "ran",
        "100x",
        "on",
        "salt",
        "path",
    ]
    assert surface_words("") == []


def test_plain_text_keeps_its_capitals():
    assert normalize("An Étude in Ω").split() == ["An", "Etude", "in", "omega"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param("Which papers describe harbour tides?", ["harbor", "tide"], id="without the asking"),
        pytest.param("Is there any study of gulls, gulls and terns?", ["gull", "tern"], id="each once"),
        pytest.param("Which paper?", ["paper"], id="nothing but the asking"),
        pytest.param("", [], id="empty"),
    ],
)
def test_question_is_reduced_to_what_is_asked(question, expected):
    assert question_tokens(question) == expected


def test_word_of_more_than_40_letters_keeps_its_ending():
    assert root("a" * 36 + "ings") == "a" * 36
    assert root("a" * 37 + "ings") == "a" * 37 + "ings"
    assert tokens("ar" * 10_000) == ["ar" * 10_000]
