"""Templates show every text of others as text, and only harmless links become links."""

import re

import pytest
from jinja2 import UndefinedError

from qa.ui.html import MAX_LINK_CHARACTERS, https, render, static


def told(text) -> str:
    """The smallest template around a text."""
    return render("told", text=text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 🐦 é 日本", "plain 🐦 é 日本"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("\"'", "&#34;&#39;"),
        ("&amp; &lt;", "&amp;amp; &amp;lt;"),
        ("{{ 7 * 7 }} {% raw %} {# #}", "{{ 7 * 7 }} {% raw %} {# #}"),
        ("</p><!-- ]]>", "&lt;/p&gt;&lt;!-- ]]&gt;"),
        ("![x](https://evil.example)", "![x](https://evil.example)"),
        ("tab\tnew\nline", "tab\tnew\nline"),
        ("\x00\x07\x1b[31m", "\\x00\\x07\\x1b[31m"),
        ("a\rb\x0bc\x7f\x85", "a\\x0db\\x0bc\\x7f\\x85"),
        ("\u202eevil\u202c", "\\u202eevil\\u202c"),
        ("\u2066a\u2069 \u200e\u200f\u061c", "\\u2066a\\u2069 \\u200e\\u200f\\u061c"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("half \ud83d pair", "half \\ud83d pair"),
        ("family 👩\u200d🔬", "family 👩\u200d🔬"),
        (None, "None"),
        (0, "0"),
    ],
    ids=[
        "plain", "script", "image", "quotation marks", "entities", "template", "end of element", "Markdown", "blanks", "control",
        "other control", "direction", "isolates and marks", "separators", "half a pair", "joiner", "none", "number",
    ],
)  # fmt: skip
def test_text_is_shown_and_not_obeyed(text, shown):
    assert told(text) == f'<p class="qa error" role="alert">{shown}</p>'


def test_shown_page_can_always_be_sent():
    told("".join(map(chr, range(0x3000))) + "\ud800\udfff\U0010ffff").encode()


def test_huge_text_is_shown_whole():
    assert told("<b>" * 300_000).count("&lt;b&gt;") == 300_000


def test_value_that_a_template_lacks_is_an_error_and_no_gap():
    with pytest.raises(UndefinedError):
        render("told")


def test_files_are_joined_in_the_order_of_their_names():
    assert static("base.css", "chat.css") == f"{static('base.css')}\n{static('chat.css')}"
    assert static("base.css").startswith(static("base.css", "cards.css")[:100])


GOOD = {
    "https://github.com/example/tidenet": None,
    "https://huggingface.co/a/b?x=1&y=2#part": None,
    "https://example.com": None,
    "https://example.com:8443/a": None,
    "https://sub.example.co.uk/a_(b)/~c;d,e!$*+=@f%20g": None,
    "https://[2001:db8::1]/a": None,
    "https://xn--mnchen-3ya.example/": None,
    "https://münchen.example/straße": None,
    "HTTPS://GitHub.com/A": "https://GitHub.com/A",
    "http://github.com/a": "https://github.com/a",
    "HtTp://example.com/?u=http://b": "https://example.com/?u=http://b",
}


@pytest.mark.parametrize("link", GOOD)
def test_good_link_is_kept_and_http_becomes_https(link):
    assert https(link) == (GOOD[link] or link)


@pytest.mark.parametrize(
    "link",
    [
        None, "", " ", "x", "github.com/a", "/a", "#a", "//evil.example", "///evil.example", "https:", "https://",
        "https:///evil.example", "https:evil.example", "https:/evil.example", "https://:443/", "https://?a", "https://#a",
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)", "javascript://x.com/%0aalert(1)",
        "data:text/html,<script>", "vbscript:x", "file:///etc/passwd", "ftp://example.com", "blob:https://x.com/a", "mailto:a@x.com",
        "view-source:https://x.com", "https+x://x.com",
        "https://user@evil.example", "https://github.com:pw@evil.example/", "https://github.com\\@evil.example", "https://@x.com",
        "https://[::1", "https://::1]/", "https://[evil]/", "https://x.com:0/", "https://x.com:abc/", "https://x.com:99999/",
        "https://x.com:-1/", "http://x.com:80/", "http://x.com:8080/a", "https://x／evil.example/",
        " https://x.com", "https://x.com ", "https://x.com/a b", "https://x.com/\ta", "https://x.com/\n", "https://x.com/\u00a0",
        "https://x.com/\x00", "https://x.com/\x7f", "https://x.com/\x85", "https://x.com/\u2028", "htt\tps://x.com",
        "https://x.com/\"onmouseover=", "https://x.com/'a", "https://x.com/<b>", "https://x.com/`", "https://x.com/{a}", "https://x.com/a|b",
        "https://x.com/^", "https://x.com\\a",
        "https://x\u202e.com/", "https://x.com/\u200e", "https://x.com/\u2066", "https://x.com/\u061c", "https://x.com/\ud800",
        "https://x.com/" + "a" * MAX_LINK_CHARACTERS,
    ],
    ids=lambda link: ascii(link)[:40],
)  # fmt: skip
def test_hostile_or_broken_link_is_none(link):
    assert https(link) is None


def test_longest_link_is_one():
    link = "https://x.com/".ljust(MAX_LINK_CHARACTERS, "a")
    assert https(link) == link


def test_link_that_is_shown_needs_no_escaping_beside_its_ampersands():
    assert all(not re.search(r"[\s\"'<>]", https(link) or "x y") for link in GOOD)
