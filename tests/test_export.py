"""Answers as Markdown and BibTeX: whole examples, and texts of others that try to become markup."""

import random
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from qa.answer import Answer, Citation, Quote, Statement
from qa.documents.paper import Paper
from qa.export import to_bibtex, to_markdown


def paper(title="TideNet: Water", **values) -> Paper:
    common = {"id": "tide-1", "abstract": "", "original": "", "pages": ("harbour.txt",)}
    return Paper(title=title, **{**common, **values})


TIDE = paper(code_url="https://github.com/example/tidenet", pages=("harbour.txt", "table.csv"), date="2024-05-01")
GULLS = paper("Counting Gulls", id="2401.01234", pages=("kitchen.txt",))


def quote(text: str, start: int = 0) -> Quote:
    return Quote(text=text, start=start, end=start + len(text))


def said(text: str, *numbers: int, support: str = "supported", reason: str | None = None) -> Statement:
    return Statement(text=text, numbers=numbers, quotes=(), support=support, reason=reason)


QUOTED = Answer(
    question="How accurate is TideNet?",
    text="The error falls to 5.4 cm. [1]",
    found=True,
    mode="quotes",
    statements=(said("The error falls to 5.4 cm.", 1, support="quoted"),),
    citations=(Citation(number=1, paper=TIDE, quotes=(quote("The error falls to 5.4 cm."), quote("It is fast."))),),
    notice="Read “acurate” as “accurate”.",
)
WRITTEN = Answer(
    question="And the gulls?",
    rewritten="How well are gulls counted?",
    text="Counts differ by 4.2 %. [1] [2] They never fail. [2]\nNobody counts herons. Gulls sleep.",
    found=True,
    mode="model",
    model="gpt-4.1-mini at api.openai.com",
    statements=(
        said("Counts differ by 4.2 %.", 1, 2, support="weak", reason="“gulls” is not in the quote."),
        said("They never fail.", 2),
        said("Nobody counts herons.", support="absent"),
        said("Gulls sleep.", support="unsupported", reason="No quote says it."),
    ),
    citations=(
        Citation(number=1, paper=GULLS, quotes=(quote("its counts differ by 4.2 %"),)),
        Citation(number=2, paper=paper("Quiet Motors", url="http://motors.example"), quotes=()),
    ),
)
REFUSED = Answer(
    question="Who won?",
    text="No abstract answers this. Closest papers: “TideNet”.",
    found=False,
    mode="quotes",
    nearest=(TIDE, GULLS),
)


def test_answer_of_quotes_has_its_papers_and_their_quotes_under_it():
    assert to_markdown([QUOTED]) == (
        "# How accurate is TideNet?\n\n"
        "The error falls to 5.4 cm. [1]\n\n"
        "**[1]** TideNet: Water (harbour\\.txt, table\\.csv) · code: <https://github.com/example/tidenet>\n\n"
        "> The error falls to 5.4 cm.\n\n"
        "> It is fast.\n\n"
        "Read “acurate” as “accurate”.\n\n"
        "Quoted from the abstracts.\n"
    )


def test_answer_of_a_model_has_signs_reasons_and_who_wrote_it():
    assert to_markdown([WRITTEN]) == (
        "# And the gulls?\n\n"
        "Searched for: How well are gulls counted?\n\n"
        "Counts differ by 4.2 %. [1] [2] ◔ They never fail. [2]\n\n"
        "Nobody counts herons. Gulls sleep. ⚠\n\n"
        "- ◔ Supported in part: “Counts differ by 4.2 %.” “gulls” is not in the quote.\n"
        "- ⚠ Not supported by the quotes: “Gulls sleep.” No quote says it.\n\n"
        "**[1]** Counting Gulls (kitchen\\.txt) · <https://arxiv.org/abs/2401.01234>\n\n"
        "> its counts differ by 4.2 %\n\n"
        "**[2]** Quiet Motors (harbour\\.txt) · http\\:\\//motors\\.example\n\n"
        "Written by gpt-4.1-mini at api\\.openai\\.com; each sentence checked against the quotes.\n".replace("\\-", "-")
    )


