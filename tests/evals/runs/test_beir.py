"""Measuring on judged collections: the scores against trec_eval's, both forms of files, and a small invented collection."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
from math import log2
from pathlib import Path

import pytest
import pytrec_eval

import qa
from qa.evals.data.beir_format import Collection, read_collection
from qa.evals.metrics.measures import first_rank, ndcg_at, recall_at, reciprocal_rank
from qa.evals.runs.beir import collection_index, evaluate_collection, ranking_scores

pytestmark = pytest.mark.slow


DOCUMENTS = {
    "rye": ("Fermenting rye at low heat", "Rye dough rises slowly at twelve degrees. The cold makes the crumb sour."),
    "yeast": ("Sourdough starters from wild yeast", "Wild yeast from apple peel raises bread within two days."),
    "river": (
        "How otters share a river",
        "Otters of one river mark stones with scent. Neighbours meet and rarely fight.",
    ),
    "dens": (
        "Tracking otters by their scent",
        "A dog trained on scent marks finds nine of ten otter dens along a stream.",
    ),
    "moss": ("Roof moss and rain", "Moss on a roof holds a third of the rain of a storm and lets it go within a day."),
    "tram": ("Quieter trams on grass", "Grass between tram rails swallows half of the noise that steel wheels make."),
    "lamps": (
        "Counting stars over towns",
        "Street lamps hide most stars above a town. Shielded lamps bring some back.",
    ),
    "kite": ("Paper kites as antennas", "A kite of paper lifts a wire that hears radio stations from across the sea."),
}
QUERIES = {
    "q1": "otters and scent",
    "q2": "bread raised with wild yeast",
    "q3": "noise of trams",
    "q4": "storm water kept by moss",
    "q5": "ships",
}
JUDGMENTS = [
    ("q1", "river", 2),
    ("q1", "dens", 1),
    ("q1", "tram", 0),
    ("q2", "rye", 1),
    ("q3", "tram", 1),
    ("q4", "moss", 1),
    ("q4", "rye", -1),
    ("q5", "kite", 0),
]
CLAIMS = {
    "Dogs find otter dens by scent.": ["dens"],
    "Grass between the rails makes trams quieter.": ["tram"],
    "Shielded lamps show fewer whales.": [],
    "Copper prices follow the harvest of tea.": [],
}


def write(path: Path, *lines: str) -> Path:
    """A file of these lines, packed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def documents(name: str = "_id") -> list[str]:
    return [json.dumps({name: i, "title": title, "text": text}) for i, (title, text) in DOCUMENTS.items()]


def queries(name: str = "_id") -> list[str]:
    return [json.dumps({name: i, "text": text}) for i, text in QUERIES.items()]


def judgments() -> list[str]:
    return [f"{query}\t{document}\t{grade}" for query, document, grade in JUDGMENTS]


def beir_form(folder: Path, gz: str = "") -> Path:
    """The files as BEIR has them: `_id`, and qrels with a header in a file for each split."""
    write(folder / f"corpus.jsonl{gz}", *documents())
    write(folder / f"queries.jsonl{gz}", *queries())
    write(folder / f"qrels/test.tsv{gz}", "query-id\tcorpus-id\tscore", *judgments())
    write(folder / f"qrels/dev.tsv{gz}", "query-id\tcorpus-id\tscore", "q5\tkite\t1")
    return folder


def flat_form(folder: Path, gz: str = "") -> Path:
    """The files as those of SciFact are: `id`, one qrels.tsv without a header, labelled claims."""
    write(folder / f"corpus.jsonl{gz}", *documents("id"))
    write(folder / f"queries.jsonl{gz}", *queries("id"))
    write(folder / f"qrels.tsv{gz}", *judgments())
    claims = [json.dumps({"claim": claim, "evidence": evidence}) for claim, evidence in CLAIMS.items()]
    write(folder / f"labels.jsonl{gz}", *claims)
    return folder


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return read_collection(flat_form(tmp_path_factory.mktemp("beir") / "otters-and-bread"))


@pytest.fixture(scope="module")
def index(collection, tmp_path_factory):
    with collection_index(collection, tmp_path_factory.mktemp("index") / "chroma") as opened:
        yield opened


