"""The tab Pages: files become pages, bad ones change nothing, pages leave after a question, and names stay text."""

import gzip
import json
import re
import shutil
import threading
import urllib.request
from pathlib import Path

import pytest

import qa
from helpers.page_session import DESKTOP, PHONE, axe, open_page
from qa.errors import InputError
from qa.index.versions import writing
from qa.text.cleanup import RULES
from qa.ui.pages_tab import (
    CLEANING_RULES,
    CLOSED,
    add_files,
    confirm_html,
    remove_source,
    sources_html,
    upload_html,
    uploads_of,
)
from qa.ui.uploads import (
    MAX_BYTES,
    MAX_FILES,
    AddReport,
    Change,
    RemovalPlan,
    Step,
    Upload,
    add_uploads,
    plan_removal,
    remove_page,
)

KELP = (
    "Kelp Counted from Kites\nKelp grows fast. We count it with a kite and a camera over nine bays. It errs by 3 %.\n"
)
FOG = "Fog Horns That Learn\nFog horns wake the village. Ours sounds when a ship is near. It saves 40 nights a year.\n"
HOSTILE = "<img src=x onerror=alert(1)>.txt"


@pytest.fixture
def index(pages: Path, tmp_path: Path, letters):
    """An index of the invented pages for one test, its sources still on the disk."""
    shutil.copytree(pages, tmp_path / "saved")
    qa.build_index([tmp_path / "saved"], tmp_path / "chroma", embedder=letters)
    opened = qa.open_index(tmp_path / "chroma", embedder=letters)
    opened.search("gulls")  # so that nothing is still being opened in another thread
    yield opened
    opened.close()


@pytest.fixture
def sent(tmp_path: Path):
    """Puts what a visitor sends where the server would, under a name of the server's."""

    def send(name: str, data: str | bytes, **told) -> Upload:
        place = tmp_path / "received" / str(len(list(tmp_path.glob("received/*"))))
        place.mkdir(parents=True)
        file = place / "blob"
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return Upload(name=name, path=file, **told)

    return send


def state(index: qa.Index) -> tuple[int, dict[str, int]]:
    return index.snapshot().stamp, index.pages()


def last(steps) -> tuple[str, int | None]:
    return list(steps)[-1]


# Files that become pages


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("shore.txt", KELP, id="saved page"),
        pytest.param("shore.MD", KELP, id="any case"),
        pytest.param("shore.txt.gz", gzip.compress(KELP.encode()), id="packed"),
        pytest.param("shore.csv", "title,abstract\nKelp Counted from Kites,We count kelp with a kite.\n", id="table"),
        pytest.param("shore.tsv", "title\tabstract\nKelp Counted from Kites\tWe count it.\n", id="tabs"),
        pytest.param("shore.json", '[{"title": "Kelp Counted from Kites", "abstract": "We do."}]', id="array"),
    ],
)
def test_papers_of_a_file_are_found_without_a_restart(index, sent, name, data):
    upload = sent(name, data)
    added = add_uploads(index, [upload])
    assert added.skipped == ()
    assert added.report
    assert (added.report.pages, added.report.embedded) == ((name,), 1)
    assert index.pages()[name] == 1
    assert "Kelp Counted from Kites" in [hit.paper.title for hit in index.search("kelp kites", k=20)]
    assert upload.path
    assert not upload.path.exists()


def test_good_lines_count_and_bad_ones_are_listed(index, sent):
    lines = ['{"title": "Kelp", "abstract": "We count kelp."}', "{broken", '{"title": "Fog"}']
    added = add_uploads(index, [sent("shore.jsonl", "\n".join(lines))])
    assert added.report
    assert added.report.listings == 1
    assert [skip.where for skip in added.skipped] == ["shore.jsonl, line 2", "shore.jsonl, line 3"]


