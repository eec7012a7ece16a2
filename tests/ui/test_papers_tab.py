"""The tab Papers in a browser: searched as one types, filtered, sorted, opened, and safe against what papers say."""

import json

import pytest
from playwright.sync_api import Page, expect

import qa
from helpers.page_session import PHONE, axe, open_page

LONG_WORD = "w" * 20_000
HOSTILE = {
    "id": "hostile",
    "title": "<script>window.hit = 1</script><img src=x onerror='window.hit = 2'> ${window.hit = 3} {{value}} \u202eevil",
    "abstract": f'</p><img src=x onerror=window.hit=4> ![x](https://example.com/x.png) " onmouseover=window.hit=5 {LONG_WORD} zyzzyva',
    "url": "javascript:window.hit=6",
    "date": "<b>2020</b>",
}
ROWS = [
    {
        "id": f"moss-{i:02}",
        "title": f"Moss {i:02} on Stones",
        "abstract": f"Moss number {i} grows on a stone in the shade. Stones of kind {i} hold water.",
        "date": f"2024-01-{i:02}",
    }
    for i in range(1, 32)
]


@pytest.fixture(scope="module")
def folder(pages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    (folder / "moss.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    (folder / "odd.jsonl").write_text(json.dumps(HOSTILE))
    qa.build_index([pages, folder / "moss.jsonl", folder / "odd.jsonl"], folder / "index")
    return folder


@pytest.fixture(scope="module")
def address(folder):
    index = qa.open_index(folder / "index")
    with open_page(qa.Assistant(index)) as page:
        yield page.address
    index.close()


@pytest.fixture
def tab(address, browser_page):
    with browser_page(address) as tab:
        yield open_papers(tab)


def open_papers(tab: Page) -> Page:
    tab.get_by_role("tab", name="Papers").click()
    expect(papers(tab).first).to_be_visible()
    return tab


def papers(tab: Page):
    return tab.locator("#qa-papers article")


def paper(tab: Page, title: str):
    return papers(tab).filter(has=tab.get_by_role("heading", level=3, name=title))


def titles(tab: Page):
    return tab.locator("#qa-papers h3")


def count(tab: Page):
    return tab.locator("#qa-papers").get_by_role("status")


def choice(tab: Page, name: str):
    return tab.get_by_role("combobox", name=name, exact=True)


def search(tab: Page, query: str) -> None:
    tab.get_by_role("searchbox", name="Search the papers").fill(query)


def test_every_paper_is_listed_thirty_at_a_time(tab):
    expect(count(tab)).to_have_text("40 papers")
    expect(papers(tab)).to_have_count(30)
    tab.get_by_role("button", name="Show 10 more").click()
    expect(papers(tab)).to_have_count(40)
    expect(tab.get_by_role("button", name="more")).to_have_count(0)


def test_more_papers_leave_open_abstracts_open(tab):
    first = papers(tab).first
    first.locator("h3").click()
    tab.get_by_role("button", name="Show 10 more").click()
    expect(papers(tab)).to_have_count(40)
    expect(first.locator(".paper-abstract")).to_be_visible()


def test_search_finds_as_one_types(tab):
    tab.get_by_role("searchbox").press_sequentially("gulls from the air")
    expect(titles(tab).first).to_have_text("Counting Gulls from the Air without Labels")
    expect(count(tab)).to_contain_text(" of 40 papers")
    expect(choice(tab, "Sort by")).to_have_value("best")
    search(tab, "")
    expect(count(tab)).to_have_text("40 papers")
    expect(choice(tab, "Sort by")).to_have_value("pages")


def test_letter_that_is_no_word_yet_leaves_the_whole_list(tab):
    search(tab, "bread")
    expect(titles(tab).first).to_contain_text("DoughGraph")
    search(tab, "a")
    expect(count(tab)).to_have_text("40 papers")


def test_last_search_wins_however_fast_one_types(tab):
    for query in ("bread", "ferries", "lamps", "tide", "gulls"):
        search(tab, query)
    expect(titles(tab).first).to_have_text("Counting Gulls from the Air without Labels")
    tab.wait_for_function("!document.querySelector('.papers').hasAttribute('aria-busy')")
    expect(titles(tab).first).to_have_text("Counting Gulls from the Air without Labels")


def test_typing_error_is_mended_and_said(tab):
    search(tab, "fermentaton of bread")
    expect(titles(tab).first).to_contain_text("DoughGraph")
    expect(count(tab)).to_contain_text("read as “fermentation of bread”")


def test_search_for_what_is_in_no_paper_finds_nothing_and_can_be_cleared(tab):
    search(tab, "qwrtzplk")
    expect(tab.get_by_text("No results for “qwrtzplk”.")).to_be_visible()
    tab.get_by_role("button", name="Clear the search").click()
    expect(count(tab)).to_have_text("40 papers")


def test_papers_found_by_meaning_alone_are_said_to_be(tab):
    search(tab, "avian census")
    expect(titles(tab).first).to_have_text("Counting Gulls from the Air without Labels")
    expect(count(tab)).to_contain_text("No exact match; similar papers")


def test_filters_by_page_and_code(tab):
    choice(tab, "Source").select_option("harbour.txt")
    expect(count(tab)).to_have_text("3 of 40 papers")
    choice(tab, "Code").select_option("With code")
    expect(count(tab)).to_have_text("1 of 40 papers")
    expect(titles(tab)).to_have_text(["TideNet: Forecasting Harbour Water Levels with Sparse Gauges"])
    choice(tab, "Code").select_option("Without code")
    expect(count(tab)).to_have_text("2 of 40 papers")


def test_filter_holds_while_one_searches(tab):
    choice(tab, "Source").select_option("kitchen.txt")
    search(tab, "moss on a stone")
    expect(tab.locator("#qa-papers article", has_text="Moss")).to_have_count(0)


def test_nothing_found_offers_to_clear_the_filters(tab):
    choice(tab, "Source").select_option("kitchen.txt")
    choice(tab, "Code").select_option("With code")
    expect(tab.get_by_text("No results with these filters.")).to_be_visible()
    expect(count(tab)).to_have_text("0 of 40 papers")
    tab.get_by_role("button", name="Clear the filters").click()
    expect(count(tab)).to_have_text("40 papers")
    expect(tab.get_by_role("searchbox")).to_be_focused()
    expect(choice(tab, "Source")).to_have_value("")


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("Title", "<script>"),
        ("Newest first", "Moss 31 on Stones"),
        ("Order of the sources", "TideNet"),
    ],
)
def test_papers_are_sorted(tab, order, first):
    choice(tab, "Sort by").select_option("Title")
    expect(titles(tab).first).to_contain_text("<script>")
    choice(tab, "Sort by").select_option(order)
    expect(titles(tab).first).to_contain_text(first)