# Scores


def random_case(seed: int) -> tuple[list[str], dict[str, int]]:
    """A ranking (empty, shorter than ten, up to 150 long) and grades from -2 to 3, of documents found and not found."""
    chance = random.Random(seed)
    pool = [f"d{i}" for i in range(chance.choice([5, 30, 300]))]
    ranking = chance.sample(pool, chance.randint(0, min(len(pool), 150)))
    judged = chance.sample(pool, chance.randint(1, min(len(pool), 40)))
    grades = {document: chance.choice([-2, -1, 0, 1, 1, 2, 3]) for document in judged}
    return ranking, {**grades, chance.choice(judged): chance.randint(1, 3)}


def trec_eval(ranking: list[str], grades: dict[str, int], measures: set[str]) -> dict[str, float]:
    """What trec_eval says; falling scores, so that it has nothing to choose between equals."""
    run = {"q": {document: float(len(ranking) - place) for place, document in enumerate(ranking)}}
    return pytrec_eval.RelevanceEvaluator({"q": grades}, measures).evaluate(run)["q"]


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_scores_are_those_of_trec_eval(start):
    measures = {"ndcg_cut.5,10", "recall.10,100", "recip_rank", "success.1,5"}
    for seed in range(start, start + 100):
        ranking, grades = random_case(seed)
        theirs = trec_eval(ranking, grades, measures) if ranking else {}
        relevant = {document for document, grade in grades.items() if grade > 0}
        ours = {
            "ndcg_cut_5": ndcg_at(ranking, grades, 5),
            "ndcg_cut_10": ndcg_at(ranking, grades, 10),
            "recall_10": recall_at(ranking, relevant, 10),
            "recall_100": recall_at(ranking, relevant, 100),
            "recip_rank": reciprocal_rank(ranking, relevant),
            "success_1": float(first_rank(ranking, relevant) <= 1),
            "success_5": float(first_rank(ranking, relevant) <= 5),
        }
        assert ours == pytest.approx({name: theirs.get(name, 0.0) for name in ours}, abs=1e-9, rel=0), seed
        assert ranking_scores(ranking, grades) == {
            "nDCG@10": ours["ndcg_cut_10"],
            "recall@10": ours["recall_10"],
            "recall@100": ours["recall_100"],
            "MRR": ours["recip_rank"],
        }


def test_random_rankings_reach_every_corner():
    cases = [random_case(seed) for seed in range(600)]
    relevant = [[document for document, grade in grades.items() if grade > 0] for _, grades in cases]
    assert sum(not ranking for ranking, _ in cases) >= 3
    assert sum(0 < len(ranking) < 10 for ranking, _ in cases) > 50
    assert sum(len(ranking) > 100 for ranking, _ in cases) > 20
    assert sum(len(wanted) > 10 for wanted in relevant) > 50
    assert sum(min(grades.values()) < 0 for _, grades in cases) > 300
    assert sum(not set(wanted) <= set(ranking) for (ranking, _), wanted in zip(cases, relevant, strict=True)) > 300


def test_ranking_without_a_relevant_document_scores_nothing():
    grades = {"a": 0, "b": -1}
    assert ndcg_at(["a", "b"], grades, 10) == trec_eval(["a", "b"], grades, {"ndcg_cut.10"})["ndcg_cut_10"] == 0
    assert ndcg_at(["a", "b"], {"a": -2}, 10) == 0  # pytrec_eval crashes where all grades are negative


@pytest.mark.parametrize(
    ("ranking", "score"),
    [
        (["best", "good"], 1.0),
        (["good", "best"], (1 + 2 / log2(3)) / (2 + 1 / log2(3))),
        (["bad", "best"], (2 / log2(3)) / (2 + 1 / log2(3))),
        (["nobody judged", "bad", "good"], (1 / log2(4)) / (2 + 1 / log2(3))),
        (["bad"], 0.0),
        ([], 0.0),
    ],
    ids=["best order", "turned round", "bad first", "unjudged first", "only bad", "nothing found"],
)
def test_ndcg_discounts_grades_by_rank(ranking, score):
    assert ndcg_at(ranking, {"best": 2, "good": 1, "bad": -1}, 10) == pytest.approx(score)


