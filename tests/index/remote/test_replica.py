"""An index on a real Chroma server: the same answers as from a folder, for many readers and one writer, through the
deaths of either side."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import qa
from helpers.chroma_server import ChromaServer, Door, free_port, make_certificate
from helpers.embedders import LetterEmbedder
from helpers.paths import TESTS
from qa.index.remote.address import chroma_address
from qa.index.remote.blobs import Blobs
from qa.index.remote.store import PAGES, PAPERS, RemoteStore
from qa.settings import index_place
from qa.ui.uploads import Upload, add_uploads, remove_page

pytestmark = pytest.mark.slow


TOKEN = "not-to-be-shown-8f2e"
QUESTIONS = ("How do graph networks train from disk?", "language models", "Which papers measure accuracy?", "zzz")


def page(folder, name, count=3, *, text="an abstract of bacon, cabbage and crab"):
    """A page of records, each with a title of its own."""
    path = folder / f"{name}.jsonl"
    records = (
        {"title": f"{name} paper {i} cab", "abstract": f"Paper {i} is {text}, says {name}."} for i in range(count)
    )
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def found(index, question, k=20):
    return [
        (hit.paper, hit.score, [(p.start, p.end, p.text) for p in hit.passages]) for hit in index.search(question, k)
    ]


def same(one, other):
    """Whether two indexes hold and find the same, with the same scores; equals may stand in another order, since papers
    are numbered as they come."""
    assert sorted(one.papers(), key=lambda paper: paper.id) == sorted(other.papers(), key=lambda paper: paper.id)
    assert list(one.pages().items()) == list(other.pages().items())
    for question in QUESTIONS:
        there, here = ({paper.id: rest for paper, *rest in found(index, question)} for index in (one, other))
        assert {key: passages for key, (_, passages) in there.items()} == {
            k: passages for k, (_, passages) in here.items()
        }
        assert {key: score for key, (score, _) in there.items()} == pytest.approx(
            {k: s for k, (s, _) in here.items()}, abs=1e-3
        )
    return True


def until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


# Reading


def test_another_machine_finds_what_a_local_index_finds(address, pages, index, tmp_path):
    report = qa.build_index([pages], tmp_path / "writer", chroma=address)
    assert report.embedded == report.index_papers == len(index)
    reader = qa.open_index(tmp_path / "reader", chroma=address)
    assert same(reader, index)
    for question in QUESTIONS:
        assert [hit.paper.id for hit in reader.search(question)] == [hit.paper.id for hit in index.search(question)]
    paper = index.papers()[0]
    assert reader.similar(paper.id) == index.similar(paper.id)
    assert reader.browse(order="title") == index.browse(order="title")
    answer, local = qa.Assistant(reader).ask(QUESTIONS[0]), qa.Assistant(index).ask(QUESTIONS[0])
    assert answer.text == local.text
    reader.close()


def test_reader_embeds_no_paper(address, pages, tmp_path):
    qa.build_index([pages], tmp_path / "writer", chroma=address, embedder=LetterEmbedder())
    letters = LetterEmbedder()
    reader = qa.open_index(tmp_path / "reader", chroma=address, embedder=letters)
    assert reader.search("crab")
    assert letters.papers == 0


def test_reader_changes_nothing_on_the_server(chroma, tmp_path, letters):
    database = chroma.database("only-read")
    with Door(chroma.port) as door:
        address = chroma_address(door.url, database=database)
        qa.build_index([page(tmp_path, "a")], tmp_path / "one", chroma=address, embedder=letters)
        reader = qa.open_index(tmp_path / "two", chroma=address, embedder=letters)
        qa.build_index([page(tmp_path, "b")], tmp_path / "one", chroma=address, embedder=letters)
        qa.remove_pages(["a.jsonl"], tmp_path / "one", chroma=address, embedder=letters)
        begin = len(door.paths)
        until(lambda: list(reader.pages()) == ["b.jsonl"])
        assert reader.search("crab")
        qa.open_index(tmp_path / "three", chroma=address, embedder=letters)
    assert {path.rpartition("/")[2] for path in door.paths[begin:] if not path.startswith("GET ")} <= {"get", "query"}


def test_address_may_be_a_plain_url(tmp_path, pages, letters):
    with ChromaServer(tmp_path / "chroma") as chroma:
        qa.build_index([pages], tmp_path / "writer", chroma=chroma.url, embedder=letters)
        assert len(qa.open_index(tmp_path / "reader", chroma=chroma.url, embedder=letters)) == letters.papers


def test_mirror_lies_among_the_users_caches_where_no_folder_is_named(address, pages, letters, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.chdir(tmp_path)
    qa.build_index([pages], chroma=address, embedder=letters)
    assert len(qa.open_index(chroma=address, embedder=letters)) == letters.papers
    assert not (tmp_path / "index").exists()


def test_server_without_an_index_is_told(address, tmp_path, letters):
    with pytest.raises(qa.IndexMissingError, match=r"qa index FILES… --chroma"):
        qa.open_index(tmp_path / "reader", chroma=address, embedder=letters)


def test_wrong_database_is_told(chroma, tmp_path):
    with pytest.raises(qa.InputError, match="no database 'absent'"):
        qa.open_index(tmp_path / "reader", chroma=chroma_address(chroma.url, database="absent"))


def test_other_embedder_is_refused(address, pages, letters, tmp_path):
    qa.build_index([pages], tmp_path / "writer", chroma=address, embedder=letters)
    with pytest.raises(qa.IndexMismatchError, match="letters"):
        qa.open_index(tmp_path / "reader", chroma=address, embedder=LetterEmbedder("others"))


# Writing


def test_open_reader_follows_what_is_added_changed_and_removed(address, tmp_path, letters):
    first, second = page(tmp_path, "first"), page(tmp_path, "second")
    qa.build_index([first], tmp_path / "writer", chroma=address, embedder=letters)
    reader = qa.open_index(tmp_path / "reader", chroma=address, embedder=LetterEmbedder())
    assert list(reader.pages()) == ["first.jsonl"]
    qa.build_index([second], tmp_path / "writer", chroma=address, embedder=letters)
    until(lambda: list(reader.pages()) == ["first.jsonl", "second.jsonl"])
    assert len(reader.papers(page="second.jsonl")) == 3
    page(tmp_path, "second", 5)
    qa.build_index([second], tmp_path / "writer", chroma=address, embedder=letters)
    until(lambda: len(reader) == 8)
    qa.remove_pages(["first.jsonl"], tmp_path / "writer", chroma=address, embedder=letters)
    until(lambda: len(reader) == 5)
    assert same(reader, qa.open_index(tmp_path / "other", chroma=address, embedder=letters))


def test_second_run_embeds_nothing_on_whatever_machine(address, tmp_path, letters):
    path = page(tmp_path, "first")
    assert qa.build_index([path], tmp_path / "one", chroma=address, embedder=letters).embedded == 3
    assert qa.build_index([path], tmp_path / "one", chroma=address, embedder=letters).embedded == 0
    assert qa.build_index([path], tmp_path / "two", chroma=address, embedder=letters).embedded == 0
    assert letters.papers == 3


def test_writers_on_two_machines_take_turns_and_keep_each_others_pages(address, tmp_path, letters):
    names = ["a", "b", "c", "d"]
    for i, name in enumerate(names):
        folder = tmp_path / ("one", "two")[i % 2]
        qa.build_index([page(tmp_path, name)], folder, chroma=address, embedder=letters)
    local = tmp_path / "local"
    qa.build_index([tmp_path / f"{name}.jsonl" for name in names], local, embedder=letters)
    reader = qa.open_index(tmp_path / "reader", chroma=address, embedder=letters)
    assert same(reader, qa.open_index(local, embedder=letters))


def test_page_that_was_removed_and_added_again_moves_to_the_end_everywhere(address, tmp_path, letters):
    a, b = page(tmp_path, "a"), page(tmp_path, "b")
    qa.build_index([a, b], tmp_path / "one", chroma=address, embedder=letters)
    reader = qa.open_index(tmp_path / "late", chroma=address, embedder=letters)
    reader.close()
    qa.remove_pages(["a.jsonl"], tmp_path / "one", chroma=address, embedder=letters)
    qa.build_index([a], tmp_path / "one", chroma=address, embedder=letters)
    writer, late = (qa.open_index(tmp_path / name, chroma=address, embedder=letters) for name in ("one", "late"))
    assert list(late.pages()) == list(writer.pages()) == ["b.jsonl", "a.jsonl"]


def test_page_changed_on_another_machine_changes_here_though_its_file_is_still_here(address, tmp_path, letters):
    qa.build_index([page(tmp_path, "a")], tmp_path / "one", chroma=address, embedder=letters)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    qa.build_index([page(elsewhere, "a", 5)], tmp_path / "two", chroma=address, embedder=letters)
    here = qa.open_index(tmp_path / "one", chroma=address, embedder=letters)
    assert here.pages() == {"a.jsonl": 5}


def test_replace_leaves_exactly_the_pages_named(address, tmp_path, letters):
    qa.build_index([page(tmp_path, "a"), page(tmp_path, "b")], tmp_path / "one", chroma=address, embedder=letters)
    qa.build_index([page(tmp_path, "c")], tmp_path / "one", chroma=address, embedder=letters, replace=True)
    assert list(qa.open_index(tmp_path / "two", chroma=address, embedder=letters).pages()) == ["c.jsonl"]


def test_rebuild_with_another_embedder_takes_readers_along(address, tmp_path, letters):
    qa.build_index([page(tmp_path, "a")], tmp_path / "one", chroma=address, embedder=letters)
    others = LetterEmbedder("others")
    qa.rebuild_index(tmp_path / "one", chroma=address, embedder=others)
    assert others.papers == 3
    reader = qa.open_index(tmp_path / "two", chroma=address, embedder=LetterEmbedder("others"))
    assert len(reader.search("crab")) == 3
    with pytest.raises(qa.IndexMismatchError):
        qa.open_index(tmp_path / "three", chroma=address, embedder=letters)


def test_text_pages_keep_their_texts_for_a_rebuild_elsewhere(address, pages, tmp_path, letters):
    qa.build_index([pages], tmp_path / "one", chroma=address, embedder=letters)
    before = letters.papers
    report = qa.rebuild_index(tmp_path / "two", chroma=address, embedder=letters)
    assert report.index_papers == before
    assert same(
        qa.open_index(tmp_path / "one", chroma=address, embedder=letters),
        qa.open_index(tmp_path / "two", chroma=address, embedder=letters),
    )


def test_interrupted_build_is_taken_up_on_another_machine(address, tmp_path):
    path = page(tmp_path, "many", 100)
    with pytest.raises(KeyboardInterrupt):
        qa.build_index([path], tmp_path / "one", chroma=address, embedder=Stopping(80, interrupt))
    letters = LetterEmbedder()
    report = qa.build_index([path], tmp_path / "two", chroma=address, embedder=letters)
    assert report.index_papers == 100
    assert letters.papers == report.embedded == 36  # 64 went to the server before the interruption


def test_vectors_that_the_server_lost_meanwhile_are_sent_again(address, tmp_path):
    path = page(tmp_path, "many", 100)
    with pytest.raises(KeyboardInterrupt):
        qa.build_index([path], tmp_path / "one", chroma=address, embedder=Stopping(80, interrupt))
    server = RemoteStore(address)
    name = next(row["name"] for row in server.rest.collections("GET") if row["name"].startswith(PAPERS))
    server.rest.collections("DELETE", f"/{name}")
    assert qa.build_index([path], tmp_path / "one", chroma=address, embedder=LetterEmbedder()).embedded == 36
    assert server.papers(name, 3).count() == 100


def test_emptied_server_is_told_to_readers_and_filled_anew_by_a_writer(address, tmp_path, letters):
    path = page(tmp_path, "a")
    qa.build_index([path, page(tmp_path, "b")], tmp_path / "one", chroma=address, embedder=letters)
    server = RemoteStore(address)
    for row in server.rest.collections("GET"):
        server.rest.collections("DELETE", f"/{row['name']}")
    with pytest.raises(qa.IndexMissingError):
        qa.open_index(tmp_path / "one", chroma=address, embedder=letters)
    qa.build_index([path], tmp_path / "one", chroma=address, embedder=letters)
    assert list(qa.open_index(tmp_path / "two", chroma=address, embedder=letters).pages()) == ["a.jsonl"]


def test_nothing_that_does_not_count_stays_on_the_server(address, tmp_path, letters):
    path = page(tmp_path, "a", 5)
    qa.build_index([path, page(tmp_path, "b")], tmp_path / "one", chroma=address, embedder=letters)
    page(tmp_path, "a", 5, text="an abstract of something else")
    qa.build_index([path], tmp_path / "one", chroma=address, embedder=letters)
    qa.remove_pages(["b.jsonl"], tmp_path / "two", chroma=address, embedder=letters)
    qa.rebuild_index(tmp_path / "two", chroma=address, embedder=LetterEmbedder("others"))
    server = RemoteStore(address)
    state = server.state()
    assert [page.name for page in state.pages] == ["a.jsonl"]
    assert {row["name"] for row in server.rest.collections("GET")} == {PAGES, state.papers}
    assert server.papers(state.papers, 3).count() == 5
    assert set(Blobs(server.rest, PAGES).keys()) == {f"state-{state.stamp}", f"{state.pages[0].digest}-0"}


def test_nothing_of_the_writers_folders_goes_to_the_server(address, tmp_path, letters):
    qa.build_index([page(tmp_path, "a")], tmp_path / "one", chroma=address, embedder=letters)
    assert [page.source for page in RemoteStore(address).state().pages] == ["a.jsonl"]


def test_files_sent_from_the_page_reach_the_server(address, tmp_path, letters):
    qa.build_index([page(tmp_path, "a")], tmp_path / "one", chroma=address, embedder=letters)
    index = qa.open_index(tmp_path / "one", chroma=address, embedder=letters)
    added = add_uploads(index, [Upload(name="b.jsonl", path=page(tmp_path, "b"))])
    assert added.report is not None
    assert added.report.embedded == 3
    other = qa.open_index(tmp_path / "two", chroma=address, embedder=letters)
    assert list(other.pages()) == ["a.jsonl", "b.jsonl"]
    remove_page(index, "a.jsonl")
    until(lambda: list(other.pages()) == ["b.jsonl"])


# Folders


def test_folder_of_an_ordinary_index_is_left_alone(address, index_folder, pages):
    before = sorted(path.name for path in index_folder.iterdir())
    for attempt in (qa.open_index, lambda folder, chroma: qa.build_index([pages], folder, chroma=chroma)):
        with pytest.raises(qa.InputError, match=r"holds an index of its own.*--index"):
            attempt(index_folder, chroma=address)
    assert sorted(path.name for path in index_folder.iterdir()) == before


def test_mirror_is_neither_an_ordinary_index_nor_one_of_another_server(chroma, address, pages, tmp_path, letters):
    qa.build_index([pages], tmp_path / "mirror", chroma=address, embedder=letters)
    with pytest.raises(qa.InputError, match="--chroma"):
        qa.build_index([pages], tmp_path / "mirror", embedder=letters)
    with pytest.raises(qa.InputError, match="mirrors"):
        qa.open_index(tmp_path / "mirror", chroma=chroma.url, embedder=letters)


# Many at once


def test_readers_give_valid_answers_while_one_writes(address, tmp_path, letters):
    paths = [page(tmp_path, f"p{i}") for i in range(6)]
    qa.build_index(paths[:1], tmp_path / "writer", chroma=address, embedder=letters)
    faults, done = [], threading.Event()

    def read(folder):
        try:
            reader = qa.open_index(tmp_path / folder, chroma=address, embedder=LetterEmbedder())
            seen = 0
            while not done.is_set() or len(reader) < 18:
                hits = reader.search("crab and cabbage", 50)
                assert len(hits) >= seen
                assert len(hits) % 3 == 0
                seen = len(hits)
                assert all(hit.paper.title.endswith("cab") for hit in hits)
            reader.close()
        except BaseException as error:
            faults.append(error)

    # Two readers share one mirror, as two processes of one user do.
    readers = [threading.Thread(target=read, args=(folder,)) for folder in ("one", "two", "shared", "shared")]
    for reader in readers:
        reader.start()
    for path in paths[1:]:
        qa.build_index([path], tmp_path / "writer", chroma=address, embedder=letters)
    done.set()
    for reader in readers:
        reader.join(60)
    assert faults == []


def test_reader_that_could_not_follow_once_follows_later(chroma, tmp_path, letters):
    database, refusing = chroma.database("once"), []

    def before(method, path):
        return (401, "") if refusing and path.endswith("/get") else None

    with Door(chroma.port, before=before) as door:
        there = chroma_address(door.url, database=database)
        qa.build_index([page(tmp_path, "a")], tmp_path / "one", chroma=there, embedder=letters)
        reader = qa.open_index(tmp_path / "two", chroma=there, embedder=letters)
        qa.build_index([page(tmp_path, "b")], tmp_path / "one", chroma=there, embedder=letters)
        refusing.append(True)
        with pytest.raises(qa.InputError, match="wants a token"):
            until(lambda: len(reader) == 6)
        refusing.clear()
        until(lambda: len(reader) == 6)


class Stopping(LetterEmbedder):
    """Calls `then` before it embeds the paper of this number."""

    def __init__(self, number, then):
        super().__init__()
        self.number, self.then = number, then

    def embed_papers(self, papers):
        for block in super().embed_papers(papers):
            if self.papers == self.number:
                self.then()
            yield block


def interrupt():
    raise KeyboardInterrupt


def test_second_writer_is_told_that_another_one_writes(address, tmp_path, letters):
    begun, go_on = threading.Event(), threading.Event()

    def stop():
        begun.set()
        go_on.wait(60)

    slow = Stopping(2, stop)
    path = page(tmp_path, "a")
    writer = threading.Thread(
        target=qa.build_index, args=([path], tmp_path / "one"), kwargs={"chroma": address, "embedder": slow}
    )
    writer.start()
    assert begun.wait(60)
    try:
        with pytest.raises(qa.IndexBusyError, match="is writing"):
            qa.build_index([path], tmp_path / "two", chroma=address, embedder=letters)
    finally:
        go_on.set()
        writer.join()
    assert qa.build_index([path], tmp_path / "two", chroma=address, embedder=letters).embedded == 0


# Deaths


def test_build_goes_on_when_the_server_was_killed_and_started_again(tmp_path):
    with ChromaServer(tmp_path / "chroma") as chroma:
        started = []

        def kill():
            chroma.kill()
            started.append(threading.Timer(0.5, chroma.start))
            started[0].start()

        letters, said = Stopping(150, kill), []
        path = page(tmp_path, "many", 300)
        qa.build_index(
            [path], tmp_path / "one", chroma=chroma.url, embedder=letters,
            progress=lambda stage, done, total: said.append(stage),
        )  # fmt: skip
        started[0].join()
        assert letters.papers == 300
        assert "waiting for the Chroma server" in said
        reader = qa.open_index(tmp_path / "two", chroma=chroma.url, embedder=LetterEmbedder())
        local = tmp_path / "local"
        qa.build_index([path], local, embedder=LetterEmbedder())
        assert same(reader, qa.open_index(local, embedder=LetterEmbedder()))


def test_questions_outlive_a_restart_and_say_clearly_when_there_is_none(tmp_path, letters):
    with ChromaServer(tmp_path / "chroma") as chroma:
        qa.build_index([page(tmp_path, "a")], tmp_path / "one", chroma=chroma.url, embedder=letters)
        reader = qa.open_index(tmp_path / "two", chroma=chroma.url, embedder=letters)
        before = found(reader, "crab")
        chroma.kill()
        started = threading.Timer(0.5, chroma.start)
        started.start()
        assert found(reader, "crab") == before
        started.join()
        chroma.kill()
        with pytest.raises(qa.ServerUnavailableError, match=r"does not answer.*chroma run"):
            until(lambda: reader.search("crab") and False)
        with pytest.raises(qa.ServerUnavailableError):
            qa.open_index(tmp_path / "two", chroma=chroma.url, embedder=letters)
        chroma.start()
        assert found(reader, "crab") == before


WRITER = """
    import sys
    sys.path.insert(0, {tests!r})
    from helpers.embedders import LetterEmbedder
    import qa
    qa.build_index(sys.argv[3:], sys.argv[1], chroma=sys.argv[2], embedder=LetterEmbedder())
