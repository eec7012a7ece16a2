"""Browsing: some papers at a time, sorted and filtered by the catalog."""

import json

import pytest

import qa

PAGES = {
    "one.jsonl": [
        {
            "id": "tea",
            "title": "tea in trees",
            "abstract": "Tea is grown. Code: https://github.com/example/tea",
            "year": 2023,
        },
        {"id": "ant", "title": "Ants at Work", "abstract": "Ants carry leaves."},
    ],
    "two.jsonl": [
        {"id": "owl", "title": "Owls by Night", "abstract": "Owls hear mice.", "date": "2024-05-02"},
        {"id": "tea", "title": "tea in trees", "abstract": "Tea is grown. Code: https://github.com/example/tea"},
        {"id": "bat", "title": "bats and barns", "abstract": "Bats sleep by day.", "date": "2024-11-30"},
    ],
}


def write(folder, name, papers):
    (folder / name).write_text("\n".join(map(json.dumps, papers)))
    return folder / name


@pytest.fixture
def folder(tmp_path, letters):
    for name, papers in PAGES.items():
        qa.build_index([write(tmp_path, name, papers)], tmp_path / "index", embedder=letters)
    return tmp_path


@pytest.fixture
def small(folder, letters):
    index = qa.open_index(folder / "index", embedder=letters)
    yield index
    index.close()


def browse(index, **wanted) -> list[str]:
    return [paper.id for paper in index.browse(**wanted)[1]]


@pytest.mark.parametrize(
    ("order", "papers"),
    [
        ("pages", ["tea", "ant", "owl", "bat"]),
        ("title", ["ant", "bat", "owl", "tea"]),
        ("date", ["bat", "owl", "tea", "ant"]),
    ],
    ids=["as the pages list them", "by title whatever its case", "newest first, undated last"],
)
def test_papers_are_sorted(small, order, papers):
    assert browse(small, order=order) == papers


@pytest.mark.parametrize(
    ("filters", "papers"),
    [
        ({"page": "one.jsonl"}, ["tea", "ant"]),
        ({"page": "two.jsonl"}, ["owl", "tea", "bat"]),
        ({"has_code": True}, ["tea"]),
        ({"has_code": False}, ["ant", "owl", "bat"]),
        ({"page": "two.jsonl", "has_code": False}, ["owl", "bat"]),
        ({"among": ["bat", "ant", "no such paper"]}, ["ant", "bat"]),
        ({"among": ["bat", "tea"], "has_code": True, "page": "two.jsonl"}, ["tea"]),
        ({"among": []}, []),
    ],
    ids=str,
)
def test_papers_are_filtered_in_the_order_of_the_page(small, filters, papers):
    total, found = small.browse(**filters)
    assert [paper.id for paper in found] == papers
    assert total == len(papers)


@pytest.mark.parametrize(
    ("offset", "limit", "papers"),
    [
        (0, 2, ["ant", "bat"]),
        (1, 2, ["bat", "owl"]),
        (3, 2, ["tea"]),
        (4, 2, []),
        (0, 50, ["ant", "bat", "owl", "tea"]),
    ],
)
def test_some_papers_come_and_the_total_is_of_all(small, offset, limit, papers):
    total, found = small.browse(order="title", offset=offset, limit=limit)
    assert (total, [paper.id for paper in found]) == (4, papers)


def test_papers_are_whole(small):
    assert small.browse(among=["tea"])[1] == [small.paper("tea")]
    assert small.paper("tea").pages == ("one.jsonl", "two.jsonl")


def test_paper_that_a_refreshed_page_lists_first_comes_first(folder, small, letters):
    bee = {"id": "bee", "title": "Bees", "abstract": "Bees hum."}
    qa.build_index([write(folder, "one.jsonl", [bee, *PAGES["one.jsonl"]])], folder / "index", embedder=letters)
    assert browse(small) == ["bee", "tea", "ant", "owl", "bat"]


def test_date_that_begins_with_no_year_comes_behind_the_others(folder, small, letters):
    odd = [
        {"id": name, "title": name, "abstract": name, "date": date}
        for name, date in (("may", "May 2025"), ("b", "<b>"))
    ]
    qa.build_index([write(folder, "odd.jsonl", odd)], folder / "index", embedder=letters)
    assert browse(small, order="date") == ["bat", "owl", "tea", "may", "b", "ant"]


def test_papers_of_a_removed_page_are_gone(folder, small, letters):
    qa.remove_pages(["two.jsonl"], folder / "index", embedder=letters)
    assert browse(small) == ["tea", "ant"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"order": "colour"}, "sorted by 'colour'. Choose one of: pages, title, date"),
        ({"order": "title; DROP TABLE papers"}, "Choose one of"),
        ({"offset": -1}, "offset is -1"),
        ({"limit": 0}, "limit 0"),
        ({"page": "three.jsonl"}, "no page 'three.jsonl'. Its pages are: one.jsonl, two.jsonl"),
    ],
    ids=["unknown order", "order is no SQL", "offset", "limit", "page"],
)
def test_wrong_wish_is_one_clear_error(small, wanted, message):
    with pytest.raises(qa.InputError, match=message):
        small.browse(**wanted)


def test_no_more_papers_are_read_than_asked_for(small):
    read = []
    catalog = small.snapshot().catalog
    catalog._db.set_trace_callback(lambda sql: read.append(sql) if "abstract" in sql else None)
    small.browse(limit=2)
    catalog._db.set_trace_callback(None)
    assert len(read) == 1
    assert read[0].endswith(("paper IN (1,2)", "paper IN (2,1)"))