@pytest.mark.parametrize(
    ("name", "data", "told", "reason"),
    [
        pytest.param("a.txt", b"\x00\x01" * 40, {}, "a binary file", id="binary"),
        pytest.param("a.txt", b"%PDF-1.7 title", {}, "a binary file", id="pdf in disguise"),
        pytest.param("a.txt", "", {}, "is empty", id="empty"),
        pytest.param("a.txt", "Ärger".encode("latin-1"), {}, "not UTF-8", id="other encoding"),
        pytest.param("a.pdf", KELP, {}, "not a page by its name", id="wrong type"),
        pytest.param("a.gz", gzip.compress(KELP.encode()), {}, "not a page by its name", id="packed without a type"),
        pytest.param("a.txt", KELP, {"size": MAX_BYTES + 1}, "larger than 32 MB", id="too large, never sent whole"),
        pytest.param("a.txt", b" " * (MAX_BYTES + 1), {}, "larger than 32 MB", id="too large for the server"),
        pytest.param("a.txt", "Only a title\n", {}, "a title without an abstract", id="no papers"),
        pytest.param("a.jsonl", "{broken\n", {}, "invalid JSON", id="no good line"),
        pytest.param("a.csv", "name;price\nkelp;3\n", {}, "no column called abstract", id="another table"),
        pytest.param("a.txt.gz", b"\x1f\x8b\x08 oops", {}, "cannot be unpacked", id="damaged"),
        pytest.param("a.txt.gz", gzip.compress(KELP.encode())[:-9], {}, "cannot be unpacked", id="cut off"),
        pytest.param(" ", KELP, {}, "has no name", id="no name"),
        pytest.param("a" * 300 + ".txt", KELP, {}, "its name has 304 characters", id="very long name"),
        pytest.param("a\x1b[2J.txt", KELP, {}, "cannot be shown", id="control character"),
        pytest.param("a\ud800.txt", KELP, {}, "cannot be shown", id="half a character"),
    ],
)
def test_bad_file_changes_nothing_and_is_told(index, sent, tmp_path, name, data, told, reason):
    before = state(index)
    upload = sent(name, data, **told)
    added = add_uploads(index, [upload])
    assert added.report is None
    assert len(added.skipped) == 1
    assert reason in added.skipped[0].why
    assert len(added.skipped[0].where) < 230
    assert state(index) == before
    assert upload.path
    assert not upload.path.exists()
    html = upload_html(added=added)
    assert "Nothing was added. The index is unchanged." in html
    assert str(tmp_path) not in html
    assert "blob" not in html


def test_file_that_did_not_arrive_is_told(index):
    [skip] = add_uploads(index, [Upload(name="a.txt", path=None)]).skipped
    assert skip == ("a.txt", "the file did not arrive: send it once more")


def test_bad_file_does_not_keep_the_good_one_back(index, sent):
    added = add_uploads(index, [sent("a.txt", b"\x00"), sent("b.txt", KELP), sent("c.pdf", KELP)])
    assert added.report
    assert added.report.pages == ("b.txt",)
    assert [skip.where for skip in added.skipped] == ["a.txt", "c.pdf"]
    assert "b.txt" in index.pages()
    assert "a.txt" not in index.pages()


def test_files_beyond_the_limit_are_left_out(index, sent):
    files = [sent(f"{i}.txt", KELP) for i in range(MAX_FILES + 1)]
    added = add_uploads(index, files)
    assert added.report
    assert len(added.report.pages) == MAX_FILES
    assert [(skip.where, "at once" in skip.why) for skip in added.skipped] == [("20.txt", True)]


# Names


def test_page_of_a_known_name_is_left_out_unless_it_is_to_be_replaced(index, sent):
    before = state(index)
    added = add_uploads(index, [sent("kitchen.txt", KELP)])
    assert added.report is None
    assert "Replace files of the same name" in added.skipped[0].why
    assert state(index) == before

    added = add_uploads(index, [sent("kitchen.txt", KELP)], replacing=True)
    assert added.report
    assert added.replaced == ("kitchen.txt",)
    assert index.pages() == {**before[1], "kitchen.txt": 1}
    assert list(index.pages()) == list(before[1])
    assert "1 page replaced" in upload_html(added=added)


def test_page_that_was_sent_is_replaced_by_one_that_is_sent_later(index, sent):
    add_uploads(index, [sent("shore.txt", KELP)])
    add_uploads(index, [sent("shore.txt", FOG + KELP)], replacing=True)
    assert index.pages()["shore.txt"] == 2


def test_page_that_was_sent_gives_way_to_a_file_that_is_indexed_under_its_name(index, sent, tmp_path, letters):
    add_uploads(index, [sent("shore.txt", KELP)])
    (tmp_path / "shore.txt").write_text(KELP + FOG)
    qa.build_index([tmp_path / "shore.txt"], index.folder, embedder=letters)
    assert index.pages()["shore.txt"] == 2


