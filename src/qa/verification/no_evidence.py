"""Does a statement say that something is not in the papers? Such a statement can have no quote.

It goes by English wording; a model marks these statements in any language with the label [none]. A denial about a method
("labels are not needed", "it does not report errors to the user") is none: who is said to be silent must be a paper, or
what is said to be missing something that is told.
"""

import re

from qa.text.tokenize import question_tokens

_SAYING = (
    r"(?:say|said|mention|state|specif(?:y|ied)|give|given|report|describe|name|discuss|provide|tell|told|address|indicate|disclose|reveal|"
    r"explain|detail|list|compare|include|cover|clarif(?:y|ied)|contain|hold|quantif(?:y|ied)|present|answer|treat|identif(?:y|ied)|offer|"
    r"record|show|make|go into|touch on|elaborate|comment)(?:s|es|d|ed|n|ing)?"
)
_TOLD = r"(?:said|mentioned|stated|specified|reported|named|disclosed|revealed|told|quantified|indicated|detailed|recorded|discussed|clarified)"
_PAPERS = (
    r"(?:abstracts?|excerpts?|passages?|summar(?:y|ies)|(?<!previous )(?<!prior )(?<!earlier )(?<!existing )(?<!other )(?:papers?|authors?)|"
    r"(?:the|this|these|those|given|cited|shown)\s+(?:study|studies|works?|texts?|sentences?|sources?|collection)|"
    r"(?:given|provided|shown|cited|retrieved)\s+(?:context|documents?|information|material))"
)
_WHICH = r"(?:(?:by|on|in|for|at|from|to|with|of)\s+)?(?:how|which|what|whether|who|whose|when|where|why|if)\b"
_THING = (
    r"(?:numbers?|figures?|values?|sizes?|counts?|reasons?|details?|information|explanations?|comparisons?|names?|dates?|years?|prices?|costs?|"
    r"percentages?|runtimes?|times?|mention|indication|results?|evidence|answer|statement|datasets?)"
)
_NOT = r"(?:\s+not|n['’]t)(?:\s+(?:explicitly|directly|actually|themselves|itself|outright|further|even))?"
_QUIET = r"[^.;]{0,40}?"
_UP_TO = r"(?:(?!\b(?:that|says?|shows?|reports?|states?|finds?|proves?|argues?|claims?|where|how)\b)[^.;]){0,80}?"
_ENDS = rf"(?:\s+(?:here|there|anywhere|explicitly|either|at all))?(?:\s*[.,;]|\s*$|\s+(?:in|by|among|within|from|anywhere in)\s+{_QUIET}\b{_PAPERS}\b)"
_WORDINGS = (
    # The papers do not say it.
    rf"\b{_PAPERS}\b{_UP_TO}\b(?:(?:do|does|did|is|are|was|were|can|could){_NOT}|cannot|never|fails?\s+to)\s+{_QUIET}\b{_SAYING}\b",
    rf"\b(?:no|none\s+of|neither(?:\s+of)?|not\s+(?:one|any|a\s+single)(?:\s+of)?)\s+(?:\w+\s+){{0,3}}?{_PAPERS}\b{_QUIET}\b{_SAYING}\b",
    rf"\b{_PAPERS}\b{_UP_TO}\b{_SAYING}\s+(?:no|nothing|neither|none)\b",
    rf"\b{_PAPERS}\b{_UP_TO}\b(?:(?:is|are|remains?|stays?)\s+silent|lacks?|omits?|leaves?\s+(?:it\s+)?(?:open|unsaid|unstated|unspecified|unclear))\b",
    rf"\b{_PAPERS}\b{_UP_TO}\b{_SAYING}\b{_QUIET}\b(?:but|,)\s+not\s+{_WHICH}",
    # It is not said.
    rf"\b(?:is|are|was|were){_NOT}\s+(?:{_TOLD}|given|provided|described|explained|addressed|listed|covered|compared){_ENDS}",
    rf"\bit\s+(?:is|was){_NOT}\s+{_TOLD}\s+{_WHICH}",
    rf"\bnothing\s+(?:is|was)\s+(?:{_TOLD}|given)\b",
    rf"\b(?:no|not\s+any)\b{_QUIET}\b{_THING}\b[^.;]{{0,60}}?\s(?:is|are|was|were)\s+(?:given|provided|{_TOLD})\b(?!\s+(?:to|as|in advance)\b)",
    rf"\b(?:no|not\s+any)\b[^.;]{{0,60}}?\s(?:is|are|was|were)\s+{_TOLD}{_ENDS}",
    r"\bno\s+mention\s+(?:is\s+made\s+)?of\b",
    rf"\bno\s+(?:\w+\s+)?{_THING}\b[^.;]{{0,60}}\b(?:in|from)\s+{_QUIET}\b{_PAPERS}\b",
    rf"\b(?:is|are|was|were|remains?|remained|goes|go|left)\s+(?:un(?:stated|said|specified|mentioned|disclosed|named|reported)|left\s+open){_ENDS}",
    rf"\b(?:cannot|can\s+not|can['’]t|could\s+not)\s+be\s+\w+\s+(?:in|from)\s+{_QUIET}\b{_PAPERS}\b",
    rf"\b(?:unclear|unknown|not\s+(?:clear|evident|apparent|known|found)|missing|absent)\b{_QUIET}\b(?:from|in)\s+{_QUIET}\b{_PAPERS}\b",
    # "It" and "they" may be a method: then what is not said must be something that is told.
    rf"\b(?:it|they)\s+(?:do|does|did){_NOT}\s+(?:say|state|mention|specify|report|tell|disclose|indicate|give|name|quantify|explain)\s+(?:{_WHICH}|outright|(?:the|a|any|an)\s+(?:\w+\s+)?{_THING}\b)",
    rf"\b(?:it|they)\s+(?:do|does|did){_NOT}\s+(?:state|mention)\b",
    rf"\bnowhere\s+(?:do|does|did|is|are)\s+{_QUIET}\b(?:{_PAPERS}\b{_QUIET}\b{_SAYING}|{_TOLD})\b",
    rf"\b(?:it|they)\s+(?:says?|gives?|mentions?|reports?|states?|names?|provides?)\s+(?:nothing|no\s+(?:\w+\s+)?{_THING})\b",
    rf"\bwithout\s+(?:saying|stating|mentioning|specifying|naming|giving|reporting)\s+{_WHICH}",
)  # fmt: skip
_ABSENT = re.compile("|".join(_WORDINGS), re.IGNORECASE)


_TURN = re.compile(
    r"[;:—]\s|,?\s(?:but|although|though|while|whereas|yet|however|because|since|even though)\s", re.IGNORECASE
)
CLAIM_WORDS = 3
"""A further clause with so many content words claims something of its own."""


def states_no_evidence(statement: str) -> bool:
    """Whether a statement says, in English, that the papers do not say something, and claims nothing besides:
    "… do not say how fast it is, but it is the best" does."""
    clauses = [clause for clause in _TURN.split(statement) if clause]
    silent = [bool(_ABSENT.search(clause)) for clause in clauses]
    claims = any(
        len(question_tokens(clause)) >= CLAIM_WORDS
        for clause, says_so in zip(clauses, silent, strict=True)
        if not says_so
    )
    return bool(_ABSENT.search(statement)) and not claims
