"""A saved answer is checked against the index as it is now; a model's also against its own quotes, once more."""

import json
import math
from dataclasses import replace

import pytest

import qa
from helpers.writer import Writer
from qa.answer import Quote, refusal_text
from qa.generation.prompts import SENTINEL
from qa.text.sentences import split_passages
from qa.verification.checker import UNSUPPORTED, WEAK, CheckResult
from qa.verification.saved_answer import agrees


@pytest.fixture(scope="module")
def answer(assistant):
    return assistant.ask("By how much does TideNet lower the error on the ports?")


def test_answer_of_this_index_holds(answer, index):
    verdict = qa.verify_answer(answer, index)
    assert (verdict.holds, verdict.quotes) == (True, len(answer.citations[0].quotes))


def swap_quote(answer: qa.Answer, **changes) -> qa.Answer:
    citation = answer.citations[0]
    quotes = (replace(citation.quotes[0], **changes), *citation.quotes[1:])
    return replace(answer, citations=(replace(citation, quotes=quotes),))


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        pytest.param(
            lambda a: swap_quote(a, text="TideNet is perfect."),
            "no longer says “TideNet is perfect.”",
            id="invented quote",
        ),
        pytest.param(
            lambda a: swap_quote(a, start=a.citations[0].quotes[0].start + 1), "a quote has moved", id="moved quote"
        ),
        pytest.param(
            lambda a: swap_quote(a, start=a.citations[0].quotes[0].start - len(a.citations[0].paper.abstract)),
            "a quote has moved",
            id="negative offset",
        ),
        pytest.param(lambda a: swap_paper(a, id="gone"), "no longer in the index", id="paper gone"),
        pytest.param(lambda a: swap_paper(a, title="Another paper"), "is “TideNet", id="other title"),
        pytest.param(lambda a: swap_statement(a, numbers=(7,)), "cites [7]", id="number without citation"),
        pytest.param(
            lambda a: swap_statement(a, support="supported", quotes=()),
            "an answer of quotes is quoted",
            id="other support",
        ),
        pytest.param(
            lambda a: swap_statement(a, text="It is good."), "differs from its quote", id="reworded statement"
        ),
        pytest.param(lambda a: replace(a, text=a.text + " More [4]."), "marker [4]", id="marker without citation"),
        pytest.param(
            lambda a: replace(a, text=a.text + " It never fails [1]."),
            "says something beside",
            id="false sentence added",
        ),
        pytest.param(lambda a: replace(a, text=a.text.replace(" [1]", "")), "with its marker", id="markers removed"),
        pytest.param(
            lambda a: replace(a, statements=(), text="All lies [1]"), "says something beside", id="other text"
        ),
        pytest.param(
            lambda a: replace(a, citations=(), statements=(), text="Yes."), "cites nothing", id="nothing cited"
        ),
        pytest.param(lambda a: replace(a, found=False), "is a refusal, but cites", id="refusal that cites"),
    ],
)
def test_fault_is_named(answer, index, fault, problem):
    verdict = qa.verify_answer(fault(answer), index)
    assert not verdict.holds
    assert any(problem in line for line in verdict.problems)


def swap_paper(answer: qa.Answer, **changes) -> qa.Answer:
    citation = answer.citations[0]
    return replace(
        answer, citations=(replace(citation, paper=replace(citation.paper, **changes)), *answer.citations[1:])
    )


def swap_statement(answer: qa.Answer, **changes) -> qa.Answer:
    return replace(answer, statements=(replace(answer.statements[0], **changes), *answer.statements[1:]))


@pytest.mark.parametrize(
    "question",
    [
        "Who won the chess championship of 1972?",
        "Compare what TideNet and DoughGraph were tested on.",
        "Which work makes ferries quieter?",
    ],
)
def test_every_kind_of_answer_holds(assistant, index, question):
    assert qa.verify_answer(assistant.ask(question), index).problems == ()


# Answers of a model

QUESTION = "By how much does TideNet lower the error on the ports?"
ERROR = "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm"
GULLS = "GCL compares crops of one photograph at two heights"
NEVER = "The abstracts do not say under which licence TideNet is published."
REPLY = f"{ERROR} <On 12 ports>. {GULLS} <GCL compares>. On 99 ports it lowers the error <On 12 ports>. {NEVER}"


def written(index, reply=REPLY, question=QUESTION, **options) -> qa.Answer:
    return qa.Assistant(index, Writer(reply), **options).ask(question)