# Files


@pytest.mark.parametrize("gz", ["", ".gz"], ids=["plain", "packed"])
@pytest.mark.parametrize("form", [beir_form, flat_form])
def test_both_forms_are_read_plain_and_packed(tmp_path, form, gz):
    collection = read_collection(form(tmp_path / "invented", gz))
    assert collection.name == "invented"
    assert collection.corpus == tmp_path / "invented" / f"corpus.jsonl{gz}"
    assert collection.queries == {query: text for query, text in QUERIES.items() if query != "q5"}
    assert collection.judgments["q1"] == {"river": 2, "dens": 1, "tram": 0}
    assert collection.judgments["q4"] == {"moss": 1, "rye": -1}
    assert collection.documents == set(DOCUMENTS)
    assert collection.queries_left_out == 1
    assert collection.notes == ("Skipped, as no document is relevant to them: 1 query.",)
    assert list(collection.labels.values()) == ([True, True, False, False] if form is flat_form else [])


def test_other_splits_lie_beside_the_test_split(tmp_path):
    collection = read_collection(beir_form(tmp_path), "dev")
    assert collection.judgments == {"q5": {"kite": 1}}
    assert collection.notes == ()


def test_first_line_of_qrels_without_header_counts(tmp_path):
    folder = flat_form(tmp_path)
    write(folder / "qrels.tsv", "q3\ttram\t1")
    assert read_collection(folder).judgments == {"q3": {"tram": 1}}


def test_numbers_serve_as_ids(tmp_path):
    write(tmp_path / "corpus.jsonl", json.dumps({"_id": 7, "title": "Paper kites", "text": "They lift a wire."}))
    write(tmp_path / "queries.jsonl", json.dumps({"_id": 1, "text": "kites"}))
    write(tmp_path / "qrels.tsv", "1\t7\t1")
    collection = read_collection(tmp_path)
    assert (collection.queries, collection.documents) == ({"1": "kites"}, {"7"})


def test_documents_that_cannot_be_indexed_are_counted_as_not_found(tmp_path):
    folder = beir_form(tmp_path)
    untold = [json.dumps({"_id": "untold", "title": "An untold tale", "text": ""}), "{"]
    write(folder / "corpus.jsonl", *documents(), *untold)
    write(folder / "qrels/test.tsv", "q3\ttram\t1", "q3\tuntold\t1", "q3\tnowhere\t1")
    collection = read_collection(folder)
    assert collection.judgments == {"q3": {"tram": 1, "untold": 1, "nowhere": 1}}
    assert collection.notes == (
        "Not indexed: 2 lines (corpus.jsonl, line 9: a record with no abstract: add the field or remove the record).",
        "Counted as not found: 2 of 3 relevant documents, which cannot be indexed or are not in the collection"
        " (such as 'nowhere').",
    )
    with collection_index(collection) as index:
        search = evaluate_collection(index, collection)[0].rows["search"]
    assert search["recall@10"].value == pytest.approx(1 / 3)


def test_bare_texts_get_their_first_words_as_a_title(tmp_path):
    folder = beir_form(tmp_path)
    bare = [json.dumps({"_id": i, "title": "", "text": text}) for i, (_, text) in DOCUMENTS.items()]
    write(folder / "corpus.jsonl", *bare[:-1], documents()[-1])
    collection = read_collection(folder)
    assert collection.notes[1:] == ("Got their first words as a title: 7 documents.",)
    assert collection.documents == set(DOCUMENTS)
    with collection_index(collection) as index:
        titles = {paper.id: paper.title for paper in index.papers()}
        search = evaluate_collection(index, collection)[0].rows["search"]
    assert titles["moss"] == "Moss on a roof holds a third of"
    assert titles["kite"] == "Paper kites as antennas"
    assert search["recall@10"].value == 1


