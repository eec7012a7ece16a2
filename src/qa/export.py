"""Answers as Markdown and their papers as BibTeX. Pure functions: nothing is read, written or asked.

Questions, answers, titles and quotes are untrusted text: none of their characters becomes markup of the file.
JSON is not made here: `Answer.to_dict` is it.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from qa.answer import Answer, Citation, Statement
from qa.documents.paper import Paper

SIGNS = {"unsupported": "⚠", "weak": "◔"}
"""Drawn behind a statement that its quotes do not carry, or carry in part."""
LABELS = {"unsupported": "Not supported by the quotes", "weak": "Supported in part"}

_LINE_BREAKS = re.compile("[ \t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MAIL = r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+"
_MARKUP = re.compile(
    # What some reader of Markdown makes an address of by itself: a scheme, //, www., name.org; and :: of directives.
    rf"(?P<mail>{_MAIL})|[\\`*_{{}}\[\]<>#~|$^&@]|=(?==)|:(?=\S)|/(?=/)|(?<=\w)\.(?=[^\W\d_]{{2}})|(?<=www)\.",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"(?P<number>\d{1,9})(?=[.)])|(?=[-+=:%])")
_HTTPS = re.compile(
    r"https://(?:[a-z0-9][a-z0-9-]{0,62}\.)+[a-z][a-z0-9-]{0,61}[a-z0-9](?::\d{1,5})?(?:[/?#][\w.~:/?#\[\]@!$&'()*+,;=%-]*)?",
    re.ASCII | re.IGNORECASE,
)
LONGEST_ADDRESS = 2000
"""Characters; browsers and servers take no longer ones, and none is looked at."""
_ARXIV = re.compile(r"\d\d(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d{1,2})?", re.ASCII)
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?=(?:\d{4})?(?!\d))", re.ASCII)
_LATEX = {
    "\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}", "<": r"{\textless}", ">": r"{\textgreater}", "|": r"{\textbar}",
    '"': '{"}', "@": "{@}", "%": r"\%", "#": r"\#", "$": r"\$", "&": r"\&", "_": r"\_",
}  # fmt: skip


def to_markdown(turns: Sequence[Answer]) -> str:
    """One answer or a conversation in Markdown (CommonMark, as GitHub reads it too); empty for no turns.

    For each turn the question, the text, what is to be said of its statements, the papers with every quote, and who
    wrote it. Numbers are each turn's own. Only well-formed https addresses become links.
    """
    return "".join("\n\n".join(_turn(answer)) + "\n\n" for answer in turns).removesuffix("\n")


def to_bibtex(papers: Iterable[Paper]) -> str:
    """The papers as BibTeX, each once, in order; empty for none. A key is made of a title's first words, and, where
    papers of this file share them, of the paper's id."""
    once = list({paper.id: paper for paper in papers}.values())
    return "\n".join(_entry(paper, key) for paper, key in zip(once, _keys(once), strict=True))


def _turn(answer: Answer) -> list[str]:
    """The blocks of one turn; each untrusted text is in its own block, so that no two can combine."""
    blocks = [f"# {_markdown(answer.question)}"]
    if answer.rewritten:
        blocks.append(f"Searched for: {_markdown(answer.rewritten)}")
    blocks += _paragraphs(answer)
    if remarks := [_remark(statement) for statement in answer.statements if statement.support in SIGNS]:
        blocks.append("\n".join(remarks))
    for citation in answer.citations:
        blocks += _cited(citation)
    if answer.nearest:
        blocks += ["Closest papers:", "\n".join(f"- {_paper(paper)}" for paper in answer.nearest)]
    if answer.notice:
        blocks.append(_markdown(answer.notice))
    if answer.mode == "model":
        who = _markdown(answer.model) if answer.model else "a language model"
        blocks.append(f"Written by {who}; each sentence checked against the quotes.")
    elif answer.statements:
        blocks.append("Quoted from the abstracts.")
    return blocks


def _paragraphs(answer: Answer) -> list[str]:
    """The text of an answer, a line of it a paragraph, with a sign behind each statement that is not well supported."""
    parts: list[str] = []
    for text, statement in answer.segments():
        if statement is None:
            parts.append(_lines(text))
            continue
        sign = SIGNS.get(statement.support)
        parts += [_inline(statement.text), text.removeprefix(statement.text), f" {sign}" if sign else ""]
    return [_at_start(line.strip(" ")) for line in "".join(parts).split("\n") if line.strip(" ")]