@pytest.mark.parametrize("replacing", [False, True])
def test_page_that_the_index_has_word_for_word_is_not_read_again(index, sent, pages, replacing):
    before = state(index)
    added = add_uploads(index, [sent("kitchen.txt", (pages / "kitchen.txt").read_bytes())], replacing=replacing)
    assert added.report is None
    assert added.skipped == (("kitchen.txt", "the index already has this file"),)
    assert state(index) == before


@pytest.mark.parametrize("replacing", [False, True])
def test_second_of_two_files_of_one_name_is_left_out(index, sent, replacing):
    added = add_uploads(index, [sent("a.txt", KELP), sent("a.txt", FOG)], replacing=replacing)
    assert added.report
    assert added.report.listings == 1
    assert added.skipped == (("a.txt", "another file of this name was sent with it: rename one of them"),)


@pytest.mark.parametrize(
    "name",
    [HOSTILE, "../../x.txt", "/etc/passwd.txt", "C:\\x.txt", "a\u202etxt.csv.txt", "{{7*7}}.txt", "d'ou\"x & y.txt"],
)
def test_name_is_text_and_never_a_path(index, sent, name, tmp_path):
    before = sorted(tmp_path.rglob("*.txt"))
    added = add_uploads(index, [sent(name, KELP)])
    assert added.report
    assert added.report.pages == (name,)
    assert name in index.pages()
    assert sorted(tmp_path.rglob("*.txt")) == before
    for html in (upload_html(added=added), sources_html(index, may_change=True), confirm_html(index, name)):
        assert "<img" not in html
        assert "\u202e" not in html
    assert remove_page(index, name)[0] == RemovalPlan(page=name, papers=1, kept=0)
    assert name not in index.pages()


def test_paths_of_an_event_are_read_only_where_files_are_received(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "received"))
    good = tmp_path / "received" / "0" / "a.txt"
    good.parent.mkdir(parents=True)
    good.write_text(KELP)
    (tmp_path / "secret.txt").write_text(FOG)
    (tmp_path / "received" / "link.txt").symlink_to(tmp_path / "secret.txt")
    paths = [
        str(good),
        str(tmp_path / "secret.txt"),
        str(tmp_path / "received" / ".." / "secret.txt"),
        str(tmp_path / "received" / "link.txt"),
        str(tmp_path / "received"),
        "",
        "a\0b",
        None,
        7,
    ]
    found = uploads_of(Event(files=[{"name": "a.txt", "path": path, "size": 1} for path in paths]))
    assert [upload.path for upload in found] == [good, *[None] * 8]


class Event:
    """What a browser, or somebody who plays one, tells."""

    def __init__(self, **told) -> None:
        self.__dict__.update(told)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        pytest.param(None, [], id="nothing"),
        pytest.param("a.txt", [], id="no list"),
        pytest.param([None, 3, {}], ["", "", ""], id="no files"),
        pytest.param([{"name": ["a"], "path": {}, "size": "9"}], [""], id="other types"),
    ],
)
def test_malformed_event_names_no_file(index, files, names):
    found = uploads_of(Event(files=files))
    assert [upload.name for upload in found] == names
    before = state(index)
    assert "Nothing was added" in last(add_files(index, found, replacing=False))[0]
    assert state(index) == before


# While it goes on


class SlowLetters:
    """The embedder of the index, which waits before each paper until it is told to go on, or raises."""

    def __init__(self, letters, error: Exception | None = None) -> None:
        self.name, self.dimension = letters.name, letters.dimension
        self.go, self.error, self._letters = threading.Event(), error, letters

    def embed_question(self, question):
        return self._letters.embed_question(question)

    def embed_papers(self, papers):
        for vectors in self._letters.embed_papers(papers):
            assert self.go.wait(30)
            if self.error:
                raise self.error
            yield vectors


@pytest.fixture
def slow(index, letters):
    """The index, opened with an embedder that waits."""
    opened = qa.open_index(index.folder, embedder=SlowLetters(letters))
    opened.search("gulls")
    yield opened
    opened.close()


def until_done(index: qa.Index) -> None:
    """Waits for a change of the index in another thread."""
    for thread in threading.enumerate():
        if thread.name == "change":
            thread.join(30)
    index.snapshot()


def test_progress_is_shown_until_the_report(index, slow, sent):
    steps = add_files(slow, [sent("shore.txt", KELP + FOG)], replacing=False)
    html, stamp = next(steps)
    assert "<progress" in html
    assert "<fieldset disabled>" in html
    assert stamp is None
    assert "shore.txt" not in index.pages()
    slow.embedder.go.set()
    html, stamp = last(steps)
    assert "1 page added" in html
    assert "<progress" not in html
    assert "disabled" not in html
    assert stamp == index.snapshot().stamp


