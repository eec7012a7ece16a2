"""Reading pages: both layouts of text, records of either form, and a word for everything that was left out."""

import gzip
import hashlib
import json
import tracemalloc
from pathlib import Path

import pytest

from qa.documents import Skip, SourceFile, find_files, parse_source, read_source, read_sources
from qa.documents.files import short_names
from qa.documents.pages import MAX_FILE_BYTES, MAX_LISTED_FAULTS
from qa.documents.paper import Entry, title_key
from qa.documents.records import LINE_LENGTH
from qa.errors import InputError

GULLS = ("Gulls on Flat Roofs", "Gulls nest on flat roofs. We count them twice a week.")
TIDES = ("Tides in a Small Bay", "The bay fills and empties. We measure 4 gauges for a year.")
THRUSHES = ("Thrushes by Night", "Thrushes lose their way near bright roads. We count them at 18 towers.")
LONG_TALE = (
    "The keeper of the light wrote down each ship that came by, and we read all of his books "
    "to learn how the trade of the bay went down."
)


def papers(page: SourceFile | Skip) -> list[tuple[str, str]]:
    assert isinstance(page, SourceFile), page
    return [(listing.title, listing.abstract) for listing in page.listings()]


def text_page(text: str, name: str = "bay.txt") -> SourceFile | Skip:
    return read_source(text.encode(), name=name)


def record(paper: tuple[str, str], **others) -> str:
    return json.dumps({"title": paper[0], "abstract": paper[1], **others}, ensure_ascii=False)


# Text


@pytest.mark.parametrize(
    "end", [pytest.param("\n", id="LF"), pytest.param("\r\n", id="CRLF"), pytest.param("\r", id="CR")]
)
@pytest.mark.parametrize("gap", [pytest.param(1, id="no blank lines"), pytest.param(2, id="blank lines")])
@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="no header"),
        pytest.param("Get trending papers in your email inbox!", id="the site's header"),
        pytest.param("Daily Papers|Subscribe|new|Jan 5", id="several lines of it"),
    ],
)
def test_both_layouts_are_read_under_any_header(header, gap, end):
    lines = [line for line in header.split("|") if line] + [*GULLS, *TIDES]
    page = text_page((end * gap).join(lines))
    assert papers(page) == [GULLS, TIDES]
    assert page.skipped == ()


def test_header_in_words_of_its_own_is_named_and_left_out(pages):
    [page] = read_sources([pages / "harbour.txt"])
    assert [title for title, _ in papers(page)] == [
        "TideNet: Forecasting Harbour Water Levels with Sparse Gauges",
        "Counting Gulls from the Air without Labels",
        "Quiet Motors: Learning to Steer Ferries with Less Noise",
    ]
    assert page.skipped == (
        Skip("harbour.txt, line 1", "a header, or a title without an abstract (Trending papers, saved on a Tuesday)"),
    )


def test_title_glued_to_subscribe_is_cut_free(pages):
    [page] = read_sources([pages / "kitchen.txt"])
    assert papers(page)[0][0] == "DoughGraph: Graph Neural Networks for Bread Fermentation"
    assert page.skipped == ()


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("Subscribe or Leave: Gulls as Readers", id="followed by a blank"),
        pytest.param("Subscribers of the Bay", id="a longer word"),
        pytest.param("New Roofs for Old Gulls", id="new"),
        pytest.param("What Do Gulls Want?", id="a question"),
        pytest.param("gullfind counts gulls", id="lower case"),
        pytest.param("12 Gauges", id="a figure in front"),
    ],
)
def test_title_that_looks_like_the_site_s_words_is_kept(title):
    assert papers(text_page(f"{title}\n{GULLS[1]}\n")) == [(title, GULLS[1])]


def test_abstract_longer_than_any_title_needs_no_full_stop():
    unclosed = " ".join([LONG_TALE] * 3).rstrip(".") + ", see https://example.org/a"
    assert papers(text_page(f"Ships in Old Books\n{unclosed}\n{GULLS[0]}\n{GULLS[1]}")) == [
        ("Ships in Old Books", unclosed),
        GULLS,
    ]


def test_byte_order_mark_is_no_part_of_the_title():
    assert papers(read_source(b"\xef\xbb\xbf" + "\n".join(GULLS).encode(), name="bay.txt")) == [GULLS]