"""


@pytest.mark.parametrize("moment", ["before it counts", "before the mirror is written", "while it cleans up"])
def test_writer_killed_around_publishing_loses_nothing(tmp_path, moment):
    with ChromaServer(tmp_path / "chroma") as chroma:
        first, second = page(tmp_path, "first"), page(tmp_path, "second", 5)
        letters = LetterEmbedder()
        qa.build_index([first], tmp_path / "one", chroma=chroma.url, embedder=letters)
        writers = []
        pages_id = pages_collection(chroma)

        def kill(method, path):
            publishes, cleans = method == "PUT" and path.endswith(pages_id), path.endswith(f"{pages_id}/delete")
            if (publishes and moment == "before it counts") or (cleans and moment == "while it cleans up"):
                end(writers[0])
                return 503, "the writer is dead"
            return None

        def killed_after(method, path):
            if moment == "before the mirror is written" and method == "PUT" and path.endswith(pages_id):
                end(writers[0])

        with Door(chroma.port, before=kill, after=killed_after) as door:
            # The mirror is the one that wrote before, under another address.
            (tmp_path / "one" / "MIRROR").write_text(f"{chroma_address(door.url)}\n", encoding="utf-8")
            code = textwrap.dedent(WRITER.format(tests=str(TESTS)))
            writers.append(
                subprocess.Popen(
                    [sys.executable, "-c", code, tmp_path / "one", door.url, second], stderr=subprocess.PIPE
                )
            )
            _, said = writers[0].communicate(timeout=60)
            assert writers[0].returncode == -signal.SIGKILL, said
        (tmp_path / "one" / "MIRROR").write_text(f"{chroma_address(chroma.url)}\n", encoding="utf-8")
        reader = qa.open_index(tmp_path / "two", chroma=chroma.url, embedder=LetterEmbedder())
        assert len(reader) == (3 if moment == "before it counts" else 8)
        assert len(reader.search("crab", 20)) == len(reader)
        # The same machine goes on at once, and embeds nothing again.
        again = LetterEmbedder()
        report = qa.build_index([second], tmp_path / "one", chroma=chroma.url, embedder=again)
        assert (report.index_papers, again.papers) == (8, 0)
        until(lambda: len(reader) == 8)


def pages_collection(chroma):
    return str(RemoteStore(chroma_address(chroma.url)).rest.collections("GET", f"/{PAGES}")["id"])


def end(process):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


# On the command line


def qa_command(*arguments, **environment):
    own = {name: value for name, value in os.environ.items() if not name.startswith(("QA_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "qa", *map(str, arguments)], env=own | environment, capture_output=True, text=True,
        encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


def test_commands_speak_to_a_server_over_tls_with_a_token(chroma, pages, tmp_path):
    certificate = make_certificate(tmp_path)
    database = chroma.database("commands")
    with Door(chroma.port, certificate=certificate, token=TOKEN) as door:
        environment = {
            "QA_CHROMA": door.url, "QA_CHROMA_TOKEN": TOKEN, "SSL_CERT_FILE": str(certificate),
            "XDG_CACHE_HOME": str(tmp_path / "caches"),
        }  # fmt: skip
        where = ("--chroma-database", database)
        outputs = [
            qa_command("index", pages, *where, **environment),
            qa_command("search", "graph networks", *where, **environment),
            qa_command("ask", "What do graph networks train on?", *where, **environment),
            qa_command("papers", *where, **environment),
            qa_command("pages", "--json", *where, **environment),
            qa_command("doctor", *where, **environment),
            qa_command("remove", sorted(path.name for path in pages.iterdir())[0], *where, **environment),
        ]
        refused = qa_command("pages", *where, **{**environment, "QA_CHROMA_TOKEN": "another-secret"})
    assert [output.returncode in (0, 3) for output in outputs] == [True] * 7, [o.stdout + o.stderr for o in outputs]
    assert refused.returncode == 1
    assert "refuses the token" in refused.stderr
    for output in (*outputs, refused):
        assert TOKEN not in output.stdout + output.stderr
        assert "another-secret" not in output.stdout + output.stderr
    assert door.url in outputs[5].stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pages", "--chroma", "localhost:8000"), "is not the address of a Chroma server"),
        (("pages", "--chroma", "http://me:hush@localhost:8000"), "QA_CHROMA_TOKEN"),
        (("pages", "--chroma-database", "x"), "--chroma"),
    ],
)
def test_wrong_options_are_told(arguments, said, tmp_path):
    output = qa_command(*arguments, XDG_CACHE_HOME=str(tmp_path))
    assert output.returncode == 1
    assert said in output.stderr
    assert "hush" not in output.stderr


@pytest.mark.parametrize(
    ("environment", "options", "folder", "url"),
    [
        ({}, {}, "index/chroma", None),
        ({"QA_INDEX": "mine"}, {}, "mine", None),
        ({"QA_CHROMA": "http://a:1"}, {}, None, "http://a:1"),
        ({"QA_CHROMA": "http://a:1", "QA_INDEX": "mine"}, {}, None, "http://a:1"),
        ({"QA_CHROMA": "http://a:1"}, {"url": "http://b:1"}, None, "http://b:1"),
        ({"QA_CHROMA": "http://a:1"}, {"folder": "mine"}, "mine", None),
        ({"QA_CHROMA": "http://a:1"}, {"folder": "mine", "url": "http://b:1"}, "mine", "http://b:1"),
        ({"QA_CHROMA": "http://a:1"}, {"folder": "mine", "database": "d"}, "mine", "http://a:1 (database d)"),
        ({"QA_CHROMA": "http://a:1", "QA_CHROMA_TENANT": "t"}, {}, None, "http://a:1 (tenant t)"),
        ({"QA_CHROMA": " "}, {}, "index/chroma", None),
    ],
)
def test_place_of_the_index_comes_from_options_before_the_environment(environment, options, folder, url):
    found, server = index_place(environment, **options)
    assert (found and found.as_posix(), server and str(server)) == (folder, url)


def test_server_that_is_away_is_one_line(tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    output = qa_command("ask", "What is new?", "--chroma", url, XDG_CACHE_HOME=str(tmp_path))
    assert output.returncode == 1
    assert output.stderr == (
        f"qa: The Chroma server at {url} does not answer (connection refused)."
        f" Start it (chroma run --path DIR --port {url.rpartition(':')[2]}) and ask again.\n"
    )
