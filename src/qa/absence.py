"""Does a statement say that something is not in the papers? Such a statement can have no quote.

It goes by English wording; a model marks these statements in any language with the label [none].
"""

import re

_SAYING = (
    r"(?:say|said|mention|state|specif(?:y|ied)|give|given|report|describe|name|discuss|provide|tell|told|address|indicate|disclose|reveal|"
    r"explain|detail|list|compare|include|cover|clarif(?:y|ied)|contain|quantif(?:y|ied)|present|answer|treat|identif(?:y|ied)|offer|record)(?:s|d|ed|n|ing)?"
)
_SOURCES = r"(?:abstracts?|papers?|sentences?|texts?|studies|study|authors?|works?|excerpts?|passages?|material|collection|source|sources|summar(?:y|ies))"
_ABSENT = re.compile(
    rf"\b{_SOURCES}\b[^.;]{{0,80}}?\b(?:do|does|did|is|are|was|were)(?:\s+not|n['’]t)\b[^.;]{{0,40}}?\b{_SAYING}\b"
    rf"|\b(?:is|are|was|were)(?:\s+not|n['’]t)\s+(?:\w+\s+)?{_SAYING}\b"
    rf"|\b(?:no|none of the|neither of the|neither|not one)\b[^.;]{{0,40}}?\b{_SOURCES}\b[^.;]{{0,60}}?\b{_SAYING}\b"
    rf"|\b(?:no|not any)\b[^.;]{{0,60}}?\b(?:is|are|was|were)\s+{_SAYING}\b"
    rf"|\b(?:it|they|{_SOURCES})\b[^.;]{{0,30}}?\b{_SAYING}\s+(?:no|nothing|neither|none)\b"
    rf"|\b(?:do|does|did)(?:\s+not|n['’]t)\s+{_SAYING}\b"
    rf"|\b(?:says?|gives?|mentions?|reports?)\s+nothing\b"
    rf"|\b(?:silent|unstated|unspecified|unmentioned)\b"
    rf"|\bwithout\s+(?:saying|stating|naming|giving|specifying|mentioning)\b"
    rf"|\bonly\b[^.;]{{0,40}}\bnot\b[^.;]{{0,40}}\b{_SOURCES}\b",
    re.IGNORECASE,
)  # fmt: skip


def says_absent(statement: str) -> bool:
    """Whether a statement says, in English, that the papers do not say something."""
    return bool(_ABSENT.search(statement))
