"""Large builds: parts written while the build goes on, runs that die at any step and go on, memory that stays as it is."""

import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import qa
from helpers.embedders import LetterEmbedder, StoppingEmbedder
from helpers.paths import TESTS
from qa.index import builder
from qa.index.catalog import Catalog
from qa.index.versions import current_version

pytestmark = pytest.mark.kill


SMALL = 64
"""Papers of a segment in these tests."""
STEPS = {
    "before a segment is written": "builder.write_segment = die",
    "behind a segment that the catalog does not name": "Catalog.stage_part = die",
    "behind a segment that is named": "Path.unlink = lambda self, *a: die() if self.suffix == '.npz' else unlink(self, *a)",
    "before its parts are merged": "builder.merge_segments = die",
    "before it counts": "IndexChanges.commit = die",
}


def write_papers(path, numbers, *, text="Topic {0} is studied by method {1}. It beats method {2} by {0} points."):
    records = (
        {"id": f"p{i}", "title": f"Paper {i} on topic {i * 7}", "abstract": text.format(i * 7, i, i - 1)}
        for i in numbers
    )
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def found(folder, question="which method beats method 41 on topic 294", k=4):
    """What a search finds: ids and scores; the papers behind the first four are all alike to this question."""
    hits = qa.open_index(folder, embedder=LetterEmbedder()).search(question, k)
    return {hit.paper.id: (round(hit.score, 4), round(hit.words, 4)) for hit in hits}


@pytest.fixture
def small_segments(monkeypatch):
    monkeypatch.setattr(builder, "SEGMENT", SMALL)


@pytest.fixture
def whole(tmp_path):
    """What is found in an index of 300 papers that was built in one piece."""
    qa.build_index(write_papers(tmp_path / "all.jsonl", range(300)), tmp_path / "whole", embedder=LetterEmbedder())
    return found(tmp_path / "whole")


def test_index_built_in_segments_finds_what_one_built_in_one_piece_finds(tmp_path, whole, small_segments):
    qa.build_index(tmp_path / "all.jsonl", tmp_path / "index", embedder=LetterEmbedder())
    assert found(tmp_path / "index") == whole
    assert len(Catalog(current_version(tmp_path / "index")).part_names()) == 1


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_build_that_dies_goes_on_and_embeds_nothing_twice(tmp_path, whole, small_segments, step):
    code = (
        "import os, sys\nfrom pathlib import Path\nimport qa\nfrom qa.index import builder\n"
        "from qa.index.catalog import Catalog\nfrom qa.index.changes import IndexChanges\n"
        "sys.path.insert(0, sys.argv[1])\nfrom helpers.embedders import LetterEmbedder\n"
        "unlink, die = Path.unlink, lambda *a, **k: os._exit(9)\n"
        f"builder.SEGMENT = {SMALL}\n{step}\n"
        "qa.build_index(sys.argv[2], sys.argv[3], embedder=LetterEmbedder())\n"
    )
    here, source, folder = str(TESTS), str(tmp_path / "all.jsonl"), tmp_path / "index"
    for _ in range(2):  # the second run dies at the same step, on what the first has left
        done = subprocess.run([sys.executable, "-c", code, here, source, str(folder)], check=False)
        assert done.returncode == 9
        with pytest.raises(qa.IndexMissingError):
            qa.open_index(folder)
    letters = LetterEmbedder()
    report = qa.build_index(source, folder, embedder=letters)
    assert report.index_papers == 300
    assert letters.papers < 300
    assert found(folder) == whole
    generation = current_version(folder)
    assert {path.name for path in generation.glob("part-*")} == set(Catalog(generation).part_names())
    assert not (generation / "staged").exists()
    assert not list(generation.rglob("*.new"))


def test_papers_of_an_unfinished_build_count_neither_in_searches_nor_in_scores(tmp_path, small_segments):
    qa.build_index(write_papers(tmp_path / "a.jsonl", range(50)), tmp_path / "index", embedder=LetterEmbedder())
    before = found(tmp_path / "index")

    write_papers(tmp_path / "b.jsonl", range(40, 300))
    with pytest.raises(KeyboardInterrupt):
        qa.build_index(tmp_path / "b.jsonl", tmp_path / "index", embedder=StoppingEmbedder(200))
    assert Catalog(current_version(tmp_path / "index")).part_names(live=False)
    assert found(tmp_path / "index") == before


def test_what_an_abandoned_build_left_is_forgotten_by_a_build_of_other_pages(tmp_path, whole, small_segments):
    write_papers(tmp_path / "b.jsonl", range(1000, 1300))
    with pytest.raises(KeyboardInterrupt):
        qa.build_index(tmp_path / "b.jsonl", tmp_path / "index", embedder=StoppingEmbedder(150))
    report = qa.build_index(tmp_path / "all.jsonl", tmp_path / "index", embedder=LetterEmbedder())
    assert report.index_papers == 300
    assert found(tmp_path / "index") == whole
    assert qa.open_index(tmp_path / "index", embedder=LetterEmbedder()).snapshot().vectors.count() == 300