def test_change_goes_on_when_nobody_watches(index, slow, sent):
    steps = add_files(slow, [sent("shore.txt", KELP)], replacing=False)
    next(steps)
    steps.close()
    slow.embedder.go.set()
    until_done(index)
    assert "shore.txt" in index.pages()


def test_change_that_breaks_off_leaves_the_index_whole(index, slow, sent):
    before = state(index)
    slow.embedder.error = MemoryError("no room at /srv/secret")
    slow.embedder.go.set()
    html, stamp = last(add_files(slow, [sent("shore.txt", KELP)], replacing=False))
    assert stamp is None
    assert 'role="alert"' in html
    assert "secret" not in html
    assert "Traceback" not in html
    assert state(index) == before
    assert last(add_files(index, [sent("shore.txt", KELP)], replacing=False))[1]
    assert "shore.txt" in index.pages()


def test_another_build_is_told_in_place_and_without_the_path(index, sent, tmp_path):
    with writing(index.folder):
        html, stamp = last(add_files(index, [sent("shore.txt", KELP)], replacing=False))
        gone, _ = last(remove_source(index, "kitchen.txt"))
    for told in (html, gone):
        assert "Another process is building the index in chroma. Wait until it is done, then try again." in told
        assert str(tmp_path) not in told
    assert stamp is None
    assert "kitchen.txt" in index.pages()


def test_steps_are_given_once_each():
    go = threading.Event()

    def work(progress):
        progress("embedding", 1, 4)
        assert go.wait(30)
        return "done"

    change = Change(work)
    steps = change.steps()
    assert next(step for step in steps if step.doing) == Step(doing="embedding", done=1, total=4)
    go.set()
    assert (list(steps), change.result()) == ([], "done")


@pytest.mark.parametrize(
    ("step", "said", "bar"),
    [
        pytest.param(Step(doing="embedding", done=33, total=64), "Embedding the papers, 50 % …", 'max="64" value="33"', id="counted"),
        pytest.param(Step(doing="reading papers"), "Reading the papers …", "", id="not counted"),
        pytest.param(Step(doing="writing", done=0, total=1), "Writing the index …", 'max="1" value="0"', id="one step"),
    ],
)  # fmt: skip
def test_step_is_said_in_words_and_drawn(step, said, bar):
    html = upload_html(step=step)
    assert f'role="status">{said}</p>' in html
    assert f'<progress aria-labelledby="adding-head"{" " * bool(bar)}{bar}>' in html


# The report


def test_every_rule_of_mending_has_plain_words():
    assert {name for name, *_ in RULES} == set(CLEANING_RULES)


def test_report_says_what_was_merged_mended_and_left_out(index, sent):
    scarred = FOG.replace("40 nights", "40\\% of nights")
    html = upload_html(
        added=add_uploads(index, [sent("a.txt", KELP + scarred), sent("b.txt", KELP), sent("c.txt", "")])
    )
    told = " ".join(html.split())
    assert "<h3>2 pages added</h3>" in told
    for name, value in (
        ("entries read", "3"),
        ("papers in them", "2"),
        ("duplicates merged", "1"),
        ("new to the index", "2"),
        ("cleaned up", "1"),
        ("skipped", "1"),
        ("in the index now", "10 papers from 6 files"),
    ):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in told
    assert 'LaTeX escapes undone <span class="soft">1×</span>' in told
    assert "<bdi>c.txt</bdi>: the file is empty: save the page again" in told


def test_hostile_text_in_a_report_is_text():
    html = upload_html(
        added=AddReport(report=None, skipped=(("<script>x</script>, line 1", "a title (<b>so</b>)\x1b[2J"),))
    )
    assert "<script" not in html
    assert "<b>" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;x&lt;/script&gt;, line 1" in html


# Pages that leave


def test_question_says_how_many_papers_would_leave_and_stay(index, sent):
    assert plan_removal(index, "kitchen.txt") == RemovalPlan(page="kitchen.txt", papers=2, kept=1)
    before = state(index)
    told = " ".join(confirm_html(index, "kitchen.txt").split())
    assert (
        "Remove this file? 2 papers would leave the index; 1 paper would stay, because another file lists it." in told
    )
    assert told.count("pages-danger") == 1
    assert state(index) == before


