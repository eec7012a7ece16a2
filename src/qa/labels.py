"""Cuts a model's reply into statements with the labels that each carries, while the reply is still coming.

It knows the forms of labels, not the papers: whether a label was ever given is for the receipts to say.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from qa.passages import split_passages

LONGEST_STATEMENT = 2_000
"""What is longer without an end is cut: no statement is, and what is read again at every word must stay short."""
LONGEST_SPAN = 40
"""A span such as [1-3] means at most so many papers or sentences."""
NESTED = 20
"""So many brackets around a label go with it."""

_LEFT, _RIGHT = r"\[［【〔", r"\]］】〕"
_NUMBER = r"[1-9１-９]\d{0,30}(?:[.．]\d{1,30})?"
_ITEM = rf"(?:(?:papers?|sentences?|p\.)\s*)?{_NUMBER}"
_ITEMS = rf"{_ITEM}(?:\s*(?:[,;&、，–—-]|and)\s*{_ITEM})*"
_GROUP = re.compile(rf"[{_LEFT}]\s*(?P<inside>none|{_ITEMS})\s*[{_RIGHT}]", re.IGNORECASE)
_MAY_GO_ON = "0123456789０１２３４５６７８９.．,;&、，–—- \tacdenoprstACDENOPRST[［【〔"
"""What may stand in a label that is not closed yet."""
_PART = re.compile(rf"(?P<first>{_NUMBER})(?:\s*[–—-]\s*(?P<last>{_NUMBER}))?")
_SENTENCE_OF = re.compile(rf"papers?\s*({_NUMBER})\s*[,，]\s*sentences?\s*({_NUMBER})", re.IGNORECASE)
_BULLET = re.compile(r"\s*(?:[-*•–]|\(?\d{1,2}[.)])\s+|\s*#{1,6}\s+")
_LEANS = re.compile(
    r"(?:^|[\s(])(?:to|in|by|from|of|with|than|like|both|and|as|unlike|while|whereas)\s*$|(?:^|\s)see\s*$",
    re.IGNORECASE,
)
_LABELLED_END = re.compile(rf"[{_RIGHT}]\s*[.!?]\s*$|[:;]\s*$")
_HOLLOW = re.compile(r"\((?:\s*(?:see|cf\.?))?[\s,;]+\)", re.IGNORECASE)
_MAY_BE_HOLLOW = re.compile(r"\(\s*(?:s|see|see\s[\s,;]*|cf?\.?[\s,;]*|[,;][\s,;]*)?$", re.IGNORECASE)
_WIDE = re.compile(r"(?=\S)[^。！？]+[。！？]*")
_PIECE = re.compile(rf"[^\s{_RIGHT}。！？，、]{{0,199}}[\s{_RIGHT}。！？，、]|[^\s{_RIGHT}。！？，、]{{200}}")
"""What is read at a time, however a reply comes: up to a blank or to what may close a label or a statement."""

_MARK = "\0"
_AND = re.compile(r"\s*(?:[,;，、&]|(?:[,;]\s*)?and)\s*", re.IGNORECASE)
"""Between two labels that are both words, or both not."""
_BETWEEN = re.compile(rf"(?<={_MARK}){_AND.pattern}(?={_MARK})", re.IGNORECASE)
_AROUND = re.compile(
    rf"[{_LEFT}](?:\s*(?:see|cf\.?))?[^{_LEFT}{_RIGHT}{_MARK}A-Za-z]*{_MARK}[^{_LEFT}{_RIGHT}A-Za-z]*[{_RIGHT}]"
    rf"|\((?:\s*(?:see|cf\.?))?[\s,;]*{_MARK}[\s,;{_MARK}]*\)",
    re.IGNORECASE,
)
_UNCLOSED = re.compile(
    rf"[{_LEFT}]\s*{_ITEMS}\s*(?:[,;&–—-]\s*)?(?=[.;:!?。！？]?(?:\s|$))(?![^{_LEFT}{_RIGHT}()]{{0,60}}[){_RIGHT}])",
    re.IGNORECASE,
)
_IN_LABEL = re.compile(rf"[^\s.!?…。！？{_RIGHT}]\s*[{_LEFT}][^{_RIGHT}]{{0,60}}$")
"""How a reply ends that was cut in a label which stands before the full stop."""
_STRONG = re.compile(r"(?<!\w)(?:\*\*|__)|(?:\*\*|__)(?!\w)")


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
        self._unread = ""
        self._open_line()
        self._gap = ""
        self._held: Draft | None = None

    def feed(self, piece: str) -> list[Draft]:
        """The statements that are whole with this piece."""
        text = self._unread + piece
        cut = len(text) - text.endswith("\r")  # half a line break, perhaps
        lines = text[:cut].replace("\r\n", "\n").replace("\r", "\n")
        found: list[Draft] = []
        end = 0
        for part in _PIECE.finditer(lines):
            end = part.end()
            if part[0].endswith("\n"):
                self._text += part[0][:-1]
                blank = not self._begun and not self._text.strip()
                found += self._end_line()
                self._gap = "\n\n" if self._gap and blank else "\n"
            else:
                self._text += part[0]
                found += self._settled()
        self._unread = lines[end:] + text[cut:]
        return found

    def close(self, *, whole: bool = True) -> list[Draft]:
        """The statements that were still open; of a reply that is not `whole`, an unfinished last one is left out."""
        self._text += self._unread
        in_label = _IN_LABEL.search(self._text) is not None
        drafts = self._end_line()
        if self._held is not None:
            drafts.append(self._held)
        self._unread, self._held = "", None
        if not whole and drafts and (in_label or not _is_finished(drafts[-1])):
            drafts.pop()
        return drafts

    def _open_line(self) -> None:
        self._text, self._begun, self._leading, self._dash = "", False, None, ""

    def _settled(self) -> list[Draft]:
        """The statements that this much of a line settles."""
        if len(self._text) > LONGEST_STATEMENT:
            found = self._given(_Line(self._text, self._begun, self._leading, ended=True), None)
            self._text, self._gap = "", " "
            return found
        if self._held is None and not re.search(r"[.!?…](?!\d)|[。！？]", self._text):
            return []
        line = _Line(self._text, self._begun, self._leading, ended=False)
        found = self._given(line, line.settled)
        if line.settled:
            # Where labels stand before their sentences, those between two belong to the second.
            spans = line.spans
            self._text = self._text[spans[line.settled - 1][1] if line.leading else spans[line.settled][0] :]
        return found

    def _end_line(self) -> list[Draft]:
        """What a line still holds when it ends. Its last statement is held: the next line may be its labels alone."""
        line = _Line(self._text, self._begun, self._leading, ended=True)
        if not line.spans and self._held is not None:
            self._held = replace(self._held, labels=tuple(dict.fromkeys(self._held.labels + line.loose)))
        found = self._given(line, None)
        if line.spans and found:
            *found, self._held = found
        self._open_line()
        return found

    def _given(self, line: "_Line", count: int | None) -> list[Draft]:
        """The first statements of a line, behind what was held of the line before."""
        found: list[Draft] = []
        if self._held is not None and line.spans:
            found.append(self._held)
            self._held = None
        for i in range(len(line.spans) if count is None else count):
            text = line.words(i, self._names)
            before = " " if self._begun else self._gap + line.dash
            self._begun, self._leading, self._gap = True, line.leading, self._gap or " "
            if re.search(r"\w", text):
                found.append(Draft(text=text, labels=line.labels(i), before=before))
        return found


class _Line:
    """A line of a reply, or what is left of it: where its statements stand, and its labels.

    `begun`: statements of it were given before. `leading`: whether labels stand before their sentences, None where the
    line has not shown it yet. Not `ended`: more of it may come, and only the first `settled` statements are certain.
    """

    def __init__(self, text: str, begun: bool, leading: bool | None, *, ended: bool) -> None:
        if not ended:
            text = text[: _where_open(text)]
        bullet = None if begun else _BULLET.match(text)
        begin = bullet.end() if bullet else 0
        self.text = text
        self.dash = "- " if bullet and "#" not in bullet[0] else ""
        self.groups: list[tuple[re.Match[str], bool]] = []
        for match in _GROUP.finditer(text, begin):
            if self.groups and _AND.fullmatch(text, self.groups[-1][0].end(), match.start()):
                is_word = self.groups[-1][1]
            else:
                is_word = _is_word(text, match, begin, may_open=leading is not True)
            self.groups.append((match, is_word))
        # 1. Labels are masked in place, by blanks or, where they are words, by a word.
        masked = list(" " * begin + text[begin:])
        for match, is_word in self.groups:
            masked[match.start() : match.end()] = ("X" if is_word else " ") * len(match[0])
        plain = _HOLLOW.sub(lambda match: " " * len(match[0]), "".join(masked))
        if not ended and (hollow := _MAY_BE_HOLLOW.search(plain)):
            plain = plain[: hollow.start()]
        # 2. What is left is cut into sentences.
        spans = [
            (passage.start + part.start(), passage.start + part.end())
            for passage in split_passages(plain)
            for part in _WIDE.finditer(passage.text)
        ]
        self.spans = [span for span in spans if re.search(r"\w", plain[slice(*span)])]
        # The last may go on, and its labels may follow; of those before it the end is certain with the word behind it.
        self.settled = 0 if ended else max(0, len(self.spans) - 1)
        # 3. Behind a sentence stand its labels, unless the line begins with one: then each stands before its sentence.
        self._plain = [match for match, is_word in self.groups if not is_word]
        opens = bool(self._plain and self.spans and self._plain[0].start() < self.spans[0][0])
        self.leading = opens if leading is None else leading

    @property
    def loose(self) -> tuple[Label, ...]:
        """All labels of the line."""
        return tuple(label for match in self._plain for label in labels_of(match["inside"]))

    def labels(self, i: int) -> tuple[Label, ...]:
        """The labels of a statement, each once, those that are words of it first."""
        start, end = self.spans[i]
        last = i + 1 == len(self.spans)
        if self.leading:
            first, behind = (self.spans[i - 1][1] if i else 0), (len(self.text) if last else end)
        else:
            first, behind = start, (len(self.text) if last else self.spans[i + 1][0])
        own = [match for match, is_word in self.groups if is_word and start <= match.start() < end]
        own += [match for match in self._plain if first <= match.start() < behind]
        return tuple(dict.fromkeys(label for match in own for label in labels_of(match["inside"])))

    def words(self, i: int, names: Mapping[int, str]) -> str:
        """A statement without its labels: a name stands in for one that is a word of it."""
        at, end = self.spans[i]
        parts: list[str] = []
        for match, is_word in self.groups:
            if at <= match.start() < end:
                name = names.get(next(labels_of(match["inside"])).paper, "") if is_word else ""
                parts += [self.text[at : match.start()], _GROUP.sub(" ", name.replace(_MARK, " ")) or _MARK]
                at = match.end()
        text = "".join([*parts, self.text[at:end]])
        for _ in range(NESTED):
            text, times = _AROUND.subn(_MARK, text)
            if not times:
                break
        text = _STRONG.sub("", _UNCLOSED.sub(_MARK, _BETWEEN.sub("", text)))
        text = re.sub(rf"\s*{_MARK}[\s{_MARK}]*(?=[.,;:!?。，！？])", "", text).replace(_MARK, " ")
        return " ".join(_GROUP.sub(" ", text).split())


def labels_of(inside: str) -> Iterator[Label]:
    """The labels between two brackets: `3.2`, `1, 3`, `1-3`, `3.2-3.4`; `[0, 1]` is no label but an interval."""
    if inside.casefold() == "none":
        yield NONE
    for part in _PART.finditer(_SENTENCE_OF.sub(r"\1.\2", inside)):
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
    paper, _, sentence = number.replace("．", ".").partition(".")
    return Label(paper=int(paper), sentence=int(sentence or 0))


def _where_open(text: str) -> int:
    """Where a label begins that may not be whole yet; the length where there is none."""
    tail = len(text.rstrip(_MAY_GO_ON))
    opened = re.search(rf"[{_LEFT}]", text[tail:])
    return tail + opened.start() if opened else len(text)


def _is_word(line: str, match: re.Match[str], begin: int, *, may_open: bool) -> bool:
    """Whether a label is a word of its sentence: "[3] proposes …", "as shown in [3]"."""
    before, after = line[max(begin, match.start() - 24) : match.start()], line[match.end() : match.end() + 24].lstrip()
    if after[:1].islower() or after[:2] in ("'s", "’s"):
        if not before.strip():
            return may_open
        # Behind a full stop a label of a sentence belongs to what came before it, unless that has its own.
        if _LABELLED_END.search(before) or (before.rstrip()[-1] in ".!?" and "." not in match["inside"]):
            return True
    return bool(_LEANS.search(before))


def _is_finished(draft: Draft) -> bool:
    """Whether a statement has its end: a figure and a dot may have lost decimals."""
    end = re.search(r"(\d?)[.!?…。！？][\"”’)]*$", draft.text)
    return end is not None and (not end[1] or bool(draft.labels))
