"""What a question asks for, from its wording alone: a figure, papers, several things, or more of the last reply."""

import re

_MEASURES = (
    r"(?:accurac\w*|scor\w+|fid|psnr|ssim|lpips|perplexit\w*|errors?|rates?|siz\w+|numbers?|values?|percent\w*|fraction|share"
    r"|factor|speed-?ups?|margins?|dimensions?|thresholds?|temperatures?|frequenc\w+|ratios?|costs?|memory|budget|auc|f1"
    r"|dice|iou|miou|bleu|rouge|wer|epochs?|layers?|parameters?|bits?|averages?|improvements?|gains?|reductions?"
    r"|amounts?|db|top-1|top-5|latency|throughput|flops|hours?|minutes?|seconds?|years?|batch|widths?|depth|stride)"
)
_ASKS_FIGURE = re.compile(
    r"\bhow (?:many|much|long|large|big|fast|often|high|low|far|small|deep|wide|old|expensive|close|few)\b"
    rf"|\b(?:what|which|wich|whats|what's)\b(?: [\w'-]+){{0,4}}? {_MEASURES}\b|\bby what\b|\bhow [\w-]+ times\b",
    re.IGNORECASE,
)
_ASKING = re.compile(r"\b(?:what|which|wich|who|how|why|where|when|does|do|is|are|did|can|whose|whom)\b", re.IGNORECASE)
_MEASURE = re.compile(rf"\b{_MEASURES}\b", re.IGNORECASE)
_FIGURE = re.compile(
    r"(?<![\w.-])\d[\d.,]*\s?(?:%|x\b|×|[kKMB]\b)?(?![\w-]*[A-Za-z])"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|billions?|twice|half"
    r"|halves|doubles?d?|triples?d?|\w+fold|orders? of magnitude)\b(?!-)",
    re.IGNORECASE,
)
_DETAILS = re.compile(
    r"\b(batch|licen[sc]es?|learning rate|hyper-?parameters?|parameters?|gpus?|hours?|hardware|kernel|stride|seeds?|authors?"
    r"|epochs?|optimi[sz]ers?|funding|venue|layers|width|depth|days|cost|price|weight decay|dropout|annotators?|participants"
    r"|clusters?|temperature|threshold|margin|ablation|university|conference|published|version|framework|pytorch|tensorflow)\b",
    re.IGNORECASE,
)
"""Details that readers ask for and abstracts seldom give."""