def test_documents_under_one_title_stay_apart(tmp_path):
    write(
        tmp_path / "corpus.jsonl",
        *(json.dumps({"_id": i, "title": "Errata", "text": "A line is mended."}) for i in "ab"),
    )
    write(tmp_path / "queries.jsonl", json.dumps({"_id": "q", "text": "errata"}))
    write(tmp_path / "qrels.tsv", "q\ta\t1", "q\tb\t1")
    collection = read_collection(tmp_path)
    with collection_index(collection) as index:
        assert {paper.id for paper in index.papers()} == {"a", "b"}
        assert evaluate_collection(index, collection)[0].rows["search"]["nDCG@10"].value == 1


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("corpus.jsonl", None, "{folder} has no corpus.jsonl. Put it there, plain or as corpus.jsonl.gz (a document a line: _id, title, text)."),
        ("queries.jsonl", None, "{folder} has no queries.jsonl. Put it there, plain or as queries.jsonl.gz (a query a line: _id, text)."),
        ("qrels.tsv", None, "{folder} has no qrels/test.tsv. Put it there, plain or as test.tsv.gz (query, document and grade a line, with tabs between)."),
        ("queries.jsonl", ['{"_id": "q1", "text": "otters"}', '{"_id": "q2"'], "{folder}/queries.jsonl, line 2 is malformed (not JSON: Expecting ',' delimiter: line 1 column 13 (char 12)). Write one JSON object a line."),
        ("queries.jsonl", ["[]"], "{folder}/queries.jsonl, line 1 is malformed (no JSON object). Write one JSON object a line."),
        ("queries.jsonl", ['{"text": "otters"}'], '{folder}/queries.jsonl, line 1 is malformed (no _id). Write {{"_id": "…", "text": "…"}}.'),
        ("queries.jsonl", ['{"_id": "q1", "text": " "}'], '{folder}/queries.jsonl, line 1 is malformed (no text). Write {{"_id": "…", "text": "…"}}.'),
        ("queries.jsonl", [*queries(), '{"_id": "q1", "text": "eels"}'], "{folder}/queries.jsonl, line 6 is malformed (a second text for query 'q1'). Give each query an id of its own."),
        ("qrels.tsv", ["q1\triver\t1", "q1 river 1"], "{folder}/qrels.tsv, line 2 is malformed (1 field, not 3). Write query, document and grade, with tabs between."),
        ("qrels.tsv", ["q1\t0\triver\t1"], "{folder}/qrels.tsv, line 1 is malformed (4 fields, not 3). Write query, document and grade, with tabs between."),
        ("qrels.tsv", ["q1\triver\thigh"], "{folder}/qrels.tsv, line 1 is malformed (the grade 'high'). Write a whole number, 1 for relevant."),
        ("qrels.tsv", ["q1\triver\t0.5"], "{folder}/qrels.tsv, line 1 is malformed (the grade '0.5'). Write a whole number, 1 for relevant."),
        ("qrels.tsv", ["q1\triver\t1", "", "q9\triver\t1"], "{folder}/qrels.tsv, line 3 is malformed (no query 'q9' in the queries). Name a folder whose files fit."),
        ("qrels.tsv", ["q1\triver\t1", "q1\triver\t2"], "{folder}/qrels.tsv, line 2 is malformed (a second grade for 'river'). Judge each document once a query."),
        ("qrels.tsv", ["q1\triver\t0"], "{folder}/qrels.tsv holds no grade above 0, so that no query can be scored. Name another split: --split"),
        ("qrels.tsv", [], "{folder}/qrels.tsv holds no grade above 0, so that no query can be scored. Name another split: --split"),
        ("qrels.tsv", ["q1\teels\t1"], "{folder}/corpus.jsonl has none of the relevant documents of {folder}/qrels.tsv (such as 'eels'). Name a folder whose files fit."),
        ("corpus.jsonl", ['{"title": "Eels", "text": "Eels swim."}'], "{folder}/corpus.jsonl has a document without an id ('Eels'). Give each an _id."),
        ("corpus.jsonl", [*documents(), documents()[0]], "{folder}/corpus.jsonl has two documents with the id 'rye'. Give each one of its own."),
        ("corpus.jsonl", ['{"_id": "rye", "title": "Rye", "text": ""}'], "{folder}/corpus.jsonl holds no document that can be indexed (corpus.jsonl, line 1: a record with no abstract: add the field or remove the record). Name another folder."),
        ("corpus.jsonl", [], "{folder}/corpus.jsonl holds no document that can be indexed (corpus.jsonl: the file is empty: save the page again). Name another folder."),
        ("labels.jsonl", ['{"evidence": []}'], '{folder}/labels.jsonl, line 1 is malformed (no claim). Write {{"claim": "…", "evidence": […]}}, [] for none.'),
        ("labels.jsonl", ['{"claim": "Eels swim.", "evidence": "yes"}'], '{folder}/labels.jsonl, line 1 is malformed (no evidence). Write {{"claim": "…", "evidence": […]}}, [] for none.'),
    ],
)  # fmt: skip
def test_file_that_is_missing_or_malformed_is_named(tmp_path, name, lines, message):
    folder = flat_form(tmp_path)
    (folder / name).unlink()
    if lines is not None:
        write(folder / name, *lines)
    with pytest.raises(qa.InputError) as error:
        read_collection(folder)
    assert str(error.value) == message.format(folder=folder)


