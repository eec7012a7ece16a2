"""Cuts a model's reply into statements with the labels that each carries, while the reply is still coming."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from qa.context import Label
from qa.generation.citation_labels import (
    RIGHT,
    LabelGroup,
    groups_of,
    is_cut_in_label,
    labels_of,
    mask_labels,
    open_label_start,
    without_labels,
)
from qa.text.sentences import split_passages

LONGEST_STATEMENT = 2_000
"""What is longer without an end is cut: no statement is, and what is read again at every word must stay short."""

_PIECE = re.compile(rf"[^\s{RIGHT}。！？，、]{{0,199}}[\s{RIGHT}。！？，、]|[^\s{RIGHT}。！？，、]{{200}}")
"""What is read at a time, however a reply comes: up to a blank or to what may close a label or a statement."""
_BULLET = re.compile(r"\s*(?:[-*•–]|\(?\d{1,2}[.)])\s+|\s*#{1,6}\s+")
_WIDE = re.compile(r"(?=\S)[^。！？]+[。！？]*")


@dataclass(frozen=True, kw_only=True)
class ParsedStatement:
    """A statement of a reply: its text without labels, the labels, and the text `before` it: nothing,
    a blank, or line breaks, with a dash where it opens an item of a list."""

    text: str
    labels: tuple[Label, ...]
    before: str


class ReplyReader:
    """Reads a reply piece by piece and gives each statement as soon as nothing that comes can change it.

    The statements do not depend on how a reply is cut into chunks. `names` (by number) replace labels that a
    model uses as words: "as shown in [3]".
    """

    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        self._names = names or {}
        self._unread = ""
        self._open_line()
        self._gap = ""
        self._held: ParsedStatement | None = None

    def feed(self, piece: str) -> list[ParsedStatement]:
        """The statements that are whole with this piece."""
        text = self._unread + piece
        cut = len(text) - text.endswith("\r")  # half a line break, perhaps
        lines = text[:cut].replace("\r\n", "\n").replace("\r", "\n")
        found: list[ParsedStatement] = []
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

    def close(self, *, whole: bool = True) -> list[ParsedStatement]:
        """The statements that were still open; of a reply that is not `whole`, an unfinished last one is dropped."""
        self._text += self._unread
        in_label = is_cut_in_label(self._text)
        drafts = self._end_line()
        if self._held is not None:
            drafts.append(self._held)
        self._unread, self._held = "", None
        if not whole and drafts and (in_label or not _is_finished(drafts[-1])):
            drafts.pop()
        return drafts

    def _open_line(self) -> None:
        self._text, self._begun, self._leading, self._dash = "", False, None, ""

    def _settled(self) -> list[ParsedStatement]:
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
            # If labels precede their sentences, those between two sentences belong to the second.
            spans = line.spans
            self._text = self._text[spans[line.settled - 1][1] if line.leading else spans[line.settled][0] :]
        return found

    def _end_line(self) -> list[ParsedStatement]:
        """What a line still holds when it ends. Its last statement is held: the next line may be its labels alone."""
        line = _Line(self._text, self._begun, self._leading, ended=True)
        if not line.spans and self._held is not None:
            self._held = replace(self._held, labels=tuple(dict.fromkeys(self._held.labels + line.loose)))
        found = self._given(line, None)
        if line.spans and found:
            *found, self._held = found
        self._open_line()
        return found

    def _given(self, line: "_Line", count: int | None) -> list[ParsedStatement]:
        """The first statements of a line, behind what was held of the line before."""
        found: list[ParsedStatement] = []
        if self._held is not None and line.spans:
            found.append(self._held)
            self._held = None
        for i in range(len(line.spans) if count is None else count):
            text = line.words(i, self._names)
            before = " " if self._begun else self._gap + line.dash
            self._begun, self._leading, self._gap = True, line.leading, self._gap or " "
            if re.search(r"\w", text):
                found.append(ParsedStatement(text=text, labels=line.labels(i), before=before))
        return found


class _Line:
    """A line of a reply, or the rest of one: the positions of its statements and labels.

    `begun`: statements of it were given before. `leading`: whether labels precede their sentences, None if the
    line has not shown it yet. Not `ended`: more of it may come, and only the first `settled` statements are certain.
    """

    def __init__(self, text: str, begun: bool, leading: bool | None, *, ended: bool) -> None:
        if not ended:
            text = text[: open_label_start(text)]
        bullet = None if begun else _BULLET.match(text)
        begin = bullet.end() if bullet else 0
        self.text = text
        self.dash = "- " if bullet and "#" not in bullet[0] else ""
        self.groups = groups_of(text, begin, may_open=leading is not True)
        # 1. Without its labels, the line is cut into sentences.
        plain = mask_labels(" " * begin + text[begin:], self.groups, ended=ended)
        spans = [
            (passage.start + part.start(), passage.start + part.end())
            for passage in split_passages(plain)
            for part in _WIDE.finditer(passage.text)
        ]
        self.spans = [span for span in spans if re.search(r"\w", plain[slice(*span)])]
        # The last may go on, and its labels may follow; of those before it the end is certain with the word behind it.
        self.settled = 0 if ended else max(0, len(self.spans) - 1)
        # 2. Labels follow their sentence, unless the line begins with one: then they precede it.
        self._beside = [group for group in self.groups if not group.is_word]
        opens = bool(self._beside and self.spans and self._beside[0].start < self.spans[0][0])
        self.leading = opens if leading is None else leading

    @property
    def loose(self) -> tuple[Label, ...]:
        """All labels of the line."""
        return _labels(self._beside)

    def labels(self, i: int) -> tuple[Label, ...]:
        """The labels of a statement, each once, those that are words of it first."""
        start, end = self.spans[i]
        last = i + 1 == len(self.spans)
        if self.leading:
            first, behind = (self.spans[i - 1][1] if i else 0), (len(self.text) if last else end)
        else:
            first, behind = start, (len(self.text) if last else self.spans[i + 1][0])
        own = [group for group in self.groups if group.is_word and start <= group.start < end]
        own += [group for group in self._beside if first <= group.start < behind]
        return tuple(dict.fromkeys(_labels(own)))

    def words(self, i: int, names: Mapping[int, str]) -> str:
        """A statement without its labels; a name replaces a label that is a word of it."""
        return without_labels(self.text, *self.spans[i], self.groups, names)


def _labels(groups: list[LabelGroup]) -> tuple[Label, ...]:
    return tuple(label for group in groups for label in labels_of(group.inside))


def _is_finished(draft: ParsedStatement) -> bool:
    """Whether a statement has its end: a figure and a dot may have lost decimals."""
    end = re.search(r"(\d?)[.!?…。！？][\"”’)]*$", draft.text)
    return end is not None and (not end[1] or bool(draft.labels))