def test_refusal_names_the_nearest_papers():
    assert to_markdown([REFUSED]) == (
        "# Who won?\n\n"
        "No abstract answers this. Closest papers: “TideNet”.\n\n"
        "Closest papers:\n\n"
        "- TideNet: Water (harbour\\.txt, table\\.csv) · code: <https://github.com/example/tidenet>\n"
        "- Counting Gulls (kitchen\\.txt) · <https://arxiv.org/abs/2401.01234>\n"
    )


def test_citation_of_a_refusal_stays():
    cited = replace(REFUSED, mode="model", citations=QUOTED.citations, nearest=())
    assert "> It is fast.\n\nWritten by a language model; each" in to_markdown([cited])


def test_turns_of_a_conversation_stand_one_after_another_with_their_own_numbers():
    together = to_markdown([QUOTED, WRITTEN, REFUSED])
    assert together == "\n".join(to_markdown([turn]) for turn in (QUOTED, WRITTEN, REFUSED))
    assert together.count("**[1]**") == 2


def test_no_turns_are_an_empty_text():
    assert to_markdown([]) == ""


def test_statement_said_twice_is_marked_where_it_is_not_supported():
    twice = replace(
        WRITTEN, text="It works. [1] It works.", statements=(said("It works.", 1), said("It works.", support="weak"))
    )
    assert "\n\nIt works. [1] It works. ◔\n\n" in to_markdown([twice])


def test_statement_that_the_text_lacks_is_still_named_under_it():
    edited = replace(WRITTEN, text="Another text. [1]")
    assert "\n\nAnother text. \\[1\\]\n\n- ◔ Supported in part: “Counts" in to_markdown([edited])


def test_statement_that_is_part_of_an_address_does_not_open_it():
    split = replace(WRITTEN, text="www.5.io www.5.io", statements=(said("www"), said(".5.io", support="weak")))
    assert "\n\nwww\\.5\\.io www\\.5\\.io\n\n" in to_markdown([split])


class Elements(HTMLParser):
    """The elements and links of a rendered text, and the text itself."""

    def __init__(self, rendered: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str | None] = []
        self.text = ""
        self.feed(rendered)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data


MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
"""CommonMark with tables, strikethrough and raw HTML; what it cannot do (addresses without brackets) is in a table."""


def rendered(answer: Answer) -> Elements:
    return Elements(MARKDOWN.render(to_markdown([answer])))


def everywhere(text: str) -> Answer:
    """An answer whose every text of others is this one."""
    there = paper(text, pages=(text, "a.txt"), code_url=text, url=text, abstract=text)
    return Answer(
        question=text,
        rewritten=text,
        text=f"{text} [1]\n{text}\n\n{text}",
        found=False,
        mode="model",
        model=text,
        notice=text,
        statements=(said(text, 1, support="weak", reason=text), said(text, support="unsupported", reason=text)),
        citations=(Citation(number=1, paper=there, quotes=(quote(text), quote(text))),),
        nearest=(there, there),
    )