def test_folder_that_is_none_is_named(tmp_path):
    wanted = "Name one that holds corpus.jsonl, queries.jsonl and qrels: qa eval --beir FOLDER"
    with pytest.raises(qa.InputError) as error:
        read_collection(tmp_path / "nowhere")
    assert str(error.value) == f"{tmp_path / 'nowhere'} does not exist. {wanted}"
    file = write(tmp_path / "scifact.zip", "x")
    with pytest.raises(qa.InputError) as error:
        read_collection(file)
    assert str(error.value) == f"{file} is not a folder. {wanted}"


def test_split_that_is_none_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(qa.InputError, match=r"qrels has no split 'train'\. Use one of: dev, test\."):
        read_collection(beir_form(tmp_path / "beir", ".gz"), "train")
    with pytest.raises(qa.InputError, match=r"has no split 'dev', only one qrels\.tsv\. Use the split test\."):
        read_collection(flat_form(tmp_path / "flat"), "dev")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(b'{"_id": "q1", "text": "otters"}\n' * 99)[:-9], "ended before"),
        (b"no gzip at all", "Not a gzipped file"),
        (gzip.compress(b'{"_id": "q1", "text": "\xff"}'), "'utf-8' codec can't decode byte 0xff"),
    ],
    ids=["cut off", "not packed", "not UTF-8"],
)
def test_packed_file_that_is_damaged_is_named(tmp_path, data, reason):
    folder = beir_form(tmp_path, ".gz")
    (folder / "queries.jsonl.gz").write_bytes(data)
    with pytest.raises(qa.InputError, match=rf"queries\.jsonl\.gz cannot be read \(.*{reason}.*Save or download"):
        read_collection(folder)


# A small collection, measured


def test_scores_follow_from_the_rankings(index, collection):
    found = {query: [hit.paper.id for hit in index.search(QUERIES[query], 8)] for query in ("q1", "q2", "q3", "q4")}
    assert [found["q1"][:2], found["q2"][:2]] == [["dens", "river"], ["yeast", "rye"]]
    assert [found["q3"][0], found["q4"][0]] == ["tram", "moss"]
    table = evaluate_collection(index, collection)[0]
    assert table.title == "Search of otters-and-bread"
    assert list(table.rows) == ["search", "BM25 alone", "vectors alone"]
    assert table.columns == ["nDCG@10", "recall@10", "recall@100", "MRR"]
    # q1: grades 1 and 2 stand in that order; q2: the one relevant document stands second; q3 and q4: first.
    gains = [(1 + 2 / log2(3)) / (2 + 1 / log2(3)), 1 / log2(3), 1, 1]
    search = {measure: figure.value for measure, figure in table.rows["search"].items()}
    assert search == pytest.approx(
        {"nDCG@10": sum(gains) / 4, "recall@10": 1, "recall@100": 1, "MRR": (1 + 1 / 2 + 1 + 1) / 4}
    )
    assert {figure.count for row in table.rows.values() for figure in row.values()} == {4}