def test_word_that_most_papers_have_finds_them_all(tab):
    search(tab, "moss")
    expect(count(tab)).to_have_text("31 of 40 papers")


def test_found_papers_are_sorted_too(tab):
    search(tab, "moss")
    expect(count(tab)).to_have_text("31 of 40 papers")
    choice(tab, "Sort by").select_option("Newest first")
    expect(titles(tab).first).to_have_text("Moss 31 on Stones")


def test_title_opens_the_abstract_and_closes_it(tab):
    tide = paper(tab, "TideNet")
    toggle = tide.get_by_role("button", name="Abstract of TideNet")
    abstract = tide.get_by_text("Harbour pilots need water levels")
    expect(abstract).to_be_hidden()
    tide.locator("h3").click()
    expect(abstract).to_be_visible()
    expect(toggle).to_have_attribute("aria-expanded", "true")
    toggle.click()
    expect(abstract).to_be_hidden()
    expect(toggle).to_have_attribute("aria-expanded", "false")


def test_paper_names_its_pages_its_date_and_its_code(tab):
    tide = paper(tab, "TideNet")
    link = tide.get_by_role("link", name="Code of TideNet")
    assert [link.get_attribute(name) for name in ("href", "rel", "target")] == [
        "https://github.com/example/tidenet", "noopener noreferrer", "_blank",
    ]  # fmt: skip
    expect(paper(tab, "Counting Gulls").locator(".paper-facts")).to_have_text("harbour.txtkitchen.txt")
    expect(paper(tab, "Moss 07").locator(".paper-facts")).to_have_text("2024-01-07moss.jsonl")


