"""Questions that the abstracts are sure to answer: first ones from a collection, next ones from an answer.

Each is tried on the quoter before it is given, so that none leads to a refusal. No model is asked, and nothing is kept.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

import numpy as np
from numpy.typing import NDArray

from qa.answer import Answer
from qa.documents.paper import Paper
from qa.extractive.answerer import ExtractiveAnswerer
from qa.index.snapshot import Snapshot
from qa.retrieval.follow_up import Turn, read_turns
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index
from qa.suggestions.aspects import CODE, TEMPLATES, QuestionTemplate
from qa.suggestions.topics import MOST_PAPERS, find_topics, in_prose, phrases, quoted_title, short_name, with_phrase
from qa.text.acronyms import find_acronyms
from qa.text.sentences import split_passages
from qa.text.tokenize import question_tokens, tokens

LONGEST = 120
"""Characters of a suggestion."""
LOOKED_AT = 400
"""Papers that first questions are made from, drawn at random: a larger collection takes no longer."""
TRIES = 3
"""Questions tried for each one wanted; a try takes 10 to 60 milliseconds."""
OTHERS = 2
"""A theme of one paper is worth asking further when at least so many other papers share it."""
TITLES = 8
"""Titles tried where a collection has few names and themes."""
NEAREST_BY_WORDS = 20
"""Papers, the best by words, among which others on a theme are looked for."""
BROAD = 0.25
"""A topic whose rarest word occurs in more than this fraction of a collection is too general."""

ABOUT_TOPIC = ("Which papers are about {}?", "Which papers study {}?")
OTHER_PAPERS = "Which other papers are about {}?"
MORE = "Can you tell me more about {}?"


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A question that may be suggested, if its answer cites one of these papers and quotes one of these sentences (either
    may be empty: then any will do). `aspect` is what it asks of a paper, `about` the paper that it calls "this"."""

    question: str
    papers: frozenset[str] = frozenset()
    sentences: frozenset[str] = frozenset()
    aspect: QuestionTemplate | None = None
    about: str | None = None

    def holds(self, quoter: ExtractiveAnswerer, turns: Sequence[Turn] = ()) -> bool:
        if len(self.question) > LONGEST or not self.question.isprintable():
            return False
        answer = quoter.answer(self.question, turns, self.about)
        cited = {citation.paper.id for citation in answer.citations}
        quotes = {quote.text for citation in answer.citations for quote in citation.quotes}
        return answer.found and bool(cited & (self.papers or cited)) and bool(quotes & (self.sentences or quotes))


def first_questions(
    index: Index, count: int = 4, seed: int | None = None, *, quoter: ExtractiveAnswerer | None = None
) -> tuple[str, ...]:
    """Up to `count` questions that this index answers, of different kinds: about papers by name, and about themes of
    several papers. Of an empty index none.

    The same for one seed while the index stays as it is; without a seed, others each time. `quoter` (an assistant's)
    spares the reading of papers that it has read already.
    """
    chance = random.Random(seed)
    papers = _drawn(index, chance)
    quoter = quoter or ExtractiveAnswerer(index, TokenStateCache(index.embedder))
    of_names = (_of_name(chance, paper, place) for place, paper in enumerate(filter(short_name, papers)))
    of_themes = (_Candidate(question=chance.choice(ABOUT_TOPIC).format(theme)) for theme in find_topics(papers))
    of_titles = (
        _Candidate(question=f"What is {quoted_title(paper)} about?", papers=frozenset({paper.id}))
        for paper in filter(quoted_title, papers)
        if not short_name(paper)
    )
    in_turn = (one for pair in zip_longest(of_names, of_themes) for one in pair if one)
    found: list[str] = []
    for tries in (islice(in_turn, TRIES * max(count, 0)), islice(of_titles, TITLES)):
        for one in tries:
            if len(found) >= count:
                break
            if one.question not in found and one.holds(quoter):
                found.append(one.question)
    return tuple(found)


def follow_ups(
    answer: Answer,
    index: Index,
    history: Sequence[Turn] = (),
    count: int = 3,
    *,
    quoter: ExtractiveAnswerer | None = None,
) -> tuple[str, ...]:
    """Up to `count` questions to go on with after an answer; `history` has the turns before its question.

    About a cited paper they ask for what its abstract says and no answer of the conversation has quoted; then for
    other papers on the same theme; after a refusal, for the papers nearest to the question. InputError for a turn
    that is none.
    """
    turns = [*history, {"role": "user", "content": answer.question}, {"role": "assistant", "content": answer.text}]
    said = read_turns(turns)
    asked = [content for role, content in said if role == "user"]
    told = [content for role, content in said if role == "assistant"]
    told += [quote.text for citation in answer.citations for quote in citation.quotes]
    quoter = quoter or ExtractiveAnswerer(index, TokenStateCache(index.embedder))
    before = [set(question_tokens(question)) for question in asked]
    tries = (
        _after_answer(answer, index, asked, " ".join(told), count) if answer.found else _after_refusal(answer, asked)
    )
    found: list[str] = []
    for one in islice(tries, TRIES * max(count, 0)):
        if len(found) >= count:
            break
        is_new = one.question not in found and set(question_tokens(one.question)) not in before
        if is_new and one.holds(quoter, turns):
            found.append(one.question)
    return tuple(found)