OWN = {"h1", "p", "strong", "ul", "li", "blockquote"}
NASTY = {
    "heading": "# Big",
    "setext": "Title\n===",
    "setext with dashes": "Title\n---",
    "rule": "***",
    "list": "- a",
    "plus list": "+ a",
    "numbered list": "1. a",
    "numbered list with a bracket": "12) a",
    "link": "[here](https://evil.example)",
    "reference": "[here][x]\n\n[x]: https://evil.example",
    "marker made a reference": "[1]: https://evil.example",
    "image": "![x](https://evil.example/pixel.png)",
    "script": "<script>alert(1)</script>",
    "element": "<b onclick='x'>bold</b>",
    "comment": "<!-- hidden",
    "bracketed address": "<https://evil.example>",
    "javascript": "[x](javascript:alert(1))",
    "bare javascript": "javascript:alert(1)",
    "entity": "&lt;b&gt; &#60; &amp;",
    "table": "a | b\n- | -\nc | d",
    "table of one column": "| a |\n|---|",
    "fence": "```\ncode\n```",
    "tilde fence": "~~~\ncode",
    "indented code": "    code",
    "code": "`code` and ``more``",
    "emphasis": "*a* **b** _c_ __d__ ~~e~~",
    "footnote": "a[^1]\n\n[^1]: note",
    "quote": "> said",
    "alert": "[!NOTE]",
    "hard break": "a\\\nb  \nc",
    "trailing backslash": "a\\",
    "escaped already": "\\*a\\* \\\\[x](y)",
    "closing heading": "a ##",
    "math": "$x$ $$y$$",
    "other line breaks": "a\u2028# b\x0b# c\x85# d\r# e",
    "mail": "`<a.b_c@evil.example>` `x",
    "task": "- [ ] do",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_texts_of_others_are_shown_and_become_no_markup(text):
    page = rendered(everywhere(text))
    assert page.names <= (OWN | {"code"} if "@" in text else OWN)
    assert page.links == []
    shown = " ".join(text.split())
    flat = " ".join(page.text.split())
    assert flat.count(shown) >= 19 - 4 * ("\n" in text)  # in the running text, lines stay paragraphs


def test_chance_texts_become_no_markup_and_stay_whole():
    chance = random.Random(7)
    pieces = [*"\\`*_{}[]()<>#~|$^=+-!:&@./'\"1a \n", "**", "```", "---", "&amp;", "](", "[^1]", "<b>", "://", "\\\\"]
    for _ in range(400):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 8)))
        page = rendered(everywhere(text))
        assert page.names <= OWN | ({"code"} if "@" in text else set()), text
        assert page.links == [], text
        heading = MARKDOWN.render(to_markdown([replace(REFUSED, question=text)])).split("</h1>")[0]
        assert " ".join(unescape(re.sub("<[^>]*>", "", heading)).split()) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("see https://a.example", r"see https\:\//a\.example"),
        ("www.a.example", r"www\.a\.example"),
        ("www.5.io", r"www\.5\.io"),
        ("ftp://a", r"ftp\:\//a"),
        ("mailto:x", r"mailto\:x"),
        ("//localhost", r"\//localhost"),
        ("write to a_b@c-d.org!", "write to `a_b@c-d.org`!"),
        ("recall@5", r"recall\@5"),
        ("a | $y^2$ ==b== {.c} = d", r"a \| \$y\^2\$ \==b\== \{.c\} = d"),
        ("a.b at 5.4 cm, e.g. 3: so", "a.b at 5.4 cm, e.g. 3: so"),
    ],
)
def test_what_some_readers_make_markup_of_by_themselves_is_escaped(text, escaped):
    assert to_markdown([replace(REFUSED, question=text)]).startswith(f"# {escaped}\n")


def test_long_words_cost_no_more_than_their_length():
    long = "a" * 200_000
    assert to_markdown([replace(REFUSED, question=f"{long}@{long}")]).startswith(f"# {long}\\@{long}\n")


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/example/tide_net?x=1&y=[2]#top",
        "https://a.example:8443",
        "https://a.example/(1)/*2*",
        "HTTPS://A.example/",
    ],
)
def test_well_formed_https_address_becomes_a_link_to_itself(url):
    page = rendered(replace(REFUSED, nearest=(paper(code_url=url),)))
    assert len(page.links) == 1
    assert f"code: {url}" in page.text


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://github.com@evil.example/",
        "https://a.example/ b",
        "https://a.example/<b>",
        "https://a.example/>x",
        "https://a.example/\\x",
        'https://a.example/"x',
        "https://ex\u0430mple.com/",
        "https://a.example/\n# x",
        "https://a.example/é",
        "https://localhost/",
        "https://.example/",
        "https://",
        "//a.example",
        "",
    ],
)
def test_other_address_stands_as_text(url):
    page = rendered(replace(REFUSED, nearest=(paper(code_url=url, url=url),)))
    assert page.links == []
    assert " ".join(url.split()) in " ".join(page.text.split())