@pytest.mark.parametrize(
    ("lines", "skip"),
    [
        pytest.param(
            [*GULLS, "Terns", *TIDES],
            Skip("bay.txt, line 3", "a title without an abstract (Terns): put its abstract on the next line"),
            id="title without abstract, in the middle",
        ),
        pytest.param(
            [*GULLS, *TIDES, "Terns"],
            Skip("bay.txt, line 5", "a title without an abstract (Terns): put its abstract on the next line"),
            id="title without abstract, at the end",
        ),
        pytest.param(
            ["Terns", *GULLS, *TIDES],
            Skip("bay.txt, line 1", "a header, or a title without an abstract (Terns)"),
            id="title without abstract, or a header",
        ),
        pytest.param(
            [*GULLS, LONG_TALE, *TIDES],
            Skip(
                "bay.txt, line 3",
                "an abstract without a title (The keeper of the light wrote down each ship that came by,…): "
                "put its title on the line before",
            ),
            id="abstract without title",
        ),
        pytest.param(
            [*GULLS, "tide " * 20_000, *TIDES],
            Skip("bay.txt, line 3", "one line of 99,999 characters: put each title and abstract on a line of its own"),
            id="one enormous line",
        ),
    ],
)
def test_fault_of_a_text_page_is_named_and_the_rest_is_read(lines, skip):
    page = text_page("\n".join(lines))
    assert papers(page) == [GULLS, TIDES]
    assert page.skipped == (skip,)


# Records


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"title": GULLS[0], "abstract": GULLS[1]}, id="title and abstract"),
        pytest.param({"Paper Title": GULLS[0], "Summary": GULLS[1]}, id="capitals and a blank"),
        pytest.param({"name": GULLS[0], "text": GULLS[1]}, id="name and text"),
        pytest.param({"paper-title": GULLS[0], "description": GULLS[1]}, id="a hyphen"),
        pytest.param(
            {"summary": "Short.", "abstract": GULLS[1], "name": "gulls", "title": GULLS[0]}, id="the better name wins"
        ),
        pytest.param(
            {"title": f"  {GULLS[0]} ", "abstract": "", "summary": GULLS[1]}, id="an empty field is passed over"
        ),
    ],
)
def test_fields_are_found_under_other_names(fields):
    page = read_source(json.dumps(fields).encode(), name="bay.jsonl")
    assert papers(page) == [GULLS]
    assert page.skipped == ()


def test_id_link_and_date_are_read():
    line = record(GULLS, arXiv_ID="2401.1", pdf_url="https://example.org/1.pdf", year=2024)
    [listing] = read_source(line.encode(), name="bay.jsonl").listings()
    assert (listing.given_id, listing.url, listing.date) == ("2401.1", "https://example.org/1.pdf", "2024")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param(
            '{"title": ',
            "invalid JSON (Expecting value): correct or remove the line",
            id="broken",
        ),
        pytest.param(
            '{"title": "Te',
            "invalid JSON (Unterminated string starting at): correct or remove the line",
            id="broken within a text",
        ),
        pytest.param("[" * 100_000, "invalid JSON (not JSON): correct or remove the line", id="nested without end"),
        pytest.param('["a", "b"]', 'not a JSON object: write {"title": "…", "abstract": "…"}', id="a list"),
        pytest.param(
            '{"title": "Terns"}', "a record with no abstract: add the field or remove the record", id="no abstract"
        ),
        pytest.param(
            '{"abstract": "They fly."}', "a record with no title: add the field or remove the record", id="no title"
        ),
        pytest.param(
            '{"title": " ", "abstract": null}',
            "a record with no title and no abstract: add the field or remove the record",
            id="neither",
        ),
        pytest.param(
            '{"title": ["Terns"], "abstract": "They fly."}',
            "a record with no title: add the field or remove the record",
            id="a title that is not a text",
        ),
        pytest.param(
            record(("Terns", "tide " * 20_000)),
            "a record of 100,004 characters: an abstract has up to 30,000, a title up to 1,000",
            id="one enormous line",
        ),
    ],
)
def test_fault_of_a_json_line_is_named_and_the_rest_is_read(line, why):
    page = read_source("\n".join([record(GULLS), line, "", record(TIDES)]).encode(), name="bay.jsonl")
    assert papers(page) == [GULLS, TIDES]
    assert page.skipped == (Skip("bay.jsonl, line 2", why),)