def test_paper_can_be_asked_about(tab):
    tide = paper(tab, "TideNet")
    tide.locator("h3").click()
    button = tide.get_by_role("button", name="Ask about this paper")
    assert "ask-about" in button.get_attribute("class").split()
    assert button.get_attribute("data-ask-paper") == tide.get_attribute("data-paper")
    assert button.get_attribute("data-ask-title") == "TideNet: Forecasting Harbour Water Levels with Sparse Gauges"


def test_similar_papers_are_found_and_followed_and_left_again(tab):
    search(tab, "street lamps")
    lamps = papers(tab).and_(tab.locator("[data-paper=lamp-1]"))
    lamps.locator("h3").click()
    lamps.get_by_role("button", name="Similar papers").click()
    expect(lamps.locator(".paper-similar li")).to_have_count(5)
    first = lamps.locator(".paper-similar li").first
    expect(first).to_contain_text("similar")
    first.get_by_role("button").click()
    expect(count(tab)).to_have_text("One paper")
    expect(papers(tab)).to_have_count(1)
    expect(papers(tab)).to_have_attribute("data-paper", "lamp-2")
    expect(tab.get_by_text("Birds lose their way near bright roads.")).to_be_visible()
    # On to a third one, and back through both.
    tab.get_by_role("button", name="Similar papers").click()
    tab.locator(".paper-similar").get_by_role("button", name="Counting Gulls").click()
    expect(papers(tab).locator("h3")).to_have_text("Counting Gulls from the Air without Labels")
    tab.get_by_role("button", name="Back to the previous paper").click()
    expect(papers(tab)).to_have_attribute("data-paper", "lamp-2")
    tab.get_by_role("button", name="Back to the list").click()
    expect(count(tab)).to_contain_text(" of 40 papers")
    expect(lamps.locator(".paper-similar li")).to_have_count(5)
    expect(first.get_by_role("button")).to_be_focused()


def test_list_goes_on_where_it_was_after_one_paper(tab):
    paper(tab, "TideNet").locator("h3").click()
    paper(tab, "TideNet").get_by_role("button", name="Similar papers").click()
    tab.locator(".paper-similar button").first.click()
    expect(count(tab)).to_have_text("One paper")
    tab.get_by_role("button", name="Back to the list").click()
    tab.get_by_role("button", name="Show 10 more").click()
    expect(papers(tab)).to_have_count(40)


def test_paper_that_is_still_found_stays_open_and_keeps_the_focus(tab):
    search(tab, "bread")
    expect(titles(tab).first).to_contain_text("DoughGraph")
    toggle = papers(tab).first.locator(".paper-toggle")
    toggle.press("Enter")
    tab.evaluate("""() => {
        const field = document.querySelector('.papers input');
        field.value = 'bread dough';
        field.dispatchEvent(new Event('input', {bubbles: true}));
    }""")
    tab.wait_for_function("!document.querySelector('.papers').hasAttribute('aria-busy')")
    expect(toggle).to_be_focused()
    expect(papers(tab).first.locator(".paper-abstract")).to_be_visible()


def test_searching_leaves_the_one_paper(tab):
    paper(tab, "TideNet").locator("h3").click()
    paper(tab, "TideNet").get_by_role("button", name="Similar papers").click()
    tab.locator(".paper-similar button").first.click()
    expect(count(tab)).to_have_text("One paper")
    search(tab, "bread")
    expect(titles(tab).first).to_contain_text("DoughGraph")
    expect(tab.get_by_role("button", name="Back to")).to_have_count(0)