def _lines(text: str) -> str:
    """A text of several lines, each escaped as a line of its own."""
    return "\n".join(_inline(line) for line in text.split("\n"))


def _remark(statement: Statement) -> str:
    """A statement that is not well supported, and why."""
    reason = f" {_inline(statement.reason)}" if statement.reason else ""
    return f"- {SIGNS[statement.support]} {LABELS[statement.support]}: “{_inline(statement.text)}”{reason}"


def _cited(citation: Citation) -> list[str]:
    return [
        f"**[{citation.number}]** {_paper(citation.paper)}",
        *(f"> {_markdown(quote.text)}" for quote in citation.quotes),
    ]


def _paper(paper: Paper) -> str:
    """A paper on one line: title, pages that list it, its code, its address."""
    code, address = paper.code_url, _address(paper)
    return (
        f"{_markdown(paper.title)} ({_inline(', '.join(paper.pages))})"
        + (f" · code: {_link(code)}" if code else "")
        + (f" · {_link(address)}" if address and address != code else "")
    )


def _address(paper: Paper) -> str | None:
    """Where the paper can be read: its own address, else that of its id where this is one of arXiv."""
    return paper.url or (f"https://arxiv.org/abs/{paper.id}" if _ARXIV.fullmatch(paper.id) else None)


def _link(url: str) -> str:
    """A link that shows the whole address; anything but a well-formed https address is plain text."""
    return f"<{url}>" if _is_https(url) else _inline(url)


def _is_https(url: str) -> bool:
    return len(url) <= LONGEST_ADDRESS and _HTTPS.fullmatch(url) is not None


def _markdown(text: str) -> str:
    """Untrusted text as one line of Markdown that shows exactly this text, wherever the line is used."""
    return _at_start(_inline(text).strip())


def _inline(text: str) -> str:
    """The same within a line. A mail address becomes code, as backslashes do not keep GitHub from linking it."""
    return _MARKUP.sub(lambda m: f"`{m[0]}`" if m["mail"] else "\\" + m[0], _one_line(text, "\ufffd"))


def _at_start(line: str) -> str:
    """A line that opens no list, heading, rule or table."""
    return _BLOCK.sub(lambda m: (m["number"] or "") + "\\", line, count=1) if _BLOCK.match(line) else line


def _one_line(text: str, control: str) -> str:
    """A text without line breaks, with `control` for every character that steers a terminal or a line's direction."""
    return _CONTROL.sub(control, _LINE_BREAKS.sub(" ", text))


def _entry(paper: Paper, key: str) -> str:
    address = _address(paper)
    note = f"Listed in {', '.join(paper.pages)}" + (f". Code: {paper.code_url}" if paper.code_url else "")
    year = _YEAR.search(paper.date or "")
    fields = {"title": f"{{{_latex(paper.title)}}}"}
    if year:
        fields["year"] = year[0]
    if address:
        # A questionable address is written as text; the other has no character that is special in BibTeX.
        linked = _is_https(address)
        fields["url" if linked else "howpublished"] = address if linked else _latex(address)
    fields["note"] = _latex(note)
    return "\n".join([f"@misc{{{key},", *(f"  {name} = {{{value}}}," for name, value in fields.items()), "}\n"])


def _latex(text: str) -> str:
    """A text that BibTeX and LaTeX show as it is: its braces are balanced, its other signs plain characters."""
    return "".join(_LATEX.get(c, c) for c in _one_line(text, "").strip())


def _keys(papers: Sequence[Paper]) -> list[str]:
    """A key for each paper: lower-case ASCII letters, digits and hyphens."""
    slugs = [_slug(paper.title) for paper in papers]
    times = Counter(slugs)
    keys: dict[str, None] = {}
    for paper, slug in zip(papers, slugs, strict=True):
        digest = hashlib.sha256(paper.id.encode("utf-8", "replace")).hexdigest()[:8]
        key = slug if slug and times[slug] == 1 else f"{slug or 'paper'}-{digest}"
        while key in keys:  # a title may look like another paper's key
            key += "-2"
        keys[key] = None
    return list(keys)


def _slug(title: str) -> str:
    """The first words of a title of two ASCII letters or digits, up to three; empty where it has none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]{2,}", plain)[:3])[:48]