@pytest.mark.parametrize(
    "separator",
    [
        pytest.param("\u2028", id="line separator"),
        pytest.param("\x85", id="next line"),
        pytest.param("\u2029", id="paragraph"),
    ],
)
def test_json_line_ends_only_at_a_line_feed(separator):
    paper = ("Terns", f"Terns fly.{separator}They fly far.")
    page = read_source(f"{record(paper)}\n{record(GULLS)}\n".encode(), name="bay.jsonl")
    assert papers(page) == [paper, GULLS]


def test_half_a_character_does_not_leave_the_reader():
    """JSON may escape one half of a pair; nothing that cannot be written as UTF-8 goes on into the index."""
    page = read_source(rb'{"title": "A \ud83d Tide", "abstract": "Terns \ud83d fly."}', name="bay.jsonl")
    assert [(title.encode(), abstract.encode()) for title, abstract in papers(page)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("bay.csv", f"title,abstract\n{GULLS[0]},{GULLS[1]}\n", id="comma"),
        pytest.param("bay.csv", f"Title;Summary\n{GULLS[0]};{GULLS[1]}\n", id="semicolon"),
        pytest.param("bay.tsv", f"title\tabstract\n{GULLS[0]}\t{GULLS[1]}\n", id="tab"),
        pytest.param("bay.csv", f'"title";"abstract"\r\n"{GULLS[0]}";"{GULLS[1]}"\r\n', id="quotes and CRLF"),
        pytest.param("bay.csv", f"id,abstract,title,year\n7,{GULLS[1]},{GULLS[0]},2024\n", id="other columns"),
        pytest.param("bay.csv", f"\ufefftitle,abstract\n{GULLS[0]},{GULLS[1]}\n", id="byte order mark"),
        pytest.param(
            "bay.csv", f"title,abstract\n\n{GULLS[0]},{GULLS[1]},more\n\n", id="blank lines and a cell too many"
        ),
    ],
)
def test_table_is_read_whatever_parts_its_cells(name, text):
    page = read_source(text.encode(), name=name)
    assert papers(page) == [GULLS]
    assert page.skipped == ()


def test_quoted_cell_may_hold_separators_quotes_and_line_ends():
    page = read_source(b'title;abstract\n"Bees; Glass";"He said ""hum"".\nThey left."\n', name="bay.csv")
    assert papers(page) == [("Bees; Glass", 'He said "hum".\nThey left.')]


def test_table_of_the_invented_pages_has_its_id(pages):
    [page] = read_sources([pages / "table.csv"])
    [listing] = page.listings()
    assert (listing.title, listing.given_id) == ("Bees, Noise and Glass", "10.1/bees")


@pytest.mark.parametrize(
    ("text", "skip"),
    [
        pytest.param(
            f"{GULLS[0]},{GULLS[1]}\n",
            Skip("bay.csv, line 1", "no column called title: give the first line a header such as title,abstract,id"),
            id="no header",
        ),
        pytest.param(
            "title,year\nTerns,2024\n",
            Skip(
                "bay.csv, line 1", "no column called abstract: give the first line a header such as title,abstract,id"
            ),
            id="no abstracts",
        ),
        pytest.param(
            "title,abstract\nTerns\n",
            Skip("bay.csv, line 2", "a record with no abstract: add the field or remove the record"),
            id="a cell too few",
        ),
        pytest.param(
            "title,abstract\n,They fly.\n",
            Skip("bay.csv, line 2", "a record with no title: add the field or remove the record"),
            id="an empty cell",
        ),
        pytest.param(
            "title,abstract\nTerns," + "fly " * 10_000 + "\n",
            Skip("bay.csv, line 2", "a record of 40,004 characters: an abstract has up to 30,000, a title up to 1,000"),
            id="an enormous cell",
        ),
        pytest.param(
            "title,abstract\nTerns," + "fly " * 500_000 + "\n",
            Skip(
                "bay.csv, line 2",
                "a record of 2,000,004 characters: an abstract has up to 30,000, a title up to 1,000",
            ),
            id="a cell beyond measure",
        ),
    ],
)
def test_fault_of_a_table_is_named(text, skip):
    page = read_source(text.encode(), name="bay.csv")
    assert isinstance(page, SourceFile)
    assert (list(page.listings()), page.skipped) == ([], (skip,))


