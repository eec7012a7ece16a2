"""Search over invented pages and, where they are, the original ones."""

import threading

import pytest

import qa

pytestmark = pytest.mark.slow


def best(index: qa.Index, question: str, **filters) -> str:
    return index.search(question, 1, **filters)[0].paper.title.split(":")[0]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How accurate is TideNet?", "TideNet"),
        ("predicting how high the sea will be in a port", "TideNet"),
        ("seabirds in photos without annotation", "Counting Gulls from the Air without Labels"),
        ("wich method lets fery boats be quieter", "Quiet Motors"),
        ("GNN bread", "DoughGraph"),
        ("graph neural networks", "DoughGraph"),
        ("optimizer for hyperbolic embedding", "A Poincar\\'e Map of Recipes"),
        ("Poincaré", "A Poincar\\'e Map of Recipes"),
        ("poincare", "A Poincar\\'e Map of Recipes"),
        ("93%", "A Poincar\\'e Map of Recipes"),
        ("100x faster", "DoughGraph"),
        ("3200 photographs", "Counting Gulls from the Air without Labels"),
        ("thrush collisions color of lamps", "Street Lamps that Learn"),
    ],
)
def test_paper_is_found_however_the_question_spells_it(index, question, title):
    assert best(index, question) == title


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("ωGNN", "Improving Graph Neural Networks with Learnable Propagation Operators"),
        ("HyperZZW", "HyperZcdotZcdotW Operator Connects Slow-Fast Networks for Full Context Interaction"),
        ("Schrodinger bridge solver", "Light Schrödinger Bridge"),
        ("Schrödinger bridge solver", "Light Schrödinger Bridge"),
        (
            "ℓ_1 penalty",
            "GD doesn't make the cut: Three ways that non-differentiability affects neural network training",
        ),
        (
            "hypergraph networks distilled into MLPs, 100x faster",
            "LightHGNN: Distilling Hypergraph Neural Networks into MLPs for 100times Faster Inference",
        ),
        (
            "out-of-core training of GNNs from disk",
            "DiskGNN: Bridging I/O Efficiency and Model Accuracy for Out-of-Core GNN Training",
        ),
        ("federated lerning curiculum", "When Do Curricula Work in Federated Learning?"),
    ],
    ids=lambda value: value[:30],
)
def test_original_papers_are_found_however_the_question_spells_them(corpus_folder, question, title):
    assert best(qa.open_index(corpus_folder), question) == title.split(":")[0]


def test_one_hit_a_paper_best_first_with_exact_passages(index):
    hits = index.search("How are gulls counted without labels?", 8)
    assert len({hit.paper.id for hit in hits}) == len(hits) == 8
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.passages
        for passage in hit.passages:
            assert hit.paper.abstract[passage.start : passage.end] == passage.text
        assert [p.similarity for p in hit.passages] == sorted((p.similarity for p in hit.passages), reverse=True)


def test_filters_keep_papers_of_a_page_and_papers_with_code(index):
    assert {hit.paper.title for hit in index.search("energy", 10, page="table.csv")} == {"Bees, Noise and Glass"}
    assert [hit.paper.code_url for hit in index.search("network", 10, has_code=True)] == [
        "https://github.com/example/tidenet"
    ]
    assert len(index.search("network", 10, has_code=False)) == 7
    with pytest.raises(qa.InputError, match=r"no page 'nowhere'.*harbour\.txt"):
        index.search("network", page="nowhere")


@pytest.mark.parametrize("question", ["", "   ", "\n"])
def test_blank_question_finds_nothing(index, question):
    assert index.search(question) == []


@pytest.mark.parametrize(
    "question", ["the of and", "??!", "zzzz qqqq", "数据", "a" * 20_000, "\x00\x1b[31m"], ids=lambda q: q[:8]
)
def test_strange_questions_do_not_fail(index, question):
    assert len(index.search(question, 3)) == 3


def test_k_below_one_is_refused(index):
    with pytest.raises(qa.InputError, match="k is 0"):
        index.search("x", 0)


def test_question_is_read_with_corrections_and_expansions(index):
    question = index.find("contrast learnng for GCL").question
    assert question.corrections == {"learnng": "learning"}
    assert "Gull Contrast Learning" in question.expansions


def test_many_threads_get_what_one_gets(index):
    wanted = [hit.paper.id for hit in index.search("quiet ferries", 5)]
    found: list[list[str]] = []

    def ask() -> None:
        for _ in range(5):
            found.append([hit.paper.id for hit in index.search("quiet ferries", 5)])

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 30


def test_index_that_is_not_there_says_what_to_type(tmp_path):
    with pytest.raises(qa.IndexMissingError, match="qa index FILES"):
        qa.open_index(tmp_path)