def test_address_of_many_labels_that_is_none_takes_no_time():
    url = "https://" + "1." * 40 + "!"
    assert "howpublished" in to_bibtex([paper(url=url)])
    assert "<https" not in to_markdown([replace(REFUSED, nearest=(paper(code_url=url, url=url),))])


@pytest.mark.parametrize(("length", "links"), [(2000, 1), (2001, 0)])
def test_address_of_more_than_2000_characters_stands_as_text(length, links):
    url = "https://a.example/".ljust(length, "x")
    assert to_bibtex([paper(url=url)]).count(f"  url = {{{url}}}") == links
    assert to_markdown([replace(REFUSED, nearest=(paper(url=url),))]).count(f"<{url}>") == links


def test_paper_whose_address_is_its_code_has_one_link():
    url = "https://github.com/example/tidenet"
    assert to_markdown([replace(REFUSED, nearest=(paper(code_url=url, url=url),))]).count("<https") == 1


@pytest.mark.parametrize("url", ["", "2024.13001", "12401.01234", "2401.012"])
def test_id_that_is_not_of_arxiv_is_no_address(url):
    assert "arxiv" not in to_markdown([replace(REFUSED, nearest=(paper(id=url),))])


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u200f", "\ud800"])
def test_control_and_bidi_characters_are_replaced(control):
    text = to_markdown([everywhere(f"a{control}b")])
    assert control not in text
    assert "# a\ufffdb\n" in text
    assert control not in to_bibtex([paper(f"a{control}b", pages=(f"{control}.txt",), url=control)])


def test_papers_as_bibtex():
    assert to_bibtex(
        [TIDE, GULLS, replace(TIDE), paper("Zürich {A}", id="z", url="http://z.example/{", pages=("a_b.txt",))]
    ) == (
        "@misc{tidenet-water,\n"
        "  title = {{TideNet: Water}},\n"
        "  year = {2024},\n"
        "  note = {Listed in harbour.txt, table.csv. Code: https://github.com/example/tidenet},\n"
        "}\n\n"
        "@misc{counting-gulls,\n"
        "  title = {{Counting Gulls}},\n"
        "  url = {https://arxiv.org/abs/2401.01234},\n"
        "  note = {Listed in kitchen.txt},\n"
        "}\n\n"
        "@misc{zurich,\n"
        "  title = {{Zürich {\\textbraceleft}A{\\textbraceright}}},\n"
        "  howpublished = {http://z.example/{\\textbraceleft}},\n"
        "  note = {Listed in a\\_b.txt},\n"
        "}\n"
    )


def test_no_papers_are_an_empty_file():
    assert to_bibtex([]) == ""


def read_bibtex(text: str) -> list[tuple[str, dict[str, str]]]:
    """A small strict parser: keys and raw fields of the entries; braces are counted as BibTeX does, escaped or not."""
    entries = []
    place = 0
    while match := re.compile(r"\s*@misc\{([a-z0-9-]+),\n").match(text, place):
        place = match.end()
        fields = {}
        while field := re.compile(r"  (\w+) = \{").match(text, place):
            start = place = field.end()
            depth = 1
            while depth:
                depth += {"{": 1, "}": -1}.get(text[place], 0)
                place += 1
            assert text[place : place + 2] == ",\n"
            fields[field[1]] = text[start : place - 1]
            place += 2
        assert text[place : place + 2] == "}\n"
        place += 2
        entries.append((match[1], fields))
    assert text[place:].strip() == ""
    return entries