def test_page_leaves_with_the_papers_that_no_other_page_lists(index):
    html, stamp = last(remove_source(index, "kitchen.txt"))
    told = " ".join(html.split())
    assert "<bdi>kitchen.txt</bdi> was removed with 2 papers. 1 paper is kept" in told
    assert stamp == index.snapshot().stamp
    assert "kitchen.txt" not in index.pages()
    titles = [paper.title for paper in index.papers()]
    assert "Counting Gulls from the Air without Labels" in titles
    assert not any(title.startswith("DoughGraph") for title in titles)


def test_last_page_may_leave(index):
    for page in index.pages():
        last(remove_source(index, page))
    assert (index.pages(), len(index)) == ({}, 0)
    assert "The index has no files." in sources_html(index, may_change=True)


@pytest.mark.parametrize("page", ["", "no such page", "../kitchen.txt", "<b>x</b>"])
def test_unknown_page_is_told_and_nothing_leaves(index, page):
    before = state(index)
    for html in (confirm_html(index, page), last(remove_source(index, page))[0]):
        assert 'role="alert"' in html
        assert "has no page" in html
        assert "<b>x" not in html
    assert state(index) == before
    with pytest.raises(InputError):
        plan_removal(index, page)


def test_list_of_an_index_that_is_gone_is_one_sentence(index, tmp_path):
    shutil.rmtree(tmp_path / "chroma")
    html = sources_html(index, may_change=True)
    assert html.count('role="alert"') == 1
    assert str(tmp_path) not in html


# Where visitors may not change it


def test_closed_tab_lists_the_pages_and_says_what_to_do(index):
    html = sources_html(index, may_change=False)
    assert "kitchen.txt" in html
    assert "<button" not in html
    closed = upload_html(may_change=False)
    assert CLOSED in closed
    assert "<input" not in closed


def events(address: str) -> dict[int, list[str]]:
    """The events that the server has, by number, and what each hangs on."""
    with urllib.request.urlopen(f"{address}config") as answer:
        return {event["id"]: [name for _, name in event["targets"]] for event in json.load(answer)["dependencies"]}


@pytest.fixture
def page_of(index):
    """Serves the tab alone."""
    import gradio as gr

    from qa.ui.pages_tab import sources_tab
    from qa.ui.server import launch_page
    from qa.ui.sockets import listen

    opened = []

    def serve(**options):
        with gr.Blocks() as demo, gr.Tabs(), gr.Tab("Sources"):
            sources_tab(index, **options)
        page = launch_page(demo, listen(port=0))
        opened.append(page)
        return page

    yield serve
    for page in opened:
        page.close()


def test_server_of_a_closed_tab_has_no_event_that_could_change_the_index(page_of):
    assert list(events(page_of(may_change=False).address).values()) == [["select"]]
    assert sorted(events(page_of(may_change=True).address).values()) == [
        ["clear"], ["delete"], ["select"], ["select"], ["upload"],
    ]  # fmt: skip


# In a browser


@pytest.fixture
def open_tab(page_of, browser_page):
    """Opens the tab alone, with its pages shown as they are now and not only as they were when the page was built."""
    from contextlib import contextmanager

    @contextmanager
    def opened(page, **options):
        with browser_page(page.address, ready=False, **options) as tab:
            with urllib.request.urlopen(f"{page.address}config") as answer:
                built = re.search(r'pages-listed.{2,4}data-turn=."(\w+)', answer.read().decode())
            assert built
            tab.locator(f".pages-listed:not([data-turn='{built[1]}'])").wait_for()
            yield tab

    return opened


def a_file(name: str, data: str | bytes) -> dict:
    return {"name": name, "mimeType": "text/plain", "buffer": data.encode() if isinstance(data, str) else data}


def send(tab, *files) -> None:
    """Sends files as a visitor does, and waits for what the server says of them."""
    turn = tab.locator(".pages-adding").get_attribute("data-turn")
    tab.get_by_label("Choose files").set_input_files(list(files))
    tab.wait_for_function(
        "turn => { const at = document.querySelector('.pages-adding'); return at.dataset.turn !== turn"
        " && at.querySelector('.pages-news > :not(.pages-said):not(progress):not(.pages-counted)'); }",
        arg=turn,
    )


