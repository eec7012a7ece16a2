"""Building, refreshing and removing: what is embedded, what is kept, and what an interruption leaves."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

import qa
from helpers.embedders import LetterEmbedder, StoppingEmbedder
from helpers.paths import TESTS
from qa.index.catalog import Catalog
from qa.index.segments import segments_to_merge
from qa.index.versions import current_version
from qa.text.sentences import split_passages

pytestmark = pytest.mark.slow


def titles(folder: Path, **keywords) -> list[str]:
    index = qa.open_index(folder, **keywords)
    try:
        return sorted(paper.title for paper in index.papers())
    finally:
        index.close()


def page(folder: Path, name: str, *papers: tuple[str, str]) -> Path:
    path = folder / name
    path.write_text("\n\n".join(f"{title}\n\n{abstract}" for title, abstract in papers) + "\n", encoding="utf-8")
    return path


CAB = ("A cab in the bay", "A cab waits in the bay. It is a slow cab and nobody takes it.")
BEE = ("A bee on a bough", "Bees buzz about the bough. The bough bends when a big bee sits on it.")
COD = ("Cod in cold creeks", "Cod come to the creeks in cold months. Cranes catch some of the cod.")


def test_report_counts_listings_papers_and_what_was_left_out(pages, tmp_path):
    report = qa.build_index([pages], tmp_path / "index")
    assert (report.listings, report.papers, report.merged, report.embedded, report.reused, report.removed) == (
        9,
        8,
        1,
        8,
        0,
        0,
    )
    assert report.cleaned == 3
    papers = qa.open_index(tmp_path / "index").papers()
    assert report.passages == sum(len(split_passages(paper.abstract)) for paper in papers)
    assert report.skipped == [
        ("harbour.txt, line 1", "a header, or a title without an abstract (Trending papers, saved on a Tuesday)")
    ]


@pytest.mark.corpus
def test_five_original_pages_are_413_listings_of_354_papers(corpus, corpus_folder):
    report = qa.build_index([corpus], corpus_folder)
    assert (report.listings, report.papers, report.merged, report.embedded, report.reused) == (413, 354, 51, 0, 354)
    assert report.skipped == []
    repeated = [paper for paper in qa.open_index(corpus_folder).papers() if len(paper.pages) > 1]
    assert len(repeated) == 51


def test_second_run_embeds_nothing(tmp_path, letters):
    source = page(tmp_path, "a.txt", CAB, BEE)
    qa.build_index([source], tmp_path / "index", embedder=letters)
    report = qa.build_index([source], tmp_path / "index", embedder=letters)
    assert (report.embedded, report.reused, letters.papers) == (0, 2, 2)


def test_adding_a_page_touches_nothing_else(tmp_path, letters):
    qa.build_index([page(tmp_path, "a.txt", CAB)], tmp_path / "index", embedder=letters)
    report = qa.build_index([page(tmp_path, "b.txt", BEE)], tmp_path / "index", embedder=letters)
    assert (report.embedded, report.removed, report.index_papers, letters.papers) == (1, 0, 2, 2)


def test_refreshed_page_embeds_only_what_changed(tmp_path, letters):
    qa.build_index([page(tmp_path, "a.txt", CAB, BEE)], tmp_path / "index", embedder=letters)
    report = qa.build_index([page(tmp_path, "a.txt", CAB, COD)], tmp_path / "index", embedder=letters)
    assert (report.embedded, report.reused, report.removed) == (1, 1, 1)
    assert titles(tmp_path / "index", embedder=letters) == [CAB[0], COD[0]]


def test_replace_makes_the_index_exactly_these_pages(tmp_path, letters):
    qa.build_index([page(tmp_path, "a.txt", CAB), page(tmp_path, "b.txt", BEE)], tmp_path / "index", embedder=letters)
    qa.build_index([tmp_path / "b.txt"], tmp_path / "index", replace=True, embedder=letters)
    index = qa.open_index(tmp_path / "index", embedder=letters)
    assert list(index.pages()) == ["b.txt"]
    assert [paper.title for paper in index.papers()] == [BEE[0]]


def test_removed_page_leaves_papers_that_another_page_lists(tmp_path, letters):
    qa.build_index(
        [page(tmp_path, "a.txt", CAB, BEE), page(tmp_path, "b.txt", BEE)], tmp_path / "index", embedder=letters
    )
    report = qa.remove_pages(["a.txt"], tmp_path / "index", embedder=letters)
    index = qa.open_index(tmp_path / "index", embedder=letters)
    assert (report.removed, [paper.title for paper in index.papers()]) == (1, [BEE[0]])
    assert index.papers()[0].pages == ("b.txt",)
    with pytest.raises(qa.InputError, match=r"no page 'a.txt'.*b\.txt"):
        qa.remove_pages(["a.txt"], tmp_path / "index", embedder=letters)


def test_two_papers_that_share_a_title_stay_two_whichever_comes_first(tmp_path, letters):
    one, other = (CAB[0], BEE[1]), (CAB[0], COD[1])
    qa.build_index([page(tmp_path, "a.txt", one), page(tmp_path, "b.txt", other)], tmp_path / "1", embedder=letters)
    qa.build_index([tmp_path / "b.txt"], tmp_path / "2", embedder=letters)
    qa.build_index([tmp_path / "a.txt"], tmp_path / "2", embedder=letters)
    first, second = (qa.open_index(tmp_path / name, embedder=letters) for name in "12")
    assert len(first) == len(second) == 2
    assert {paper.id for paper in first.papers()} == {paper.id for paper in second.papers()}


def test_same_id_for_different_papers_of_two_files_loses_neither(tmp_path, letters):
    for name, (title, abstract) in (("a", CAB), ("b", BEE)):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"id": "1", "title": "{title}", "abstract": "{abstract}"}}\n')
    qa.build_index([tmp_path / "a.jsonl"], tmp_path / "index", embedder=letters)
    qa.build_index([tmp_path / "b.jsonl"], tmp_path / "index", embedder=letters)
    assert titles(tmp_path / "index", embedder=letters) == sorted([CAB[0], BEE[0]])


def test_files_of_one_name_in_two_folders_are_two_pages(tmp_path, letters):
    for name, paper in (("x", CAB), ("y", BEE)):
        (tmp_path / name).mkdir()
        page(tmp_path / name, "page.txt", paper)
    qa.build_index([tmp_path / "x" / "page.txt"], tmp_path / "index", embedder=letters)
    qa.build_index([tmp_path / "y" / "page.txt"], tmp_path / "index", embedder=letters)
    assert list(qa.open_index(tmp_path / "index", embedder=letters).pages()) == ["page.txt", "y/page.txt"]


def test_rebuild_needs_no_file_and_keeps_everything(tmp_path, letters):
    source = page(tmp_path, "a.txt", CAB, BEE)
    qa.build_index([source], tmp_path / "index", embedder=letters)
    source.unlink()
    reader = qa.open_index(tmp_path / "index", embedder=letters)
    report = qa.rebuild_index(tmp_path / "index", embedder=letters)
    assert (report.embedded, report.index_papers, len(reader)) == (2, 2, 2)
    assert qa.rebuild_index(tmp_path / "index", embedder=letters).index_papers == 2


def test_another_embedder_is_one_clear_sentence_with_the_command(tmp_path, letters):
    qa.build_index([page(tmp_path, "a.txt", CAB)], tmp_path / "index", embedder=letters)
    with pytest.raises(
        qa.IndexMismatchError, match=r"built with the embedder letters, not other\..* qa index --rebuild"
    ):
        qa.open_index(tmp_path / "index", embedder=LetterEmbedder("other"))


def test_embedder_of_the_same_name_with_other_weights_is_found_out(tmp_path, letters):
    qa.build_index([page(tmp_path, "a.txt", CAB)], tmp_path / "index", embedder=letters)

    class Changed(LetterEmbedder):
        def embed_question(self, question):
            return super().embed_question("c" * 500)

    index = qa.open_index(tmp_path / "index", embedder=Changed())
    with pytest.raises(qa.IndexMismatchError, match="no longer gives the vectors"):
        index.search("cab")


def test_build_that_fails_in_the_middle_leaves_the_index_as_it_was(tmp_path, letters):
    qa.build_index([page(tmp_path, "a.txt", CAB)], tmp_path / "index", embedder=letters)

    class Failing(LetterEmbedder):
        def embed_papers(self, papers):
            yield from super().embed_papers(papers[:1])
            raise KeyboardInterrupt

    page(tmp_path, "a.txt", BEE, COD)
    with pytest.raises(KeyboardInterrupt):
        qa.build_index([tmp_path / "a.txt"], tmp_path / "index", embedder=Failing())
    assert titles(tmp_path / "index", embedder=letters) == [CAB[0]]
    qa.build_index([tmp_path / "a.txt"], tmp_path / "index", embedder=letters)
    assert titles(tmp_path / "index", embedder=letters) == sorted([BEE[0], COD[0]])


MANY = [
    (f"Paper {i} on topic {i * 7}", f"Topic {i * 7} is studied by method {i}. It beats method {i - 1} by {i} points.")
    for i in range(300)
]


@pytest.mark.parametrize("moment", [0.15, 0.4, 0.7, 1.0, 1.5])
def test_killed_build_answers_as_before_and_the_next_run_completes(tmp_path, moment):
    """The real embedder, a real process, kill -9 at several moments."""
    qa.build_index([page(tmp_path, "a.txt", CAB)], tmp_path / "index")
    page(tmp_path, "b.txt", *MANY)
    command = [sys.executable, "-m", "qa", "index", "--index", str(tmp_path / "index"), str(tmp_path / "b.txt")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment + 1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = titles(tmp_path / "index")
    assert before in ([CAB[0]], sorted([CAB[0], *(title for title, _ in MANY)]))
    report = qa.build_index([tmp_path / "b.txt"], tmp_path / "index")
    assert report.index_papers == 301
    index = qa.open_index(tmp_path / "index")
    assert index.search("method 123 on topic 861", 1)[0].paper.title == MANY[123][0]
    # Nothing of the killed run is left over.
    generation = current_version(tmp_path / "index")
    named = {name for (name,) in Catalog(generation).rows("SELECT name FROM parts")}
    assert {path.name for path in generation.glob("part-*")} == named
    assert not (generation / "staged").exists()


def test_interrupted_build_goes_on_where_it_was(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        qa.build_index([page(tmp_path, "b.txt", *MANY)], tmp_path / "index", embedder=StoppingEmbedder(200))
    letters = LetterEmbedder()
    assert qa.build_index([tmp_path / "b.txt"], tmp_path / "index", embedder=letters).index_papers == 300
    assert letters.papers == 300 - 192  # three batches of 64 had been kept


@pytest.mark.parametrize("step", ["forget_papers", "delete"])
def test_interrupted_clean_up_loses_nothing(tmp_path, letters, step):
    """A build that dies after its commit leaves papers that do not count; they come back when their page does."""
    qa.build_index(
        [page(tmp_path, "a.txt", CAB, BEE), page(tmp_path, "b.txt", COD)], tmp_path / "index", embedder=letters
    )
    code = (
        "import os, sys, qa\n"
        "from qa.index.catalog import Catalog\nfrom qa.index.vector_store import VectorStore\n"
        f"owner = Catalog if {step!r} == 'forget_papers' else VectorStore\n"
        f"setattr(owner, {step!r}, lambda *a: os._exit(9))\n"
        "sys.path.insert(0, sys.argv[1])\nfrom helpers.embedders import LetterEmbedder\n"
        "qa.remove_pages(['a.txt'], sys.argv[2], embedder=LetterEmbedder())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(TESTS), str(tmp_path / "index")], check=False)
    assert done.returncode == 9
    assert titles(tmp_path / "index", embedder=letters) == [COD[0]]
    qa.build_index([tmp_path / "a.txt"], tmp_path / "index", embedder=letters)
    index = qa.open_index(tmp_path / "index", embedder=letters)
    assert len(index) == 3
    assert {hit.paper.title for hit in index.search("cab bee", 3)} == {CAB[0], BEE[0], COD[0]}


@pytest.mark.parametrize(
    ("damage", "command"),
    [
        ("catalog.sqlite", "Delete that folder"),
        ("part-*/words/words.bin", "qa index --rebuild"),
        ("part-*/vectors.npy", "qa index --rebuild"),
        ("part-*/postings/starts.npy", "qa index --rebuild"),
        ("chroma/chroma.sqlite3", "qa index --rebuild"),
    ],
)
@pytest.mark.parametrize("how", ["gone", "garbled"])
def test_damaged_file_is_one_clear_error_with_a_command_that_helps(tmp_path, damage, command, how):
    qa.build_index([page(tmp_path, "a.txt", CAB, BEE)], tmp_path / "index")
    for path in current_version(tmp_path / "index").glob(damage):
        path.unlink() if how == "gone" else path.write_bytes(b"garbage" * 100)
        for beside in path.parent.glob("catalog.sqlite-*"):
            beside.unlink()
    with pytest.raises(qa.IndexDamagedError, match=command) as error:
        qa.open_index(tmp_path / "index").search("unknwn bees")
    assert str(tmp_path / "index") in str(error.value)
    if "rebuild" in command:
        qa.rebuild_index(tmp_path / "index")
        assert len(qa.open_index(tmp_path / "index").search("bees", 2)) == 2


def test_second_builder_says_so_and_stops(tmp_path, letters):
    qa.build_index([page(tmp_path, "a.txt", CAB)], tmp_path / "index", embedder=letters)
    with FileLock(tmp_path / "index" / "lock"), pytest.raises(qa.IndexBusyError, match="Another process is building"):
        qa.build_index([tmp_path / "a.txt"], tmp_path / "index", embedder=letters)


def test_open_reader_sees_what_another_process_adds_and_rebuilds(tmp_path):
    qa.build_index([page(tmp_path, "a.txt", CAB, COD)], tmp_path / "index")
    reader = qa.open_index(tmp_path / "index")
    assert reader.search("bees on a bough", 1)[0].paper.title != BEE[0]
    qa_index = [sys.executable, "-m", "qa", "index", "--index", str(tmp_path / "index")]
    subprocess.run([*qa_index, str(page(tmp_path, "b.txt", BEE))], check=True, capture_output=True)
    assert reader.search("bees on a bough", 1)[0].paper.title == BEE[0]
    subprocess.run([*qa_index, "--rebuild"], check=True, capture_output=True)
    assert reader.search("bees on a bough", 1)[0].paper.title == BEE[0]
    assert len(reader) == 3


def test_full_disk_is_one_clear_error_and_nothing_is_lost(tmp_path):
    """A file system of 6 MB: the first page fits, the next does not."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        qa.build_index([page(tmp_path, "a.txt", CAB)], small / "index")
        page(tmp_path, "b.txt", *[(f"{t} again", a * 60) for t, a in MANY])
        with pytest.raises(qa.IndexDamagedError, match=r"[Ff]ree some space"):
            qa.build_index([tmp_path / "b.txt"], small / "index", embedder=None)
        assert titles(small / "index") == [CAB[0]]
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_nothing_readable_is_an_error_that_names_each_file(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(qa.InputError, match=r"empty\.txt: the file is empty.*missing\.txt|missing\.txt.*empty\.txt"):
        qa.build_index([tmp_path / "empty.txt", tmp_path / "missing.txt"], tmp_path / "index")
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    ("sizes", "new", "merged"),
    [
        ({}, 10, []),
        ({"large": 87_000}, 100, []),
        ({"large": 87_000, "small": 100}, 100, ["small"]),
        ({"large": 87_000, "a": 100, "b": 300}, 100, ["a", "b"]),
    ],
    ids=["first", "large part is left alone", "equal part is merged", "merging goes on with what has grown"],
)
def test_update_rewrites_about_what_it_adds(sizes, new, merged):
    assert segments_to_merge(sizes, new) == merged