def test_faulty_row_does_not_stop_the_table():
    rows = f"title;abstract\n{GULLS[0]};{GULLS[1]}\nTerns\n{TIDES[0]};{TIDES[1]}\n"
    page = read_source(rows.encode(), name="bay.csv")
    assert papers(page) == [GULLS, TIDES]
    assert [skip.where for skip in page.skipped] == ["bay.csv, line 3"]


# Files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good page, to which each test adds something bad: a.txt is read before it, z.txt after."""
    (tmp_path / "m.txt").write_text("\n".join(GULLS), encoding="utf-8")
    return tmp_path


BAD = {
    "not UTF-8": (
        "a.txt",
        "Tides\nThe café is shut.\n".encode("latin-1"),
        "a.txt, line 2",
        "not UTF-8 (byte 13): save the file as UTF-8",
    ),
    "NUL bytes": (
        "a.txt",
        b"Tides\0\nThey rise.\n",
        "a.txt",
        "a binary file, not text: save the page as plain text, JSON Lines or CSV",
    ),
    "UTF-16": (
        "a.txt",
        "Tides".encode("utf-16"),
        "a.txt",
        "a binary file, not text: save the page as plain text, JSON Lines or CSV",
    ),
    "PDF": ("a.txt", b"%PDF-1.7\n", "a.txt", "a binary file, not text: save the page as plain text, JSON Lines or CSV"),
    "empty": ("a.txt", b"", "a.txt", "the file is empty: save the page again"),
    "blank": ("a.csv", b"\xef\xbb\xbf \r\n\t\n", "a.csv", "the file is empty: save the page again"),
    "packed, but nothing": ("a.txt.gz", gzip.compress(b""), "a.txt.gz", "the file is empty: save the page again"),
    "not packed": (
        "a.txt.gz",
        b"Tides",
        "a.txt.gz",
        "cannot be read (the packed file is damaged): check the file and its permissions",
    ),
    "packed and cut off": (
        "a.txt.gz",
        gzip.compress(b"Tides")[:-9],
        "a.txt.gz",
        "cannot be read (the packed file is damaged): check the file and its permissions",
    ),
    "packed and changed": (
        "a.txt.gz",
        gzip.compress(b"Tides")[:-8] + b"\0" * 8,
        "a.txt.gz",
        "cannot be read (the packed file is damaged): check the file and its permissions",
    ),
    "header only": (
        "a.jsonl",
        b"{}\n",
        "a.jsonl, line 1",
        "a record with no title and no abstract: add the field or remove the record",
    ),
    "nothing but the site": (
        "a.txt",
        b"Subscribe\nnew\n",
        "a.txt",
        "no title with an abstract was found: put each on a line of its own",
    ),
    "title only": (
        "a.txt",
        b"Terns\n",
        "a.txt, line 1",
        "a title without an abstract (Terns): put its abstract on the next line",
    ),
    "broken JSON": (
        "a.jsonl",
        b'{"title"\n',
        "a.jsonl, line 1",
        "invalid JSON (Expecting ':' delimiter): correct or remove the line",
    ),
    "one enormous line of text": (
        "a.txt",
        b"x" * 2_000_000,
        "a.txt, line 1",
        "one line of 2,000,000 characters: put each title and abstract on a line of its own",
    ),
    "one enormous line of a table": ("a.csv", b"x" * 2_000_000, "a.csv, line 1", None),
    "one enormous line of JSON": (
        "a.jsonl",
        b'{"x": "' + b"x" * 2_000_000 + b'"}',
        "a.jsonl, line 1",
        "a record with no title and no abstract: add the field or remove the record",
    ),
}


@pytest.mark.parametrize(("name", "data", "where", "why"), BAD.values(), ids=BAD.keys())
def test_bad_file_is_named_with_place_and_remedy_and_the_good_one_is_read(folder, name, data, where, why):
    (folder / name).write_bytes(data)
    found = list(read_sources([folder]))
    skips = [skip for item in found for skip in ([item] if isinstance(item, Skip) else item.skipped)]
    assert [listing.title for item in found if isinstance(item, SourceFile) for listing in item.listings()] == [
        GULLS[0]
    ]
    [skip] = skips
    assert skip.where == where
    assert skip.why == why if why else ":" in skip.why