def test_dropped_pages_are_in_every_tab_without_a_restart(index_folder, tmp_path, browser_page):
    folder = tmp_path / "chroma"
    shutil.copytree(index_folder, folder)
    index = qa.open_index(folder)
    assistant = qa.Assistant(index)
    assert "Kelp" not in assistant.ask("How many bays of kelp are counted with a kite?").text
    with open_page(assistant) as page, browser_page(page.address) as tab, browser_page(page.address) as other:
        tab.get_by_role("tab", name="Sources").click()
        send(tab, a_file("shore.txt", KELP), a_file("fog.md", FOG), a_file("bad.pdf", b"%PDF"))
        report = tab.locator(".pages-report")
        assert report.get_by_role("heading").inner_text() == "2 pages added"
        assert "bad.pdf: not a page by its name" in report.inner_text()
        assert "shore.txt" in tab.locator(".pages-listed").inner_text()
        for visitor in (tab, other):
            visitor.get_by_role("tab", name="Papers").click()
            visitor.get_by_text("Kelp Counted from Kites").first.wait_for()
        other.get_by_role("tab", name="Sources").click()
        other.locator(".pages-listed").get_by_text("shore.txt").wait_for()
    assert "nine bays" in assistant.ask("How many bays of kelp are counted with a kite?").text
    index.close()


def test_bad_files_are_told_in_place_and_nothing_changes(index, page_of, open_tab, tmp_path):
    before = state(index)
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with open_tab(page_of(may_change=True)) as tab:
        uploads = []
        tab.on("request", lambda request: uploads.append(request.url) if "/upload" in request.url else None)
        tab.get_by_label("Choose files").set_input_files(str(large))
        tab.get_by_text("large.txt: larger than 32 MB: split the file").wait_for()
        assert uploads == []
        send(tab, a_file("empty.txt", ""), a_file("damaged.txt.gz", b"\x1f\x8b\x08"), a_file("binary.txt", b"\0\1"))
        assert tab.get_by_role("alert").inner_text() == "Nothing was added. The index is unchanged."
        told = tab.locator(".pages-left-out").inner_text()
        for name in ("empty.txt: ", "damaged.txt.gz: ", "binary.txt: "):
            assert name in told
        assert str(tmp_path) not in tab.content()
        assert tab.get_by_label("Choose files").is_enabled()
    assert state(index) == before


def test_page_of_a_known_name_is_replaced_where_the_box_is_ticked(index, page_of, open_tab):
    with open_tab(page_of(may_change=True)) as tab:
        send(tab, a_file("kitchen.txt", KELP))
        assert "the index has a file of this name" in tab.locator(".pages-report").inner_text()
        assert index.pages()["kitchen.txt"] == 3
        tab.get_by_label("Replace files of the same name").check()
        send(tab, a_file("kitchen.txt", KELP))
        assert tab.locator(".pages-report").get_by_role("heading").inner_text() == "1 page replaced"
        assert "1 entry" in tab.get_by_role("listitem").filter(has_text="kitchen.txt").last.inner_text()
    assert index.pages()["kitchen.txt"] == 1


def test_files_may_be_dropped(index, page_of, open_tab):
    with open_tab(page_of(may_change=True)) as tab:
        drop = """([kind, name, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name));
            const event = new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
            document.querySelector('.pages-drop').dispatchEvent(event);
            return [event.defaultPrevented, document.querySelector('.pages-over') !== null];
        }"""
        assert tab.evaluate(drop, ["dragover", "shore.txt", KELP]) == [True, True]
        assert tab.evaluate(drop, ["drop", "shore.txt", KELP]) == [True, False]
        tab.get_by_role("heading", name="1 page added").wait_for()
    assert "shore.txt" in index.pages()


def test_page_is_removed_with_the_keyboard_after_a_question(index, page_of, open_tab):
    with open_tab(page_of(may_change=True)) as tab:
        focus = "document.activeElement.innerText"
        tab.get_by_role("button", name="Remove kitchen.txt").focus()
        tab.keyboard.press("Enter")
        tab.wait_for_function(f"{focus} === 'Cancel'")
        assert "2 papers would leave the index; 1 paper would stay" in tab.get_by_role("group").last.inner_text()
        tab.keyboard.press("Enter")
        tab.wait_for_function(f"{focus} === 'Remove'")
        assert "kitchen.txt" in index.pages()
        tab.keyboard.press("Enter")
        tab.wait_for_function(f"{focus} === 'Cancel'")
        tab.keyboard.press("Shift+Tab")
        tab.keyboard.press("Space")
        tab.wait_for_function(f"{focus}.startsWith('kitchen.txt was removed with 2 papers.')")
        assert tab.get_by_role("button", name="Remove kitchen.txt").count() == 0
    assert "kitchen.txt" not in index.pages()