def test_words_alone_do_not_find_what_has_none_of_the_words(index, collection):
    """No word of q2 stands in the rye paper: its vector makes it a candidate, but BM25 does not find it."""
    words, vectors = (evaluate_collection(index, collection)[0].rows[f"{name} alone"] for name in ("BM25", "vectors"))
    assert words["recall@100"].value == 3 / 4
    assert vectors["recall@100"].value == 1


def test_claims_without_evidence_make_a_second_table(index, collection):
    table = evaluate_collection(index, collection)[1]
    assert table.title == "Claims without evidence"
    assert list(table.rows) == ["claims"]
    assert table.columns == ["AUC", "recall at 5 % wrong"]
    assert [figure.value for figure in table.rows["claims"].values()] == [1, 1]
    assert {figure.count for figure in table.rows["claims"].values()} == {4}


def test_collection_without_labels_makes_one_table(index, tmp_path):
    collection = read_collection(beir_form(tmp_path))
    assert len(evaluate_collection(index, collection)) == 1


def test_limit_takes_the_first_queries_and_claims(index, collection):
    seen = []
    tables = evaluate_collection(index, collection, limit=3, progress=lambda *step: seen.append(step))
    assert {figure.count for figure in tables[0].rows["search"].values()} == {3}
    assert seen == [(stage, done, 3) for stage in ("searching", "reading claims") for done in (1, 2, 3)]
    assert len(evaluate_collection(index, collection, limit=2)) == 1  # two claims with evidence, none without
    with pytest.raises(qa.InputError, match="The limit is 0"):
        evaluate_collection(index, collection, limit=0)


def test_index_of_other_documents_is_refused(index, collection, tmp_path):
    folder = beir_form(tmp_path / "more")
    more = [json.dumps({"_id": "eels", "title": "Eels", "text": "Eels swim at night."})]
    write(folder / "corpus.jsonl", *documents()[1:], *more)
    with pytest.raises(qa.InputError) as error:
        evaluate_collection(index, read_collection(folder))
    assert str(error.value) == (
        f"The index in {index.folder} is not one of more: it lacks 1 of 8 documents (0 of them relevant), such as 'eels'"
        f" and holds 1 paper besides, such as 'rye'. Name another folder, or build it again:"
        f" qa index --replace --index {index.folder} {folder}/corpus.jsonl"
    )
    write(folder / "qrels/test.tsv", "q1\teels\t1", "q1\tdens\t1")
    write(folder / "corpus.jsonl", *documents(), *more, more[0].replace("eels", "aal"))
    with pytest.raises(qa.InputError, match=r"lacks 2 of 10 documents \(1 of them relevant\), such as 'eels'\. Name"):
        evaluate_collection(index, read_collection(folder))


def test_index_in_a_folder_is_built_once(collection, tmp_path):
    stages: list[str] = []
    with collection_index(collection, tmp_path / "index", lambda stage, *_: stages.append(stage)) as index:
        assert len(index) == len(DOCUMENTS)
        assert "embedding" in stages
    stages.clear()
    with collection_index(collection, tmp_path / "index", lambda stage, *_: stages.append(stage)) as index:
        assert index.folder == tmp_path / "index"
        assert stages == []


def test_temporary_index_is_gone_afterwards(collection):
    with collection_index(collection) as index:
        folder = index.folder.parent
        assert len(index) == len(DOCUMENTS)
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("stage", ["embedding", "searching"])
def test_ctrl_c_leaves_no_temporary_folder(collection, tmp_path, stage):
    """A real process, stopped while it builds and while it searches."""
    code = (
        # A process that was started in the background is deaf to Ctrl-C, and so are its children: this must not be.
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from qa.evals.runs.beir import collection_index, evaluate_collection\n"
        "from qa.evals.data.beir_format import read_collection\n"
        "def progress(stage, done, total):\n"
        "    if stage == sys.argv[2] and done == 1:\n"
        "        print(stage, flush=True)\n"
        "        time.sleep(30)\n"
        "collection = read_collection(sys.argv[1])\n"
        "with collection_index(collection, progress=progress) as index:\n"
        "    evaluate_collection(index, collection, progress=progress)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(collection.folder), stage],
        env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == f"{stage}\n"
    assert len(list(tmp_path.glob("qa-beir-*"))) == 1
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert list(tmp_path.glob("qa-beir-*")) == []