SIGNS = {"backslash": "\\", "braceleft": "{", "braceright": "}", "asciitilde": "~", "asciicircum": "^", "less": "<"}
SIGNS |= {"greater": ">", "bar": "|"}


def plain(value: str) -> str:
    """A field of BibTeX as LaTeX would print it; anything that it would not print as it is fails."""

    def sign(match: re.Match[str]) -> str:
        return SIGNS[match[1]] if match[1] else match[2] or match[3] or match[4]

    token = r"\{\\text(\w+)\}|\{([\"@])\}|\\([%#$&_])|([^\\{}~^%#$&_\"@<>|\x00-\x1f])"
    assert re.fullmatch(f"(?:{token})*", value), value
    return re.sub(token, sign, value)


@pytest.mark.parametrize(
    "title",
    [
        "{",
        "}",
        "}}}",
        "{{{",
        "}, year = {1}, @misc{evil,",
        "@misc{evil, title={x}}",
        '" @string{a = "b"}',
        "@comment @preamble",
        "100 % of $x_i^2$ & #1 ~ |a| <b>",
        "\\input{/etc/passwd}",
        "ends with \\",
        "\\{ \\} \\\\",
        "Überraschung für 北京",
        "北京",
        "",
        "a -- b `c' d",
    ],
)
def test_title_of_any_signs_is_one_entry_and_reads_back(title):
    entries = read_bibtex(to_bibtex([paper(title), paper("After", id="after", pages=(title,), url=f"x {title}")]))
    assert len(entries) == 2
    value = entries[0][1]["title"]
    assert plain(value[1:-1]) == title
    assert (value[0], value[-1]) == ("{", "}")
    assert plain(entries[1][1]["note"]) == f"Listed in {title}".strip()
    assert plain(entries[1][1]["howpublished"]) == f"x {title}".strip()


def test_line_breaks_in_titles_become_blanks():
    [(_, fields)] = read_bibtex(to_bibtex([paper("a\r\n@misc{b,\u2028c")]))
    assert plain(fields["title"][1:-1]) == "a @misc{b, c"


@pytest.mark.parametrize("url", ["https://a.example/}", "https://a.example/\\x", "https://a.example/\n}"])
def test_address_with_braces_is_no_link(url):
    [(_, fields)] = read_bibtex(to_bibtex([paper(url=url)]))
    assert "url" not in fields
    assert plain(fields["howpublished"]) == " ".join(url.split())


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("2024", "2024"),
        ("1999-12-31", "1999"),
        ("May 3, 2023", "2023"),
        ("20240503", "2024"),
        ("12024", None),
        ("202405", None),
        ("}2024{", "2024"),
        ("soon", None),
        (None, None),
    ],
)
def test_year_is_that_of_the_date(date, year):
    [(_, fields)] = read_bibtex(to_bibtex([paper(date=date)]))
    assert fields.get("year") == year


def test_keys_are_unique_ascii_and_do_not_depend_on_the_order():
    papers = [paper("Street Lamps", id="1"), paper("Street: lamps!", id="2"), paper("北京", id="3"), paper("A", id="4")]

    def keys(order):
        return {p.id: key for p, (key, _) in zip(order, read_bibtex(to_bibtex(order)), strict=True)}

    assert keys(papers) == keys(papers[::-1])
    assert keys(papers) == {
        "1": "street-lamps-6b86b273",
        "2": "street-lamps-d4735e3a",
        "3": "paper-4e074085",
        "4": "paper-4b227777",
    }


def test_title_that_looks_like_the_key_of_another_paper_gets_one_of_its_own():
    papers = [paper("北京", id="3"), paper("Paper 4e074085", id="9")]
    assert [key for key, _ in read_bibtex(to_bibtex(papers))] == ["paper-4e074085", "paper-4e074085-2"]