def test_files_are_chosen_and_the_box_ticked_with_the_keyboard(page_of, open_tab):
    with open_tab(page_of(may_change=True)) as tab:
        tab.get_by_label("Choose files").focus()
        assert tab.evaluate("getComputedStyle(document.querySelector('.pages-drop label')).outlineStyle") == "solid"
        tab.evaluate("document.activeElement.onclick = () => { window.asked = true; return false; }")
        tab.keyboard.press("Enter")
        tab.wait_for_function("window.asked")
        tab.keyboard.press("Tab")
        tab.keyboard.press("Space")
        assert tab.get_by_label("Replace files of the same name").is_checked()
        send(tab, a_file("shore.txt", KELP))
        assert tab.evaluate("document.activeElement.innerText").startswith("1 page added")


def test_hostile_names_are_text(index, page_of, open_tab):
    name = "<img src=x onerror=alert(1)>\u202e.jsonl"
    with open_tab(page_of(may_change=True), size=PHONE) as tab:
        tab.on("dialog", lambda dialog: pytest.fail(dialog.message))
        send(tab, a_file(name, '{"title": "<b>Kelp</b>", "abstract": "<script>alert(2)</script> We count."}\n{bad'))
        assert "<img src=x onerror=alert(1)>\\u202e.jsonl, line 2" in tab.locator(".pages-report").inner_text()
        assert tab.locator(".pages img, .pages script, .pages b").count() == 0
        tab.get_by_role("button", name="Remove <img").click()
        tab.get_by_role("button", name="Remove", exact=True).and_(tab.locator(".pages-danger")).click()
        tab.get_by_text("was removed with 1 paper.").wait_for()
    assert name not in index.pages()


def test_two_visitors_may_send_at_once(index, page_of, open_tab):
    page = page_of(may_change=True)
    with open_tab(page) as one, open_tab(page) as other:
        one.get_by_label("Choose files").set_input_files([a_file("one.txt", KELP)])
        other.get_by_label("Choose files").set_input_files([a_file("other.txt", FOG)])
        for tab in (one, other):
            tab.get_by_role("heading", name="1 page added").wait_for()
    assert {"one.txt", "other.txt"} <= set(index.pages())


def test_progress_is_drawn_while_papers_are_embedded(slow, sent, browser_page):
    import gradio as gr

    from qa.ui.pages_tab import sources_tab
    from qa.ui.server import launch_page
    from qa.ui.sockets import listen

    with gr.Blocks() as demo, gr.Tabs(), gr.Tab("Sources"):
        sources_tab(slow, may_change=True)
    with launch_page(demo, listen(port=0)) as page, browser_page(page.address, ready=False) as tab:
        tab.get_by_label("Choose files").set_input_files([a_file("shore.txt", KELP + FOG)])
        tab.get_by_role("progressbar").wait_for()
        assert tab.get_by_label("Choose files").is_disabled()
        assert tab.get_by_role("status").first.inner_text() == "Reading the papers …"
        slow.embedder.go.set()
        tab.get_by_role("heading", name="1 page added").wait_for()
        assert tab.get_by_role("progressbar").count() == 0
        assert tab.get_by_label("Choose files").is_enabled()


def test_closed_tab_has_no_way_in(index, page_of, open_tab):
    with open_tab(page_of(may_change=False)) as tab:
        assert tab.get_by_text(CLOSED).is_visible()
        assert tab.locator(".pages input, .pages button").count() == 0
        assert "kitchen.txt" in tab.locator(".pages-listed").inner_text()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_tab_is_accessible_and_fits(page_of, open_tab, size, dark):
    with open_tab(page_of(may_change=True), size=size, dark=dark) as tab:
        assert axe(tab, ".pages-tab") == []
        send(tab, a_file("w" * 150 + ".txt", KELP), a_file("kitchen.txt", KELP), a_file("a.txt", b"\0"))
        tab.get_by_role("button", name="Remove kitchen.txt").click()
        tab.get_by_role("button", name="Cancel").wait_for()
        assert axe(tab, ".pages-tab") == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]
        send(tab, a_file("a.txt", b"\0"))
        assert axe(tab, ".pages-tab") == []
