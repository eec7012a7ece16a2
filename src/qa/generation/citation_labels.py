"""Labels in a line of a reply: their forms, the sentences they mean, and the line without them.

It does not know the papers: the statement checks decide whether a label exists.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qa.context import NONE, Label

LONGEST_SPAN = 40
"""A span such as [1-3] means at most so many papers or sentences."""
NESTED = 20
"""So many brackets around a label go with it."""

_LEFT = r"\[［【〔"
RIGHT = r"\]］】〕"
"""What may close a label, as characters within a set of a pattern."""
_NUMBER = r"[1-9１-９]\d{0,30}(?:[.．]\d{1,30})?"
_ITEM = rf"(?:(?:papers?|sentences?|p\.)\s*)?{_NUMBER}"
_ITEMS = rf"{_ITEM}(?:\s*(?:[,;&、，–—-]|and)\s*{_ITEM})*"
_GROUP = re.compile(rf"\\?[{_LEFT}]\s*\^?(?P<inside>none|{_ITEMS})\s*\\?[{RIGHT}]", re.IGNORECASE)
"""Markdown may write a bracket behind a backslash, and a footnote with ^."""
_PART = re.compile(rf"(?P<first>{_NUMBER})(?:\s*[–—-]\s*(?P<last>{_NUMBER}))?")
_SENTENCE_OF = re.compile(rf"papers?\s*({_NUMBER})\s*[,，]\s*sentences?\s*({_NUMBER})", re.IGNORECASE)

# Labels that are words of their sentence
_AND = re.compile(r"\s*(?:[,;，、&]|(?:[,;]\s*)?and)\s*", re.IGNORECASE)
"""Between two labels that are both words, or both not."""
_LEANS = re.compile(
    r"(?:^|[\s(])(?:to|in|by|from|of|with|than|like|both|and|as|unlike|while|whereas)\s*$|(?:^|\s)see\s*$",
    re.IGNORECASE,
)
_LABELLED_END = re.compile(rf"[{RIGHT}]\s*[.!?]\s*$|[:;]\s*$")

# Labels that are not whole yet
_MAY_GO_ON = "\\^0123456789０１２３４５６７８９.．,;&、，–—- \tacdenoprstACDENOPRST[［【〔"
_MAY_BE_HOLLOW = re.compile(r"\(\s*(?:s|see|see\s[\s,;]*|cf?\.?[\s,;]*|[,;][\s,;]*)?$", re.IGNORECASE)
_CUT = re.compile(rf"[^\s.!?…。！？{RIGHT}]\s*[{_LEFT}][^{RIGHT}]{{0,60}}$")

# What goes with labels that are taken out
_HOLLOW = re.compile(r"\((?:\s*(?:see|cf\.?))?[\s,;]+\)", re.IGNORECASE)
_MARK = "\0"
_BETWEEN = re.compile(rf"(?<={_MARK}){_AND.pattern}(?={_MARK})", re.IGNORECASE)
_AROUND = re.compile(
    rf"[{_LEFT}](?:\s*(?:see|cf\.?))?[^{_LEFT}{RIGHT}{_MARK}A-Za-z]*{_MARK}[^{_LEFT}{RIGHT}A-Za-z]*[{RIGHT}]"
    rf"|\((?:\s*(?:see|cf\.?))?[\s,;]*{_MARK}[\s,;{_MARK}]*\)",
    re.IGNORECASE,
)
_UNCLOSED = re.compile(
    rf"[{_LEFT}]\s*{_ITEMS}\s*(?:[,;&–—-]\s*)?(?=[.;:!?。！？]?(?:\s|$))(?![^{_LEFT}{RIGHT}()]{{0,60}}[){RIGHT}])",
    re.IGNORECASE,
)
_STRONG = re.compile(r"(?<!\w)(?:\*\*|__)|(?:\*\*|__)(?!\w)")


@dataclass(frozen=True, kw_only=True)
class LabelGroup:
    """The labels between two brackets: their text (`inside`), their position, and whether they are a word of their sentence."""

    inside: str
    start: int
    end: int
    is_word: bool


def labels_of(inside: str) -> Iterator[Label]:
    """The labels between two brackets: `3.2`, `1, 3`, `1-3`, `3.2-3.4`; `[0, 1]` is an interval, not a label."""
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


def groups_of(line: str, begin: int = 0, *, may_open: bool = True) -> list[LabelGroup]:
    """The groups of labels of a line from `begin` on, in order; one that opens it is a word only where it `may_open`."""
    found: list[LabelGroup] = []
    for match in _GROUP.finditer(line, begin):
        if found and _AND.fullmatch(line, found[-1].end, match.start()):
            is_word = found[-1].is_word
        else:
            is_word = _is_word(line, match, begin, may_open=may_open)
        found.append(LabelGroup(inside=match["inside"], start=match.start(), end=match.end(), is_word=is_word))
    return found


def mask_labels(line: str, groups: Sequence[LabelGroup], *, ended: bool = True) -> str:
    """A line with its labels masked in place, by blanks or, where they are words, by a word; brackets that this leaves
    hollow go too. Of a line that has not `ended`, what may become hollow is cut off."""
    letters = list(line)
    for group in groups:
        letters[group.start : group.end] = ("X" if group.is_word else " ") * (group.end - group.start)
    line = _HOLLOW.sub(lambda match: " " * len(match[0]), "".join(letters))
    hollow = None if ended else _MAY_BE_HOLLOW.search(line)
    return line[: hollow.start()] if hollow else line


def without_labels(line: str, start: int, end: int, groups: Sequence[LabelGroup], names: Mapping[int, str]) -> str:
    """A line from `start` to `end` without its labels; the name of the paper, by number, replaces a label that is a
    word."""
    parts: list[str] = []
    for group in groups:
        if start <= group.start < end:
            name = names.get(next(labels_of(group.inside)).paper, "") if group.is_word else ""
            parts += [line[start : group.start], _GROUP.sub(" ", name.replace(_MARK, " ")) or _MARK]
            start = group.end
    text = "".join([*parts, line[start:end]])
    for _ in range(NESTED):
        text, times = _AROUND.subn(_MARK, text)
        if not times:
            break
    text = _STRONG.sub("", _UNCLOSED.sub(_MARK, _BETWEEN.sub("", text)))
    text = re.sub(rf"\s*{_MARK}[\s{_MARK}]*(?=[.,;:!?。，！？])", "", text).replace(_MARK, " ")
    return " ".join(_GROUP.sub(" ", text).split())


def open_label_start(line: str) -> int:
    """The start of a label that may be incomplete; the length of the line if there is none."""
    tail = len(line.rstrip(_MAY_GO_ON))
    opened = re.search(rf"[{_LEFT}]", line[tail:])
    return tail + opened.start() if opened else len(line)


def is_cut_in_label(line: str) -> bool:
    """Whether a line ends within a label before its full stop."""
    return _CUT.search(line) is not None


def _label(number: str) -> Label:
    paper, _, sentence = number.replace("．", ".").partition(".")
    return Label(paper=int(paper), sentence=int(sentence or 0))


def _is_word(line: str, match: re.Match[str], begin: int, *, may_open: bool) -> bool:
    """Whether a label is a word of its sentence: "[3] proposes …", "as shown in [3]"."""
    before, after = line[max(begin, match.start() - 24) : match.start()], line[match.end() : match.end() + 24].lstrip()
    if after[:1].islower() or after[:2] in ("'s", "’s"):
        if not before.strip():
            return may_open
        # After a full stop a label belongs to the sentence before it, unless that has its own.
        if _LABELLED_END.search(before) or (before.rstrip()[-1] in ".!?" and "." not in match["inside"]):
            return True
    return bool(_LEANS.search(before))
