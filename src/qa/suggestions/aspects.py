"""What can be asked of one paper (its results, its method, its code), and which sentences of an abstract answer it."""

import re
from dataclasses import dataclass

from qa.retrieval.intent import has_figure


@dataclass(frozen=True, kw_only=True)
class QuestionTemplate:
    """Something to ask of a paper: what a sentence `says` that answers it, how one `asks` it, and the question about a
    paper with a name of its own and about one without."""

    says: re.Pattern[str]
    asks: re.Pattern[str]
    of_name: str
    of_paper: str
    figures: bool = False

    def applies_to(self, sentence: str) -> bool:
        return bool(self.says.search(sentence)) and (has_figure(sentence) or not self.figures)


def _template(says: str, asks: str, of_name: str, of_paper: str, *, figures: bool = False) -> QuestionTemplate:
    both = (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for pattern in (says, asks))
    return QuestionTemplate(says=next(both), asks=next(both), of_name=of_name, of_paper=of_paper, figures=figures)


CODE = _template(
    r"codes?|github|implementations?|released?",
    r"codes?|github|implementations?|open.?source\w*|releas\w+",
    "Does {} release its code?",
    "Does {} release its code?",
)
"""Asked only of papers with a link to their code."""
TEMPLATES = (
    _template(
        r"outperform\w*|improv\w+|accura\w+|errors?|reduc\w+|faster|speed\w*|gains?|achiev\w+|score\w*|lower\w*|saves?|differs?|average",
        r"results?|how (?:much|well|fast|good|accurate)|faster|accura\w+|speed\w*|gains?|improv\w+",
        "What results does {} achieve?",
        "What results does {} report?",
        figures=True,
    ),
    _template(
        r"outperform\w*|compar\w+|baselines?|state.of.the.art|competitive|better|best|superior",
        r"compar\w+|baselines?|outperform\w*|better|worse|state.of.the.art|versus|vs",
        "How does {} compare with other methods?",
        "How does {} compare with earlier work?",
    ),
    _template(
        r"we (?:propose|introduce|present|develop|design|devise)|novel|consists?|framework|is based on|combin\w+",
        r"how (?:does|do|is|are)|propos\w+|introduc\w+|method|approach|idea",
        "How does {} work?",
        "Which method does {} propose?",
    ),
    CODE,
    _template(
        r"data ?sets?|benchmarks?|experiments?|imagenet|cifar\S*|tasks|evaluat\w+|tested",
        r"data ?sets?|benchmarks?|experiments?|tested|evaluat\w+|tasks?|data",
        "What is {} tested on?",
        "Which experiments does {} report?",
    ),
    _template(
        r"prov(?:e|es|ed|en|ably)|theorems?|theoretical(?:ly)? (?:guarantees?|results?|analy\w+|show)",
        r"prov\w+|theor\w+|guarant\w+|bounds?|converg\w+",
        "What is proven about {}?",
        "Which theoretical results does {} give?",
    ),
    _template(
        r"however|limitations?|challeng\w+|suffers?|difficult|bottlenecks?|lacks?|costly|expensive|problem",
        r"problems?|challeng\w+|limitations?|why|motivat\w+|difficult\w*|address\w*|solve\w*",
        "Which problem does {} solve?",
        "Which problem does {} address?",
    ),
    _template(
        r"appl(?:y|ied|ications?)|in practice|real.world",
        r"appl(?:y|ied|ications?)|used? for|practice",
        "What can {} be used for?",
        "Which applications does {} mention?",
    ),
)