_WORK = (
    r"(?:papers?|works?|stud(?:y|ies)|articles?|abstracts?|publications?|thes[ie]s|books?|surveys?|authors?|groups?"
    r"|approach(?:es)?|methods?|algorithms?|theor(?:y|ies)|techniques?|systems?|models?|frameworks?|architectures?)"
)
_ASKS_PAPERS = re.compile(
    rf"\b(?:which|what|wich|any|some|other|all|list|the)\b(?: [\w-]+){{0,3}}? {_WORK}\b|\bis there\b|\bare there\b|\bexists?\b"
    r"|\bwho\b|\bwhose\b|\bsome(?:one|body|thing)\b|\bany(?:one|body|thing)\b|\bi (?:half )?re(?:call|member)\b|\bfind\b"
    r"|\blooking for\b|\bdoes any\w*\b|\bpapers? on\b",
    re.IGNORECASE,
)
_WORKS = r"(?:papers|works|studies|articles|abstracts|publications|approaches|methods|algorithms|theories|techniques|systems|models|frameworks|remedies|surveys)"
_COUNTED = re.compile(
    rf"\b(two|three|four|both)\b(?: [\w-]+){{0,2}} {_WORKS}\b|\b(two|three|four)\b of (?:the|my)\b|\b(both)\b",
    re.IGNORECASE,
)
_COUNTS = {"two": 2, "both": 2, "three": 3, "four": 4}
_SEVERAL = re.compile(
    r"\b(?:compar(?:e[ds]?|ing|isons?)|contrast|differences?|differ|versus|vs|both|respectively|the former|the latter)\b"
    rf"|\beach(?= of (?:them|these|those|the)\b| (?:do|does|one|paper|work|study|{_WORKS})\b|\W*$|[,;.])"
    r"|\bwhich (?:ones|are they|two|three)\b|\bdo they (?:agree|differ)\b|\b(?:two|three|several|some) of (?:the|my)\b"
    rf"|\b(?:list|all|which|what|two|three|four|several|different|various|are there|any|the|their|my)\b(?! (?:paper|work|study|article|book|survey)\b)(?: (?:of|the|other|theory)\b)?(?: [\w-]+)? {_WORKS}\b"
    rf"|\b(?:papers|works) (?:on|about|list)\b|\ball papers\b|\b(?:in )?which\b.{{1,300}}\band (?:in )?which\b"
    r"|\bone (?:paper|work|study)\b.{1,300}\b(?:other|another|later|second)\b|\bone (?:in|for|with|of|on)\b.{1,300}\b(?:the )?(?:other|one) (?:in|for|with|of|on)\b",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\b(?:it|its|it's|they|their|theirs|them|this|that|these|those|same|such|he|she|the (?:method|authors?|paper|work|model"
    r"|approach|system|algorithm|network|result|results|first|second|last|other|others|former|latter))\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"^\W*(?:and|but|so|or|also|then|what about|how about|why|ok|okay|thanks|yes|no|really|are you sure)\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    rf"\b(?:other|another|others|similar|alternative|different)\b(?: [\w-]+)? {_WORK}\b|\b(?:are there|is there)\b.{{0,300}}\b(?:others?|another|else|alternatives?)\b"
    r"|\b(?:does|do|did|has|have|is) (?:some|any) ?(?:one|body)\b|\bsomone\b|\b(?:any|some) ?(?:one|body|thing|where) else\b|\bwho else\b|\binstead\b|\bwhat else\b",
    re.IGNORECASE,
)
_MORE = re.compile(r"\b(?:more|summar\w+|explain|elaborate|details|go on)\b", re.IGNORECASE)
_THE_COLLECTION = re.compile(
    r"^\W*(?:(?:which|what|any|are there|is there|find|list|show)\b(?: [\w-]+){0,2}? (?:papers?|works?|studies|articles|abstracts|publications|research)"
    r"|(?:which|what)\b(?: [\w-]+){1,2} (?:is|are) there)\b",
    re.IGNORECASE,
)
_NEW_TOPIC = re.compile(
    r"\b(?:something else|(?:an)?other (?:topic|question|matter|subject|thing)|different (?:topic|question|matter|subject|thing)"
    r"|new (?:topic|question)|enough (?:of|on|about)|that is all|that's all|leave that|leaving that|chang(?:e|ing) (?:of |the )?(?:topic|subject)|unrelated|forget (?:that|it|about))\b",
    re.IGNORECASE,
)


def asks_figure(question: str) -> bool:
    """Whether a number would answer the question ("how many", "which FID", or keywords with a measure among them)."""
    return bool(_ASKS_FIGURE.search(question)) or (not _ASKING.search(question) and bool(_MEASURE.search(question)))


def has_figure(text: str) -> bool:
    """Whether a text states a number in digits or words; digits inside names (CIFAR-10, node2vec) do not count."""
    return bool(_FIGURE.search(text))


def rare_details(question: str) -> list[str]:
    """The details named in a question that abstracts seldom give, in lower case: batch, licence, hours, …"""
    return [match[0].casefold() for match in _DETAILS.finditer(question)]


def asks_papers(question: str) -> bool:
    """Whether papers would answer the question ("which work …", "is there …", "who …"), going by its wording."""
    return bool(_ASKS_PAPERS.search(question)) or not _ASKING.search(question)


def papers_requested(question: str) -> int | None:
    """How many papers it takes to answer, going by the wording: None for one, 0 for several without a number."""
    if not _SEVERAL.search(question):
        return None
    counted = _COUNTED.search(question)
    return _COUNTS[next(filter(None, counted.groups())).casefold()] if counted else 0


def refers_back(question: str) -> bool:
    """Whether the wording leans on what was said before: pronouns, "and …", "the authors"."""
    return bool(_REFERS.search(question) or _GOES_ON.search(question))


def asks_for_more(question: str) -> bool:
    """Whether the question asks for more about the last paper: "tell me more about that paper"."""
    return bool(_MORE.search(question))


def asks_others(question: str) -> bool:
    """Whether the question looks beyond the papers named so far: "is there other work …", "does someone …"."""
    return bool(_OTHERS.search(question))


def asks_the_collection(question: str) -> bool:
    """Whether the question is put to all papers, whatever was talked about: "which papers …", "what is there on …"."""
    return bool(_THE_COLLECTION.search(question))


def opens_new_topic(question: str) -> bool:
    """Whether the question says that it leaves the conversation so far: "something else", "enough of that"."""
    return bool(_NEW_TOPIC.search(question))
