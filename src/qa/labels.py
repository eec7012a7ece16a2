"""Cuts a model's reply into statements with the labels that each carries, while the reply is still coming.

It knows the forms of labels, not the papers: whether a label was ever given is for the receipts to say.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from qa.passages import split_passages

LONGEST_LINE = 4_000
"""A line that is longer is cut: no statement is, and what is read again with every piece must stay short."""
LONGEST_SPAN = 40
"""A span such as [1-3] means at most so many papers or sentences."""

_NUMBER = r"[1-9]\d{0,3}(?:\.\d{1,4})?"
_ITEM = rf"(?:(?:papers?|sentences?|p\.)\s*)?{_NUMBER}"
_GROUP = re.compile(
    rf"[\[［【]\s*(?P<inside>none|{_ITEM}(?:\s*(?:[,;&、，–—-]|and)\s*{_ITEM})*)\s*[\]］】]", re.IGNORECASE
)
_PART = re.compile(rf"(?P<first>{_NUMBER})(?:\s*[–—-]\s*(?P<last>{_NUMBER}))?")
_OPEN = re.compile(r"[\[［【][^\]］】\n]{0,60}$")
_BULLET = re.compile(r"\s*(?:[-*•–]|\(?\d{1,2}[.)])\s+(?=\S)|\s*#{1,6}\s+")
_LEANS = re.compile(
    r"(?:^|[\s(])(?:to|in|by|from|of|with|than|like|see|both|and|as|unlike|while|whereas)\s*$", re.IGNORECASE
)
_EMPTY = re.compile(r"\[\s*\]|\((?:\s*(?:see|cf\.?))?[\s,;]*\)", re.IGNORECASE)
_WIDE = re.compile(r"(?=\S)[^。！？]+[。！？]*")


@dataclass(frozen=True, kw_only=True, order=True)
class Label:
    """A sentence that a model cites, by the numbers it was shown, from 1; `sentence` 0 means the paper as a whole."""

    paper: int
    sentence: int = 0


NONE = Label(paper=0)
"""`[none]`: the statement says that something is not in the papers."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A statement of a reply as it came: its text without labels, the labels, and what stands `before` it: nothing,
    a blank, or line breaks, with a dash where it opens an item of a list."""

    text: str
    labels: tuple[Label, ...]
    before: str


class ReplyReader:
    """Reads a reply piece by piece and gives each statement as soon as nothing that comes can change it.

    However a reply is cut into pieces, the statements are the same. `names` (by number) stand in for labels that a
    model uses as words: "as shown in [3]".
    """

    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        self._names = names or {}
        self._line, self._given, self._gap = "", 0, ""
        self._held: Draft | None = None

    def feed(self, piece: str) -> list[Draft]:
        """The statements that are whole with this piece."""
        found: list[Draft] = []
        *ended, rest = (self._line + piece.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
        for line in ended:
            found += self._end_line(line)
            self._gap = "\n\n" if self._gap and not line.strip() else "\n"
        while len(rest) > LONGEST_LINE:
            cut = rest.rfind(" ", 1, LONGEST_LINE)
            cut = cut if cut > 0 else LONGEST_LINE
            found += self._end_line(rest[:cut])
            rest, self._gap = rest[cut:], " "
        self._line = rest
        # Only a blank or a bracket can settle a statement; to read the line at every piece would cost quadratic time.
        if ended or any(c.isspace() or c in "]］】。！？" for c in piece):
            found += self._give(*_statements(rest, self._names, ended=False))
        return found

    def close(self, *, whole: bool = True) -> list[Draft]:
        """The statements that were still open; of a reply that is not `whole`, an unfinished last one is left out."""
        drafts = self._end_line(self._line)
        if self._held is not None:
            drafts.append(self._held)
        if not whole and drafts and not re.search(r"[.!?。！？][\"”’)]*$", drafts[-1].text):
            drafts.pop()
        self._line, self._held = "", None
        return drafts

    def _end_line(self, line: str) -> list[Draft]:
        """What a line still holds when it ends. Its last statement is held: the next line may be its labels alone."""
        found = self._give(*_statements(line, self._names, ended=True))
        self._given = 0
        if found:
            *found, self._held = found
        return found

    def _give(self, drafts: list[Draft], loose: tuple[Label, ...]) -> list[Draft]:
        """The statements of a line that were not given before, with what was held of the line before."""
        found: list[Draft] = []
        if self._held is not None and (drafts or loose):
            if loose:
                self._held = replace(self._held, labels=self._held.labels + loose)
            else:
                found.append(self._held)
                self._held = None
        for draft in drafts[self._given :]:
            before = (self._gap + draft.before.lstrip(" ")) if self._given == 0 else draft.before
            found.append(replace(draft, before=before))
            self._given += 1
            self._gap = self._gap or " "
        return found


def _statements(line: str, names: Mapping[int, str], *, ended: bool) -> tuple[list[Draft], tuple[Label, ...]]:
    """The statements of a line, of one that goes on only those that are settled; and its labels where it has no words."""
    if not ended:
        unclosed = _OPEN.search(line)
        line = line[: unclosed.start()] if unclosed else line
    bullet = _BULLET.match(line)
    begin = bullet.end() if bullet else 0
    groups = [(match, _is_word(line, match, begin)) for match in _GROUP.finditer(line, begin)]
    # 1. Labels are masked in place, by blanks or, where they are words, by a word.
    masked = list(" " * begin + line[begin:])
    for match, is_word in groups:
        masked[match.start() : match.end()] = ("X" if is_word else " ") * len(match[0])
    text = "".join(masked)
    # 2. What is left is cut into sentences.
    spans = [
        (passage.start + part.start(), passage.start + part.end())
        for passage in split_passages(text)
        for part in _WIDE.finditer(passage.text)
    ]
    spans = [span for span in spans if re.search(r"\w", text[slice(*span)])] if ended else spans
    plain = [match for match, is_word in groups if not is_word]
    if ended and not spans:
        return [], tuple(label for match in plain for label in labels_of(match["inside"]))
    # 3. Behind a sentence stand its labels, unless the line begins with one: then each stands before its sentence.
    leading = bool(plain and spans and plain[0].start() < spans[0][0])
    drafts = []
    for i, (start, end) in enumerate(spans):
        after = spans[i + 1][0] if i + 1 < len(spans) else len(line)
        before = spans[i - 1][1] if i else begin
        own = [m for m in plain if (before <= m.start() < end if leading else start <= m.start() < after)]
        words = _cleaned(line[start:end], names)
        dash = "- " if bullet and i == 0 and "#" not in bullet[0] else ""
        drafts.append(Draft(text=words, labels=_labels(own, groups, start, end, names), before=dash if i == 0 else " "))
    if not ended:
        # One whole word must be seen behind a sentence, for it may have been no end, and labels may follow.
        last = text[slice(*spans[-1])] if spans else ""
        settled = bool(last) and (bool(re.search(r"\s", last.strip())) or text[spans[-1][1] :][:1].isspace())
        drafts = drafts[:-1] if settled else drafts[:-2]
    return [draft for draft in drafts if re.search(r"\w", draft.text)], ()


def labels_of(inside: str) -> Iterator[Label]:
    """The labels between two brackets: `3.2`, `1, 3`, `1-3`, `3.2-3.4`; `[0, 1]` is no label but an interval."""
    if inside.casefold() == "none":
        yield NONE
    for part in _PART.finditer(inside):
        first = _label(part["first"])
        yield first
        if part["last"] is None:
            continue
        last = _label(part["last"])
        if first.sentence and not last.sentence:
            last = Label(paper=first.paper, sentence=last.paper)
        if first.sentence and first.paper == last.paper:
            for sentence in range(first.sentence + 1, min(last.sentence, first.sentence + LONGEST_SPAN) + 1):
                yield Label(paper=first.paper, sentence=sentence)
        else:
            for paper in range(first.paper + 1, min(last.paper, first.paper + LONGEST_SPAN) + 1):
                yield Label(paper=paper, sentence=last.sentence if paper == last.paper else 0)


def _label(number: str) -> Label:
    paper, _, sentence = number.partition(".")
    return Label(paper=int(paper), sentence=int(sentence or 0))


def _labels(
    own: list[re.Match[str]], groups: list[tuple[re.Match[str], bool]], start: int, end: int, names: Mapping[int, str]
) -> tuple[Label, ...]:
    """The labels of a statement, each once, those that are words of it among them."""
    words = [match for match, is_word in groups if is_word and start <= match.start() < end]
    return tuple(dict.fromkeys(label for match in [*words, *own] for label in labels_of(match["inside"])))


def _is_word(line: str, match: re.Match[str], begin: int) -> bool:
    """Whether a label is a word of its sentence: "[3] proposes …", "as shown in [3]"."""
    before, after = line[begin : match.start()], line[match.end() :].lstrip()
    opens = not before.strip() or before.rstrip()[-1] in ".!?:;"
    return (opens and after[:1].islower()) or bool(_LEANS.search(before))


def _cleaned(text: str, names: Mapping[int, str]) -> str:
    """A sentence without its labels: a name stands in for one that is a word of it."""

    def word(match: re.Match[str]) -> str:
        name = names.get(next(labels_of(match["inside"])).paper, "")
        return name if name and _is_word(text, match, 0) else " "

    while _GROUP.search(text):  # what is taken out may leave another: [1[2]3]
        text = _GROUP.sub(word, text)
        names = {}
    text = _EMPTY.sub(" ", text.replace("**", "").replace("__", ""))
    text = " ".join(text.split())
    return re.sub(r"\s+([.,;:!?。，！？])", r"\1", text).strip()