def test_file_behind_a_dangling_link_is_named(folder):
    (folder / "a.txt").symlink_to(folder / "gone.txt")
    skip, page = read_sources([folder / "a.txt", folder / "m.txt"])
    assert skip == Skip("a.txt", "cannot be read (No such file or directory): check the file and its permissions")
    assert papers(page) == [GULLS]


def test_dangling_link_in_a_folder_is_named(folder):
    (folder / "a.txt").symlink_to(folder / "gone.txt")
    skips = [item for item in read_sources([folder]) if isinstance(item, Skip)]
    assert [Path(skip.where).name for skip in skips] == ["a.txt"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("gone.txt", id="a file"),
        pytest.param("gone/m.txt", id="a folder"),
        pytest.param("*.ods", id="a pattern"),
        pytest.param("m.txt/more", id="a file for a folder"),
    ],
)
def test_missing_path_is_named_and_the_good_one_is_read(folder, path):
    skip, page = read_sources([folder / path, folder / "m.txt"])
    assert skip == Skip(str(folder / path), "no such file: check the spelling and the current folder")
    assert papers(page) == [GULLS]


def test_name_beyond_measure_is_named_and_the_good_one_is_read(folder):
    skip, page = read_sources([folder / ("x" * 300), folder / "m.txt"])
    assert skip.why == "cannot be read (File name too long): check the name and its permissions"
    assert papers(page) == [GULLS]


def test_name_with_a_tilde_in_front_is_a_plain_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "~terns.txt").write_text("\n".join(TIDES), encoding="utf-8")
    assert [papers(page) for page in read_sources(["~terns.txt", "m.txt"])] == [[TIDES], [GULLS]]


def test_folder_without_pages_is_named(tmp_path):
    (tmp_path / "notes.odt").write_bytes(b"?")
    [skip] = read_sources([tmp_path])
    assert skip == Skip(str(tmp_path), "the folder holds no page: pages end in .txt, .md, .jsonl or .csv")


class Huge(bytes):
    """Bytes that claim to be one more than allowed, so that the test need not hold a gibibyte."""

    def __len__(self) -> int:
        return MAX_FILE_BYTES + 1


def test_page_larger_than_allowed_is_named():
    assert read_source(Huge(b"Terns"), name="a.txt") == Skip("a.txt", "larger than 256 MiB: split the file")


def test_folder_gives_its_pages_by_name_and_not_those_below(folder):
    for name in ("b.jsonl", "C.TXT", "d.csv.gz", ".hidden.txt", "notes.odt"):
        (folder / name).write_bytes(b"?")
    (folder / "below").mkdir()
    (folder / "below" / "e.txt").write_bytes(b"?")
    assert [path.name for path in find_files([folder])[0]] == ["C.TXT", "b.jsonl", "d.csv.gz", "m.txt"]


def test_file_named_twice_is_read_once(folder):
    files, missing = find_files([folder / "m.txt", folder, folder / "*.txt", folder / "." / "m.txt"])
    assert (files, missing) == ([folder / "m.txt"], [])


def test_pattern_gives_files_and_a_plain_name_goes_first(folder):
    for name in ("a[1].txt", "a1.txt"):
        (folder / name).write_bytes(b"?")
    assert [path.name for path in find_files([folder / "a[1].txt"])[0]] == ["a[1].txt"]
    assert [path.name for path in find_files([folder / "a?.txt"])[0]] == ["a1.txt"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("bay.txt.gz", "\n".join(GULLS), id="text"),
        pytest.param("bay.JSONL.GZ", record(GULLS), id="JSON Lines"),
        pytest.param("bay.csv.gz", f"title;abstract\n{GULLS[0]};{GULLS[1]}", id="CSV"),
    ],
)
def test_packed_page_is_read_in_its_form(tmp_path, name, text):
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    [page] = read_sources([tmp_path])
    assert (page.name, page.source, papers(page)) == (name, str(tmp_path / name), [GULLS])


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        pytest.param(["/x/a.txt", "/x/b.txt"], ["a.txt", "b.txt"], id="no clash"),
        pytest.param(["/x/a.txt", "/y/a.txt", "/y/b.txt"], ["x/a.txt", "y/a.txt", "b.txt"], id="one folder"),
        pytest.param(["/x/z/a.txt", "/y/z/a.txt"], ["x/z/a.txt", "y/z/a.txt"], id="two folders"),
        pytest.param(["/a.txt", "/y/a.txt"], ["a.txt", "y/a.txt"], id="the root"),
        pytest.param([], [], id="none"),
    ],
)
def test_names_carry_as_many_folders_as_it_takes(paths, names):
    assert short_names(map(Path, paths)) == names