@pytest.fixture(scope="module")
def prose(index):
    answer = written(index)
    assert [s.support for s in answer.statements] == ["supported", "supported", "unsupported", "absent"]
    assert [s.numbers for s in answer.statements] == [(1,), (2,), (1,), ()]
    return answer


REPLIES = {
    "supported": f"{ERROR} <On 12 ports>.",
    "several kinds": REPLY,
    "two labels": f"{ERROR} <On 12 ports><Training takes>, and {GULLS} <GCL compares>.",
    "no label": "Training takes 40 minutes on one laptop.",
    "label of a paper": f"{GULLS} and keeps what does not change [7][1.4].",
    "label never given": "Training takes 40 minutes on one laptop [77.1].",
    "unsupported alone": "On 99 ports it lowers the error <On 12 ports>. Paris is the capital of France.",
    "absent alone": NEVER,
    "refusal": SENTINEL,
    "refusal with a sentence": f"{SENTINEL} {GULLS} <GCL compares>.",
    "refusal with an absence": f"{SENTINEL} {NEVER}",
    "list": f"- {ERROR} <On 12 ports>\n- {GULLS} <GCL compares>\n\n# Note\n{NEVER}",
    "the same twice": f"{ERROR} <On 12 ports>. {ERROR} <On 12 ports>.",
    "other language": "TideNet senkt ihn auf 12 davon von 9.1 cm auf 5.4 cm <On 12 ports>. Nichts davon [none].",
    "brackets": "Training takes [0] minutes <Training takes>. It takes 40 minutes on one laptop <Training takes>.",
}


@pytest.mark.parametrize("strict", [False, True], ids=["kept", "strict"])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_every_answer_that_a_model_makes_holds_and_so_it_does_after_json(index, reply, strict):
    answer = written(index, reply, strict=strict)
    assert answer.mode == "model"
    saved = qa.Answer.from_dict(json.loads(json.dumps(answer.to_dict())))
    assert saved == answer
    assert qa.verify_answer(saved, index).problems == ()


def test_quotes_are_counted(prose, index):
    assert qa.verify_answer(prose, index).quotes == 2


def test_follow_up_holds_by_the_question_that_was_searched_for(index):
    history = [{"role": "user", "content": "What is TideNet?"}, {"role": "assistant", "content": "A model [1]."}]
    writer = Writer(
        "Under which CreativeWork licence is TideNet published?",
        "The abstracts do not say which CreativeWork licence it has.",
    )
    answer = qa.Assistant(index, writer).ask("Which licence has it?", history)
    assert [s.support for s in answer.statements] == ["absent"]
    assert qa.verify_answer(answer, index).holds
    assert not qa.verify_answer(replace(answer, rewritten=None), index).holds


def reworded(answer: qa.Answer, old: str, new: str) -> qa.Answer:
    """The answer with other words in a statement and in its text."""
    assert old in answer.text
    statements = tuple(replace(s, text=s.text.replace(old, new)) for s in answer.statements)
    return replace(answer, text=answer.text.replace(old, new), statements=statements)


def changed(answer: qa.Answer, i: int, **changes) -> qa.Answer:
    """The answer with another statement in place i (from 0); its text stays."""
    return replace(
        answer,
        statements=(*answer.statements[:i], replace(answer.statements[i], **changes), *answer.statements[i + 1 :]),
    )


def remarked(answer: qa.Answer, i: int, *numbers: int) -> qa.Answer:
    """The answer with other numbers on a statement, in its text too."""
    old = answer.statements[i]
    marks = ["".join(f" [{number}]" for number in some) for some in (old.numbers, numbers)]
    text = answer.text.replace(old.text + marks[0], old.text + marks[1], 1)
    return replace(changed(answer, i, numbers=numbers), text=text)


def with_citation(answer: qa.Answer, i: int, **changes) -> qa.Answer:
    citations = list(answer.citations)
    citations[i] = replace(citations[i], **changes)
    return replace(answer, citations=tuple(citations))


def with_quote(answer: qa.Answer, quote: Quote) -> qa.Answer:
    """The first statement and its citation lean on another quote instead."""
    old = answer.statements[0].quotes[0]

    def swapped(quotes):
        return tuple(quote if q == old else q for q in quotes)

    statements = tuple(replace(s, quotes=swapped(s.quotes)) for s in answer.statements)
    return replace(with_citation(answer, 0, quotes=swapped(answer.citations[0].quotes)), statements=statements)


def other_sentence(answer: qa.Answer, citation: int, sentence: int) -> Quote:
    passage = split_passages(answer.citations[citation].paper.abstract)[sentence]
    return Quote(text=passage.text, start=passage.start, end=passage.end)


