"""Answers and talks made by hand, for the tests of what the page makes of them."""

from qa.answer import Answer, Citation, Quote, Statement, Usage
from qa.documents.paper import Paper
from qa.ui.chat.conversation import About, Conversation, Step, Turn


def paper(title="TideNet: Forecasting Water", abstract="", **values) -> Paper:
    return Paper(
        **{
            "id": title[:4],
            "title": title,
            "original": abstract,
            "abstract": abstract,
            "pages": ("harbour.txt",),
            **values,
        }
    )


def quote(abstract: str, words: str) -> Quote:
    start = abstract.index(words)
    return Quote(text=words, start=start, end=start + len(words))


def said(text: str, *numbers: int, quotes=(), support="supported", reason=None) -> Statement:
    return Statement(text=text, numbers=numbers, quotes=tuple(quotes), support=support, reason=reason)


def answer(text: str, *statements: Statement, **values) -> Answer:
    """An answer of quotes that was found, unless the values say otherwise."""
    return Answer(
        **{"question": "Why?", "text": text, "found": True, "mode": "quotes", "statements": statements, **values}
    )


WATER = "The error falls to 5.4 cm. Training takes 40 minutes. Storms are rare."
BIRDS = "Gulls are counted from the air. Counts differ by 4.2 %."
TIDE = paper(abstract=WATER, code_url="https://github.com/example/tidenet", date="2024-05-01")
GULLS = paper("Counting Gulls", BIRDS, url="https://gulls.example/paper", pages=("harbour.txt", "kitchen.txt"))
ERROR, TRAINING, COUNTS = quote(WATER, "The error falls to 5.4 cm."), quote(WATER, "40 minutes"), quote(BIRDS, "4.2 %")

QUOTED = answer(
    "The error falls to 5.4 cm. [1]",
    said("The error falls to 5.4 cm.", 1, quotes=[ERROR], support="quoted"),
    citations=(Citation(number=1, paper=TIDE, quotes=(ERROR,)),),
    answerable=0.9,
    notice="Read “eror” as “error”.",
    ledger=Usage(seconds={"search": 0.02, "reading": 0.03, "all": 0.05}),
)
WRITTEN = answer(
    "It trains for 40 minutes. [1] Counts differ by 4.2 %. [1] [2]\nNobody counts herons. Gulls sleep.",
    said("It trains for 40 minutes.", 1, quotes=[TRAINING]),
    said(
        "Counts differ by 4.2 %.",
        1,
        2,
        quotes=[TRAINING, COUNTS],
        support="weak",
        reason="“differ” is said of gulls only.",
    ),
    said("Nobody counts herons.", support="absent"),
    said("Gulls sleep.", support="unsupported"),
    mode="model",
    model="gpt-4.1-mini at api.openai.com",
    rewritten="How long does TideNet train?",
    citations=(
        Citation(number=1, paper=TIDE, quotes=(TRAINING,)),
        Citation(number=2, paper=GULLS, quotes=(COUNTS,)),
    ),
    ledger=Usage(
        seconds={"search": 0.02, "writing": 2.0, "all": 2.1}, tokens_in=4310, tokens_out=180, calls=1, cost=None
    ),
)
REFUSED = answer(
    "No abstract answers this. Closest papers: “TideNet”.", found=False, nearest=(TIDE, GULLS), answerable=0.1
)

TALK = Conversation(
    id="5ca1ab1e",
    run="7",
    turns=(
        Turn(question="How large is the error?", answer=QUOTED, steps=(Step(name="searching", seconds=0.02),), vote=True),
        Turn(
            question="How long does it train?", about=About(id="Tide", title="TideNet"), answer=WRITTEN, vote=False,
            steps=(Step(name="searching", seconds=0.1), Step(name="writing", seconds=2.0, papers=8)), note="Too short.",
        ),
        Turn(question="Who won?", answer=REFUSED, follow_ups=("What does TideNet do?",)),
        Turn(question="And why?", answer=WRITTEN, stopped=True, steps=(Step(name="writing", papers=1),)),
        Turn(question="And how?", error="The model did not answer. Ask again."),
    ),
)  # fmt: skip
"""A turn of each kind: of quotes, of a model about one paper, refused, stopped, and failed."""