def test_digest_tells_form_and_text_apart_but_not_the_name():
    text = "\n".join(GULLS)
    page = parse_source(text, name="a.txt", source="", form="text")
    assert page.digest == parse_source(text, name="b.txt", source="x", form="text").digest
    assert page.digest != parse_source(text + "\n", name="a.txt", source="", form="text").digest
    assert page.digest != parse_source(text, name="a.txt", source="", form="csv").digest


# Pages that are read line by line, and once more


FORMS_OF_RECORDS = [
    pytest.param("bay.jsonl", "\n".join(map(record, (GULLS, TIDES))), id="JSON Lines"),
    pytest.param("bay.jsonl.gz", "\n".join(map(record, (GULLS, TIDES))), id="packed JSON Lines"),
    pytest.param("bay.json", f"[{record(GULLS)}, {record(TIDES)}]", id="a JSON array"),
    pytest.param("bay.csv", f"title;abstract\n{GULLS[0]};{GULLS[1]}\n{TIDES[0]};{TIDES[1]}\n", id="CSV"),
]


def saved(file: Path, text: str) -> Path:
    data = text.encode()
    file.write_bytes(gzip.compress(data) if file.name.endswith(".gz") else data)
    return file


@pytest.mark.parametrize(("name", "text"), FORMS_OF_RECORDS)
def test_page_of_records_is_read_again_and_keeps_no_text(tmp_path, name, text):
    [page] = read_sources([saved(tmp_path / name, text)])
    assert (papers(page), papers(page), page.listed) == ([GULLS, TIDES], [GULLS, TIDES], 2)
    assert page.text() is None
    assert page.digest == parse_source(text, name=name, source="", form=page.form).digest


def test_text_page_keeps_its_text():
    assert text_page("\ufeff" + "\n".join(GULLS)).text() == "\n".join(GULLS)


def test_page_is_made_of_listings_that_lie_elsewhere():
    listings = [Entry(title=GULLS[0], abstract=GULLS[1])]
    page = SourceFile(name="bay", source="", form="jsonl", digest="1", listed=1, read=lambda: iter(listings))
    assert (papers(page), papers(page), page.skipped, page.text()) == ([GULLS], [GULLS], (), None)


@pytest.mark.parametrize(
    ("later", "given"),
    [
        pytest.param(f"{record(GULLS)}\n{record(THRUSHES)}".encode(), 2, id="another paper"),
        pytest.param(f"{record(GULLS)}\n{record(TIDES)}\n".encode(), 2, id="a line end more"),
        pytest.param(f"{record(GULLS)}\n".encode(), 1, id="a paper fewer"),
        pytest.param("\n".join(map(record, (GULLS, TIDES, THRUSHES))).encode(), 2, id="a paper more"),
        pytest.param("\n".join(map(record, (GULLS, TIDES))).encode() + b"\ncaf\xe9 \n", 0, id="not UTF-8"),
        pytest.param(None, 0, id="gone"),
    ],
)
def test_file_that_changed_between_two_readings_is_an_error_and_gives_no_paper_too_many(tmp_path, later, given):
    file = saved(tmp_path / "bay.jsonl", f"{record(GULLS)}\n{record(TIDES)}")
    [page] = read_sources([file])
    file.unlink()
    if later is not None:
        file.write_bytes(later)
    read: list[Entry] = []
    with pytest.raises(InputError) as error:  # noqa: PT012
        for listing in page.listings():
            read.append(listing)
    assert str(error.value) == f"{file} changed while it was read. Run the same command again."
    assert len(read) == given