def part_of_quote(answer: qa.Answer) -> Quote:
    quote = answer.citations[0].quotes[0]
    return Quote(text=quote.text[3:], start=quote.start + 3, end=quote.end)


def also_says(answer: qa.Answer, sentence: str, **fields) -> qa.Answer:
    """The answer with a sentence more, in text and statements."""
    statement = replace(answer.statements[0], text=sentence, **fields)
    marks = "".join(f" [{number}]" for number in statement.numbers)
    return replace(answer, text=f"{answer.text} {sentence}{marks}", statements=(*answer.statements, statement))


TAMPERED = {
    "figure changed": (lambda a: reworded(a, "5.4 cm", "4.5 cm"), "Statement 1 is said to be supported, but is found to be unsupported now: “4.5” does not occur in the cited sentence."),
    "name changed": (lambda a: reworded(a, "TideNet lowers", "SurgeNet lowers"), "Statement 1 is said to be supported, but is found to be unsupported now"),
    "figure changed in the statement alone": (lambda a: changed(a, 0, text=a.statements[0].text.replace("5.4", "4.5")), "Statement 1 does not stand in the text"),
    "figure changed in the text alone": (lambda a: replace(a, text=a.text.replace("5.4 cm", "4.5 cm")), "Statement 1 does not stand in the text"),
    "unsupported made supported": (lambda a: changed(a, 2, support="supported", reason=None), "Statement 3 is said to be supported, but is found to be unsupported now"),
    "unsupported made weak": (lambda a: changed(a, 2, support="weak"), "Statement 3 is said to be weak, but is found to be unsupported now"),
    "supported made unsupported": (lambda a: changed(a, 0, support="unsupported"), "Statement 1 is said to be unsupported, but is found to be supported now"),
    "supported made absent": (lambda a: changed(a, 0, support="absent"), "Statement 1 says that something is not in the papers, but cites some"),
    "supported made absent without its marks": (lambda a: changed(remarked(a, 0), 0, support="absent", quotes=()), "Statement 1 is said to be about what is not in the papers, but is not"),
    "supported made quoted": (lambda a: changed(a, 0, support="quoted"), "Statement 1 is said to be quoted, but differs from its quote"),
    "unknown support": (lambda a: changed(a, 0, support="proven"), "Statement 1 is said to be 'proven', which a model's statement cannot be"),
    "absent made supported": (lambda a: changed(a, 3, support="supported"), "Statement 4 is said to be supported, but cites nothing"),
    "absence of what was not asked": (lambda a: reworded(a, "which licence TideNet", "which licence SurgeNet"), "Statement 4 is said to be about what is not in the papers, but is not"),
    "quote of another paper": (lambda a: with_quote(a, other_sentence(a, 1, 2)), "[1] “TideNet: Forecasting Harbour Water Levels with Sparse Gauges” no longer says “GCL compares"),
    "quote of another sentence": (lambda a: with_quote(a, other_sentence(a, 0, 4)), "Statement 1 is said to be supported, but is found to be unsupported now"),
    "quote of half a sentence": (lambda a: with_quote(a, part_of_quote(a)), "[1] quotes what is no whole sentence of its abstract: “12 ports"),
    "quote that nobody leans on": (lambda a: with_citation(a, 0, quotes=(*a.citations[0].quotes, other_sentence(a, 0, 4))), "[1] has a quote that no statement leans on: “Training takes"),
    "citation of the other paper": (lambda a: remarked(a, 1, 1), "Statement 2 leans on a quote that none of its citations has"),
    "citation too many": (lambda a: remarked(a, 1, 2, 1), "Statement 2 cites [1] without a quote of it"),
    "citation that nobody uses": (lambda a: replace(changed(a, 1, numbers=()), citations=a.citations), "The citations are not those of the statements"),
    "citations in another order": (lambda a: replace(a, citations=a.citations[::-1]), "The citations are not those of the statements"),
    "other paper under a number": (lambda a: with_citation(a, 0, paper=a.citations[1].paper), "[1] “Counting Gulls from the Air without Labels” no longer says"),
    "number without a citation": (lambda a: remarked(a, 0, 9), "Statement 1 cites [9], which is not among the citations"),
    "marker removed": (lambda a: replace(a, text=a.text.replace(" [2]", "")), "Statement 2 does not stand in the text"),
    "marker among the words": (lambda a: reworded(a, "compares crops", "compares [1] crops"), "Statement 2 has a marker among its words"),
    "statements in another order": (lambda a: replace(a, statements=a.statements[::-1]), "The text says something beside its statements: “On 12 ports"),
    "sentence added at the end": (lambda a: replace(a, text=f"{a.text} It never fails."), "The text says something beside its statements: “It never fails.”"),
    "sentence added in the middle": (lambda a: replace(a, text=a.text.replace(" GCL", " It never fails. GCL")), "The text says something beside its statements: “It never fails.”"),
    "sentence added at the beginning": (lambda a: replace(a, text=f"It never fails. {a.text}"), "The text says something beside its statements: “It never fails.”"),
    "sign added": (lambda a: replace(a, text=a.text.replace("cm. [1]", "cm. [1]!", 1)), "The text says something beside its statements: “!”"),
    "statement added": (lambda a: also_says(a, "It never fails, not even in storm surges."), "Statement 5 is said to be supported, but is found to be unsupported now"),
    "uncited statement added": (lambda a: also_says(a, "It never fails.", numbers=(), quotes=()), "Statement 5 is said to be supported, but cites nothing"),
    "statement removed": (lambda a: replace(a, statements=a.statements[1:]), "The text says something beside its statements: “On 12 ports"),
    "all statements removed": (lambda a: replace(a, statements=(), citations=()), "The answer claims to be found, but none of its statements is said to be supported"),
    "said not to be found": (lambda a: replace(a, found=False), "The answer is said not to be found, but a statement of it is said to be supported"),
    "made a refusal": (lambda a: replace(a, found=False, text=f"{refusal_text(())} {a.text}"), "The answer is a refusal, but says more than one sentence on the nearest paper"),
    "empty": (lambda a: replace(a, text="", statements=(), citations=(), found=False), "The text is empty."),
    "refusal in an answer": (lambda a: replace(a, text=f"{refusal_text(())} {a.text}"), "The text says something beside its statements: “No abstract answers this."),
    "said to be made of quotes": (lambda a: replace(a, mode="quotes"), "but an answer of quotes is quoted"),
    "made by nobody": (lambda a: replace(a, mode="magic"), "this one's mode is “magic”"),
    "paper that is not in the index": (lambda a: with_citation(a, 0, paper=replace(a.citations[0].paper, id="gone")), "is no longer in the index."),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "problem"), TAMPERED.values(), ids=TAMPERED)