def test_index_after_many_changes_finds_what_a_fresh_one_finds(tmp_path, whole, small_segments):
    chance = np.random.default_rng(7)
    folder = tmp_path / "index"
    names = []
    for step in range(12):
        numbers = sorted(chance.choice(300, size=int(chance.integers(5, 90)), replace=False).tolist())
        name = f"{step % 5}.jsonl"
        qa.build_index(write_papers(tmp_path / name, numbers), folder, embedder=LetterEmbedder())
        names = sorted({*names, name})
        if step % 4 == 3:
            qa.remove_pages([names.pop()], folder, embedder=LetterEmbedder())
        catalog = Catalog(current_version(folder))
        live = {n for (n,) in catalog.rows("SELECT paper FROM papers WHERE live = 1")}
        snapshot = qa.open_index(folder, embedder=LetterEmbedder()).snapshot()
        assert sorted(snapshot.row_numbers[snapshot.alive].tolist()) == sorted(live)
        assert len(catalog.part_names()) <= 6
    qa.build_index(tmp_path / "all.jsonl", folder, replace=True, embedder=LetterEmbedder())
    last = {paper: words for paper, (_, words) in found(folder).items()}
    # Papers that no longer count stay in their part for a time and are counted in the rarity of words, as in any index.
    assert last.keys() == whole.keys()
    assert all(abs(words - whole[paper][1]) < 0.2 for paper, words in last.items())


def test_records_that_share_an_id_stay_papers_of_their_own(tmp_path, small_segments):
    records = [
        {"id": "venue-", "title": f"Paper {i}", "abstract": f"Method {i} beats method {i + 1} on topic {i * 3}."}
        for i in range(200)
    ]
    source = tmp_path / "venue.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    report = qa.build_index(source, tmp_path / "index", embedder=LetterEmbedder())
    index = qa.open_index(tmp_path / "index", embedder=LetterEmbedder())
    papers = index.papers()
    assert (report.papers, len({paper.id for paper in papers})) == (200, 200)
    assert {paper.title for paper in papers} == {record["title"] for record in records}
    assert qa.build_index(source, tmp_path / "index", embedder=LetterEmbedder()).embedded == 0


def test_rebuild_of_records_needs_no_file(tmp_path, whole, small_segments):
    source = tmp_path / "all.jsonl"
    qa.build_index(source, tmp_path / "index", embedder=LetterEmbedder())
    source.unlink()
    report = qa.rebuild_index(tmp_path / "index", embedder=LetterEmbedder())
    assert (report.index_papers, report.listings) == (300, 300)
    assert found(tmp_path / "index") == whole


def test_file_that_changes_while_it_is_read_leaves_the_index_as_it_was(tmp_path, small_segments):
    source = write_papers(tmp_path / "a.jsonl", range(20))
    qa.build_index(source, tmp_path / "index", embedder=LetterEmbedder())
    write_papers(source, range(600, 800))
    changes = []

    def change(stage, done, total):
        if stage == "reading papers" and not changes:
            changes.append(write_papers(source, range(900, 950)))

    with pytest.raises(qa.InputError, match="changed"):
        qa.build_index(source, tmp_path / "index", embedder=LetterEmbedder(), progress=change)
    assert changes
    assert len(qa.open_index(tmp_path / "index", embedder=LetterEmbedder())) == 20
    assert qa.build_index(source, tmp_path / "index", embedder=LetterEmbedder()).index_papers == 50


def peak(tmp_path, papers):
    """Bytes that Python holds at most while an index of so many papers is built."""
    text = "Topic {0} is studied by method {1}. " + "It beats what was there before by a margin. " * 12
    source = write_papers(tmp_path / f"{papers}.jsonl", range(papers), text=text)
    tracemalloc.start()
    try:
        qa.build_index(source, tmp_path / f"index-{papers}", embedder=LetterEmbedder())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_papers(tmp_path, small_segments):
    peak(tmp_path, 10)  # what is loaded once
    few, many = peak(tmp_path, 200), peak(tmp_path, 1000)
    assert many < 1.5 * few


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT acronym FROM acronyms JOIN papers USING (paper) WHERE live = 1 AND acronym IN ('a', 'b')", "acronyms_by_acronym"),
        ("SELECT acronym FROM acronyms JOIN papers USING (paper) WHERE live = 1 AND long_key IN ('a', 'b')", "acronyms_by_long"),
        ("SELECT count(*), coalesce(sum(passages), 0) FROM papers WHERE live = 1", "papers_that_count"),
        ("SELECT paper, key FROM papers WHERE live = 0", "papers_that_do_not"),
        ("SELECT paper FROM papers WHERE id = 'a' AND live = 1", "papers_by_id"),
    ],
    ids=["acronyms", "long forms", "counts", "papers that do not count", "ids"],
)  # fmt: skip
def test_questions_to_the_catalog_look_at_no_more_papers_than_they_need(tmp_path, sql, index):
    """SQLite may take a poor index for a good one, and then a search reads every paper: a search of 87,000 did."""
    qa.build_index(write_papers(tmp_path / "a.jsonl", range(20)), tmp_path / "index", embedder=LetterEmbedder())
    plan = Catalog(current_version(tmp_path / "index")).rows(f"EXPLAIN QUERY PLAN {sql}")
    assert index in plan[0][3]