def _after_refusal(answer: Answer, asked: Sequence[str]) -> Iterator[_Candidate]:
    for paper in answer.nearest:
        name, title = short_name(paper), quoted_title(paper)
        if (name or title) and not _names(paper, asked[:-1]):
            # The title first: a question of a name and nothing else would be read as leaning on the one refused.
            question = f"What is {title} about?" if title else f"What does {name} do?"
            yield _Candidate(question=question, papers=frozenset({paper.id}))


def _after_answer(answer: Answer, index: Index, asked: Sequence[str], told: str, count: int) -> Iterator[_Candidate]:
    """Something else of each cited paper, then other papers on a theme of the first, then what is left."""
    papers = [citation.paper for citation in answer.citations]
    of_papers = [_of_paper(paper, asked, told, alone=len(papers) == 1) for paper in papers[:count]]
    in_turn = [one for turn in zip_longest(*of_papers) for one in turn if one]
    kinds = dict.fromkeys(one.aspect for one in in_turn if one.aspect)
    first = [next(one for one in in_turn if one.aspect is kind) for kind in kinds]
    others = _others(papers, index, asked)
    ahead = first[: max(count - 1, 1)] if others else first
    yield from ahead
    yield from others
    yield from (one for one in in_turn if one not in ahead)


def _of_paper(paper: Paper, asked: Sequence[str], told: str, *, alone: bool) -> list[_Candidate]:
    """Questions about a paper that its unquoted sentences answer; none for a paper that cannot be named."""
    name = short_name(paper)
    called = name or ("this paper" if alone else quoted_title(paper))
    if called is None:
        return []
    new = [passage.text for passage in split_passages(paper.abstract) if passage.text not in told]
    only, this = frozenset({paper.id}), None if called != "this paper" else paper.id
    about_it = [question for question in asked[:-1] if name and _names(paper, [question])]
    found: list[_Candidate] = []
    for aspect in TEMPLATES:
        sentences = frozenset(sentence for sentence in new if aspect.applies_to(sentence))
        known = any(aspect.asks.search(question) for question in [*about_it, asked[-1]])
        if sentences and not known and (aspect is not CODE or paper.code_url):
            question = (aspect.of_name if name else aspect.of_paper).format(called)
            found.append(_Candidate(question=question, papers=only, sentences=sentences, aspect=aspect, about=this))
    if new:
        found.append(_Candidate(question=MORE.format(called), papers=only, sentences=frozenset(new), about=this))
    return found


def _others(papers: Sequence[Paper], index: Index, asked: Sequence[str]) -> list[_Candidate]:
    """The question for other papers on a topic of the first paper that was not asked about: the longest of its title
    that is shared, else one that its abstract abbreviates. One at most."""
    snapshot, cited = index.snapshot(), {paper.id for paper in papers}
    most = max(MOST_PAPERS, BROAD * snapshot.size)
    long_forms = [long_form for _, long_form in find_acronyms(papers[0].abstract)]
    for phrase in [*phrases(papers[0].title), *long_forms]:
        key = set(tokens(phrase))
        rarest = min(map(snapshot.frequency, key), default=0)
        if not OTHERS < rarest <= most or any(key <= set(tokens(question)) for question in asked):
            continue
        scores = snapshot.lexical_scores(dict.fromkeys(key, 1.0))
        sharing = with_phrase(phrase, _papers(snapshot, np.argsort(-scores, kind="stable")[:NEAREST_BY_WORDS]))
        others = frozenset(paper.id for paper in sharing) - cited
        theme = in_prose(phrase, sharing) if len(others) >= OTHERS else None
        if theme:
            return [_Candidate(question=OTHER_PAPERS.format(theme), papers=others)]
    return []


def _of_name(chance: random.Random, paper: Paper, place: int) -> _Candidate:
    """A question about a paper with a name: by turns what it does, and something that its abstract says."""
    name, only = short_name(paper), frozenset({paper.id})
    sentences = [passage.text for passage in split_passages(paper.abstract)]
    fit = [aspect for aspect in TEMPLATES if aspect is not CODE and any(map(aspect.applies_to, sentences))]
    if not fit or place % 2 == 0:
        return _Candidate(question=f"What does {name} do?", papers=only)
    aspect = chance.choice(fit)
    saying = frozenset(filter(aspect.applies_to, sentences))
    return _Candidate(question=aspect.of_name.format(name), papers=only, sentences=saying, aspect=aspect)


def _drawn(index: Index, chance: random.Random) -> list[Paper]:
    """Some papers of the index in random order, at most `LOOKED_AT`."""
    snapshot = index.snapshot()
    rows = np.flatnonzero(snapshot.alive)
    return _papers(snapshot, rows[chance.sample(range(len(rows)), min(LOOKED_AT, len(rows)))])


def _papers(snapshot: Snapshot, rows: NDArray[np.intp]) -> list[Paper]:
    """The papers in these rows; none where a build has just removed one: suggestions are not worth another try."""
    try:
        return snapshot.papers(rows[snapshot.alive[rows]])
    except KeyError:
        return []


def _names(paper: Paper, questions: Sequence[str]) -> bool:
    """Whether one of the questions has every word of the paper's name, or of its title where it has none."""
    name = set(tokens(short_name(paper) or paper.title))
    return any(name <= set(tokens(question)) for question in questions)