def test_tampering_with_what_a_model_wrote_is_found(prose, index, fault, problem):
    tampered = qa.Answer.from_dict(json.loads(json.dumps(fault(prose).to_dict())))
    assert tampered != prose
    problems = qa.verify_answer(tampered, index).problems
    assert any(problem in line for line in problems), problems


REFUSED_TAMPERED = {
    "found": (lambda a: replace(a, found=True), "The text says something beside its statements: “No abstract answers this."),
    "figure": (lambda a: reworded(a, "two heights", "nine heights"), "Statement 1 is said to be supported, but is found to be unsupported now"),
    "another nearest paper": (lambda a: replace(a, nearest=a.nearest[1:]), "The text says something beside its statements: “No abstract answers this."),
    "nearest paper that is gone": (lambda a: replace(a, nearest=(replace(a.nearest[0], id="gone"), *a.nearest[1:])), "named as nearest, is not in the index"),
    "sentence": (lambda a: replace(a, text=f"{a.text} Ask again."), "The text says something beside its statements: “Ask again.”"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "problem"), REFUSED_TAMPERED.values(), ids=REFUSED_TAMPERED)
def test_tampering_with_a_refusal_is_found(index, fault, problem):
    answer = written(index, REPLIES["refusal with a sentence"])
    problems = qa.verify_answer(fault(answer), index).problems
    assert any(problem in line for line in problems), problems


@pytest.mark.parametrize(
    ("said", "found", "score", "agree"),
    [
        ("supported", "supported", 9.0, True),
        ("supported", "weak", WEAK - 0.01, True),
        ("supported", "weak", WEAK - 0.3, False),
        ("weak", "supported", 9.0, True),
        ("weak", "unsupported", UNSUPPORTED - 0.01, True),
        ("weak", "unsupported", UNSUPPORTED - 0.3, False),
        ("weak", "unsupported", -math.inf, False),
        ("unsupported", "weak", UNSUPPORTED + 0.01, True),
        ("unsupported", "supported", 9.0, False),
        ("supported", "absent", 0.0, False),
    ],
)
def test_scores_beside_a_threshold_agree_with_either_side(said, found, score, agree):
    assert agrees(said, CheckResult(support=found, score=score)) is agree