def test_everything_works_with_the_keyboard(tab):
    tab.get_by_role("searchbox").focus()
    tab.keyboard.type("hyperbolic recipes")
    expect(titles(tab).first).to_contain_text("Map of Recipes")
    for _ in range(4):  # over page, code and sort to the first paper
        tab.keyboard.press("Tab")
    expect(papers(tab).first.locator(".paper-toggle")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(papers(tab).first.locator(".paper-abstract")).to_be_visible()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("button", name="Ask about this paper")).to_be_focused()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    expect(tab.locator(".paper-similar li")).to_have_count(5)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(count(tab)).to_have_text("One paper")
    expect(tab.get_by_role("button", name="Back to the list")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator(".paper-similar li").first.get_by_role("button")).to_be_focused()


def test_more_papers_by_keyboard_move_the_focus_to_the_first_of_them(tab):
    tab.get_by_role("button", name="Show 10 more").press("Enter")
    expect(papers(tab).nth(30).locator(".paper-toggle")).to_be_focused()


def test_enter_in_the_search_loads_no_new_page(tab):
    tab.evaluate("window.same = true")
    tab.get_by_role("searchbox").fill("bread")
    tab.keyboard.press("Enter")
    expect(titles(tab).first).to_contain_text("DoughGraph")
    assert tab.evaluate("window.same") is True


@pytest.mark.parametrize("size", [PHONE, (1280, 800)], ids=["phone", "desktop"])
def test_hostile_paper_is_text_and_nothing_scrolls_sideways(address, browser_page, size):
    with browser_page(address, size=size) as tab:
        open_papers(tab)
        search(tab, "zyzzyva")
        hostile = tab.locator("[data-paper=hostile]")
        hostile.locator("h3").click()
        hostile.get_by_role("button", name="Similar papers").click()
        expect(hostile.locator(".paper-similar li")).to_have_count(5)
        expect(hostile.locator("h3")).to_have_text(HOSTILE["title"].replace("\u202e", "\\u202e"))
        expect(hostile.locator(".paper-abstract")).to_contain_text(
            "<img src=x onerror=window.hit=4> ![x](https://example.com/x.png)"
        )
        expect(hostile.locator(".paper-facts")).to_have_text("<b>2020</b>odd.jsonl")
        expect(hostile.locator("img, script, a, b")).to_have_count(0)
        assert tab.evaluate("window.hit") is None
        assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("query", ["<img src=x onerror=window.hit=7>", "${window.hit=8}{{x}}", "'\"`\\", "x" * 600])
def test_hostile_search_is_text(tab, query):
    choice(tab, "Source").select_option("table.csv")
    choice(tab, "Code").select_option("With code")
    search(tab, query)
    shown = query[:500]
    expect(tab.get_by_text(f"No results for “{shown}” with these filters.")).to_be_visible()
    assert tab.evaluate("window.hit") is None


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, (1280, 800)], ids=["phone", "desktop"])
def test_markup_is_accessible(address, browser_page, size, dark):
    with browser_page(address, size=size, dark=dark) as tab:
        open_papers(tab)
        papers(tab).first.locator("h3").click()
        tab.get_by_role("button", name="Similar papers").first.click()
        expect(tab.locator(".paper-similar li")).to_have_count(5)
        assert [fault for fault in axe(tab, "#qa-papers") if fault["impact"] in ("serious", "critical")] == []
        tab.locator(".paper-similar button").first.click()
        expect(count(tab)).to_have_text("One paper")
        assert [fault for fault in axe(tab, "#qa-papers") if fault["impact"] in ("serious", "critical")] == []