@pytest.mark.parametrize(
    "cut",
    [pytest.param(slice(-9), id="cut off"), pytest.param(slice(40_000), id="cut off in the middle")],
)
def test_packed_records_that_are_damaged_are_named(folder, cut):
    lines = "\n".join(record((f"{GULLS[0]} {i}", f"{figures(i)} {GULLS[1]}")) for i in range(5_000))
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode())[cut])
    skip, page = read_sources([folder])
    why = "cannot be read (the packed file is damaged): check the file and its permissions"
    assert skip == Skip("a.jsonl.gz", why)
    assert papers(page) == [GULLS]


def figures(number: int) -> str:
    """Figures that do not pack well."""
    return str(pow(7, number + 100, 10**40))


@pytest.mark.parametrize(
    ("data", "line", "byte"),
    [
        pytest.param(b"{}\n" * 40_000 + b"caf\xe9 \n", 40_001, 120_003, id="far down"),
        pytest.param(b"{}\n" + b" " * 65_532 + b"\xe9 ", 2, 65_535, id="at the seam of two pieces"),
        pytest.param(b"\xef\xbb\xbf{}\n\xe9 ", 2, 3, id="after a byte order mark"),
        pytest.param(b"{}\n\n\xe2\x82", 3, 4, id="a character cut off at the end"),
        pytest.param(b"{}\n" + b"x" * 3_000_000 + b"\xff\n", 2, 3_000_003, id="on a line that is too long"),
    ],
)
@pytest.mark.parametrize("end", ["jsonl", "csv", "txt"])
def test_first_byte_that_is_not_utf8_is_named_wherever_it_stands(data, line, byte, end):
    skip = read_source(data, name=f"bay.{end}")
    assert skip == Skip(f"bay.{end}, line {line}", f"not UTF-8 (byte {byte:,}): save the file as UTF-8")


def test_faults_beyond_the_two_hundredth_are_counted():
    page = read_source(b"{}\n" * (MAX_LISTED_FAULTS + 1_234) + record(GULLS).encode(), name="bay.jsonl")
    assert papers(page) == [GULLS]
    assert len(page.skipped) == MAX_LISTED_FAULTS + 1
    assert page.skipped[-2].where == "bay.jsonl, line 200"
    assert page.skipped[-1] == Skip(
        "bay.jsonl", "1,234 more lines that cannot be used: check that this is a page of titles and abstracts"
    )


TOO_LONG = "write one record a line, of 2,097,152 characters at the most"


@pytest.mark.parametrize(
    ("length", "why"),
    [
        pytest.param(LINE_LENGTH, "invalid JSON (Expecting value): correct or remove the line", id="just held"),
        pytest.param(LINE_LENGTH + 1, f"a line of 2,097,153 characters: {TOO_LONG}", id="one character too long"),
        pytest.param(9_000_000, f"a line of 9,000,000 characters: {TOO_LONG}", id="far too long"),
    ],
)
@pytest.mark.parametrize("last", [pytest.param(False, id="in the middle"), pytest.param(True, id="at the end")])
def test_line_of_json_that_is_too_long_is_left_out(length, why, last):
    lines = [record(GULLS), record(TIDES)]
    lines.insert(2 if last else 1, "x" * length)
    page = read_source("\n".join(lines).encode(), name="bay.jsonl")
    assert papers(page) == [GULLS, TIDES]
    assert page.skipped == (Skip(f"bay.jsonl, line {3 if last else 2}", why),)


TABLE = f"title;abstract\n{GULLS[0]};{GULLS[1]}\n"