@pytest.fixture
def changing(tmp_path):
    """A page on an index that the test may change, and the folder of both."""
    for name, title in (("a.jsonl", "Moss on Stones"), ("b.jsonl", "Ferns in Glass")):
        (tmp_path / name).write_text(json.dumps({"id": name, "title": title, "abstract": f"{title} grow slowly."}))
    qa.build_index([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "index")
    index = qa.open_index(tmp_path / "index")
    with open_page(qa.Assistant(index)) as page:
        yield page.address, tmp_path
    index.close()


def test_page_that_was_added_is_there_when_one_comes_back(changing, browser_page):
    address, folder = changing
    with browser_page(address) as tab:
        open_papers(tab)
        expect(count(tab)).to_have_text("2 papers")
        tab.get_by_role("tab", name="Chat").click()
        (folder / "c.jsonl").write_text(json.dumps({"title": "Lichen", "abstract": "Lichen is two in one."}))
        qa.build_index([folder / "c.jsonl"], folder / "index")
        open_papers(tab)
        expect(count(tab)).to_have_text("3 papers")
        choice(tab, "Source").select_option("c.jsonl")
        expect(titles(tab)).to_have_text(["Lichen"])


def test_paper_that_vanished_gives_one_sentence(changing, browser_page):
    address, folder = changing
    with browser_page(address) as tab:
        open_papers(tab)
        ferns = paper(tab, "Ferns")
        ferns.locator("h3").click()
        ferns.get_by_role("button", name="Similar papers").click()
        expect(ferns.locator(".paper-similar li")).to_have_count(1)
        qa.remove_pages(["a.jsonl"], folder / "index")
        ferns.locator(".paper-similar button").click()
        expect(tab.get_by_role("alert").first).to_have_text(
            "The index no longer has this paper. Its source was changed or removed."
        )
        paper(tab, "Moss").locator("h3").click()
        paper(tab, "Moss").get_by_role("button", name="Similar papers").click()
        expect(paper(tab, "Moss").get_by_role("alert")).to_contain_text("The index has no paper 'a.jsonl'.")


def test_chosen_page_that_was_removed_is_let_go(changing, browser_page):
    address, folder = changing
    with browser_page(address) as tab:
        open_papers(tab)
        choice(tab, "Source").select_option("a.jsonl")
        expect(count(tab)).to_have_text("1 of 2 papers")
        qa.remove_pages(["a.jsonl"], folder / "index")
        search(tab, "ferns")
        expect(titles(tab)).to_have_text(["Ferns in Glass"])
        expect(tab.get_by_role("alert").first).to_contain_text("The chosen source is no longer in the index.")
        expect(choice(tab, "Source")).to_have_js_property("selectedIndex", 0)


def test_empty_index_says_where_to_add_pages(changing, browser_page):
    address, folder = changing
    qa.remove_pages(["a.jsonl", "b.jsonl"], folder / "index")
    with browser_page(address) as tab:
        tab.get_by_role("tab", name="Papers").click()
        expect(tab.get_by_text("The index is empty.", exact=True).first).to_be_visible()
        expect(count(tab)).to_have_text("0 papers")


def test_server_that_does_not_answer_is_one_sentence_and_the_search_goes_on(address, browser_page):
    with browser_page(address, expected_errors=("Failed to load resource",)) as tab:
        open_papers(tab)
        tab.route("**/component_server/**", lambda route: route.abort())
        search(tab, "bread")
        expect(tab.get_by_role("alert").first).to_contain_text("did not answer")
        expect(papers(tab)).to_have_count(30)
        tab.unroute("**/component_server/**")
        search(tab, "bread dough")
        expect(titles(tab).first).to_contain_text("DoughGraph")
        expect(tab.get_by_role("alert").first).to_be_empty()


def test_nonsense_from_a_browser_is_one_sentence(tab):
    calls = """async values => {
        const config = window.gradio_config, id = config.components.find(c => c.props.elem_id === 'qa-papers').id;
        const body = JSON.stringify({data: values, component_id: id, fn_name: 'papers_list', session_hash: 'x'});
        const answer = await fetch('/gradio_api/component_server/', {method: 'POST', body, headers: {'Content-Type': 'application/json'}});
        return (await answer.json()).error;
    }"""
    for values in (
        {"offset": -1},
        {"limit": -1},
        {"offset": "x"},
        {"code": ["with"]},
        {"page": 5},
        {"order": {"x": 1}},
        ["a"],
        "x",
        5,
    ):
        assert tab.evaluate(calls, values) == "The list cannot be shown. Reload the page."
    assert "cannot be sorted by" in tab.evaluate(calls, {"order": "colour"})