@pytest.mark.parametrize(
    ("text", "found", "skips"),
    [
        pytest.param(
            f"{TABLE}{'x' * 3_000_000}\n{TIDES[0]}\n{TIDES[0]};{TIDES[1]}\n",
            [GULLS, TIDES],
            [
                (3, f"a line of 3,000,000 characters: {TOO_LONG}"),
                (4, "a record with no abstract: add the field or remove the record"),
            ],
            id="a line that is too long",
        ),
        pytest.param(
            f"{TABLE}{'x' * 3_000_000}",
            [GULLS],
            [(3, f"a line of 3,000,000 characters: {TOO_LONG}")],
            id="the last one",
        ),
        pytest.param(
            "x" * 3_000_000 + f"\n{TABLE}", [], [(1, f"a line of 3,000,000 characters: {TOO_LONG}")], id="the header"
        ),
        pytest.param(
            f'{TABLE}Terns;"They fly.\n' + f"{TIDES[0]};{TIDES[1]}\n" * 40_000,
            [GULLS],
            [(3, "invalid CSV (a row of more than 2,097,152 characters): correct the quotes from this line on")],
            id="a quotation mark that nothing closes",
        ),
        pytest.param(TABLE + "\r\n" * 1_100_000 + f"{TIDES[0]};{TIDES[1]}", [GULLS, TIDES], [], id="many empty lines"),
        pytest.param(
            f"title;abstract\r{GULLS[0]};{GULLS[1]}\r{TIDES[0]};{TIDES[1]}\r",
            [GULLS, TIDES],
            [],
            id="lines that end as on an old Mac",
        ),
        pytest.param(
            f'{TABLE}Terns;"They fly.\r\nThey\nfly far."\r\n{TIDES[0]}\r\n',
            [GULLS, ("Terns", "They fly.\r\nThey\nfly far.")],
            [(6, "a record with no abstract: add the field or remove the record")],
            id="line ends in a cell count",
        ),
    ],
)
def test_table_is_read_in_bounded_rows(text, found, skips):
    page = read_source(text.encode(), name="bay.csv")
    assert papers(page) == found
    assert page.skipped == tuple(Skip(f"bay.csv, line {line}", why) for line, why in skips)


@pytest.mark.parametrize(
    ("name", "header", "line"),
    [
        pytest.param("bay.jsonl.gz", "", record((GULLS[0], GULLS[1] * 30)) + "\n", id="JSON Lines"),
        pytest.param("bay.csv.gz", "title,abstract\n", f'{GULLS[0]},"{GULLS[1] * 30}"\n', id="CSV"),
    ],
)
def test_large_page_of_records_takes_little_memory_both_times(tmp_path, name, header, line):
    """Some 30 MB of records, and a line of 30 MB more."""
    count = 30_000_000 // len(line)
    with gzip.open(tmp_path / name, "wt", encoding="utf-8", compresslevel=1) as packed:
        packed.write(header)
        for i in range(count):
            packed.write(line)
            if i == 10:
                for _ in range(30):
                    packed.write("x" * 1_000_000)
                packed.write("\n")
    tracemalloc.start()
    try:
        [page] = read_sources([tmp_path / name])
        assert isinstance(page, SourceFile)
        first = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        listings = sum(1 for _ in page.listings())
        again = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (page.listed, listings, len(page.skipped)) == (count, count, 1)
    assert max(first, again) < 8_000_000


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_digest_of_records_is_that_of_the_whole_text_without_its_mark(form):
    text = f"{record(GULLS)}\r\n{'é' * 3_000_000}\r{record(TIDES)}\n"
    page = read_source(text.encode("utf-8-sig"), name=f"bay.{form}")
    assert isinstance(page, SourceFile)
    assert page.digest == hashlib.sha256(f"{form}\0{text}".encode()).hexdigest()


# The invented pages and the real ones


def test_invented_pages_hold_nine_listings(pages):
    assert {page.name: page.listed for page in read_sources([pages])} == {
        "harbour.txt": 3,
        "kitchen.txt": 3,
        "records.jsonl": 2,
        "table.csv": 1,
    }


@pytest.mark.corpus
def test_real_pages_hold_413_listings_of_354_titles(corpus):
    found = list(read_sources([corpus]))
    assert [page.listed for page in found] == [60, 57, 186, 67, 43]
    assert [page.skipped for page in found] == [()] * 5
    assert len({title_key(listing.title) for page in found for listing in page.listings()}) == 354


@pytest.mark.corpus
def test_real_listings_are_titles_with_abstracts_not_the_other_way_round(corpus):
    listings = [listing for page in read_sources([corpus]) for listing in page.listings()]
    assert max(len(listing.title) for listing in listings) == 159
    assert max(len(listing.abstract) for listing in listings) == 1_920
    assert all(len(listing.title) < len(listing.abstract) for listing in listings)
    assert not [
        listing.title for listing in listings if listing.title.endswith(".") or listing.title.startswith("Subscribe")
    ]
