"""The opposite of a sentence, in other words or denied, and paraphrases that are none."""

import pytest

from qa.verification.contradiction import contradicting_words, negation_mismatch

OPPOSITE = {
    "always": ("Bears always find honey.", "Bears seldom find honey.", ("always", "seldom")),
    "seldom": ("Bears seldom find honey.", "Bears always find honey.", ("seldom", "always")),
    "fails": ("Frogs succeed in rain.", "Frogs fail in rain.", ("succeed", "fail")),
    "impossible": ("Theft of honey is impossible.", "Theft of honey is possible.", ("impossible", "possible")),
    "raises": ("Rain raises the pitch.", "Rain lowers the pitch.", ("raises", "lowers")),
    "other form": ("The pitch is reduced by rain.", "Rain increases the pitch.", ("reduced", "increases")),
    "prefix": ("Frogs are reliable in rain.", "Frogs are unreliable in rain.", ("reliable", "unreliable")),
    "prefix of no list": (
        "The jars are connected by bears.",
        "The jars are disconnected by bears.",
        ("connected", "disconnected"),
    ),
    "most": ("Most kites pull goats.", "Few kites pull goats.", ("most", "few")),
    "negated on both sides": (
        "Frogs do not increase the pitch.",
        "Frogs do not reduce the pitch.",
        ("increase", "reduce"),
    ),
    "hyphen": ("Goats are non-linear on hills.", "Goats are linear on hills.", ("nonlinear", "linear")),
    "comparison turned": (
        "Goats are better than kites.",
        "Goats are worse than kites.",
        ("better", "worse"),
    ),
    "faster": ("Kites fly faster over hills.", "Kites fly slower over hills.", ("faster", "slower")),
}


@pytest.mark.parametrize(("text", "evidence", "pair"), OPPOSITE.values(), ids=OPPOSITE.keys())
def test_opposite_is_told_by_the_two_words(text, evidence, pair):
    assert contradicting_words(text, [evidence]) == pair


AGREEING = {
    "itself": ("Bears always find honey.", "Bears always find honey."),
    "other word": ("Bears often find honey.", "Bears usually find honey."),
    "negation makes up": ("Rain does not raise the pitch.", "Rain lowers the pitch."),
    "negation there": ("Bears seldom find honey.", "Bears do not always find honey."),
    "other place": ("Bears always sleep.", "Goats seldom jump."),
    "both words in the text": ("Bears always, not seldom, find honey.", "Bears seldom find honey."),
    "both words in the evidence": ("Bears find high jars.", "Bears find low jars, and goats find high jars."),
    "comparison from the other side": ("Goats are slower than kites.", "Kites are faster than goats."),
    "both sides on hills": ("Goats on hills are slower than kites.", "Kites on hills are faster than goats."),
    "worse from the other side": ("Goats are worse than kites.", "Kites are better than goats."),
    "speed up, slower": ("Goats run slower than kites.", "Against goats, kites speed runs up."),
    "up is no direction": ("A net cuts the cost of kites.", "The cost of kites makes up a third."),
    "down is no direction": ("The goats increase in the valley.", "The goats go down in the valley."),
    "speed is no haste": ("Slow goats keep the kite still.", "The speed of goats keeps the kite still."),
    "with no": ("Frogs call without rain.", "Frogs call with no rain."),
    "empty": ("", "Bears seldom find honey."),
    "no evidence": ("Bears always find honey.", ""),
}


@pytest.mark.parametrize(("text", "evidence"), AGREEING.values(), ids=AGREEING.keys())
def test_paraphrase_has_no_opposite(text, evidence):
    assert contradicting_words(text, [evidence]) is None


def test_opposite_may_stand_in_any_sentence_of_the_evidence():
    assert contradicting_words("Bears always find honey.", ["Jars ring.", "Bears seldom find honey."]) == (
        "always",
        "seldom",
    )


DENIED = {
    "does not": ("The kite does not match the goat.", "The kite matches the goat.", "does not match"),
    "short form": ("The kite doesn't match the goat.", "The kite matches the goat.", "doesn't match"),
    "fails to": ("The kite fails to match the goat.", "The kite matches the goat.", "fails to match"),
    "cannot": ("Bears cannot pack jars.", "Bears pack jars.", "cannot pack"),
    "never": ("Bears never pack jars.", "Bears pack jars.", "never pack"),
    "unable to": ("Bears are unable to pack jars.", "Bears pack jars.", "unable to pack"),
    "passive": ("Theft is not averted.", "Theft is averted by bells.", "is not averted"),
    "passive with be": ("Jars cannot be packed.", "Bears pack jars.", "cannot be packed"),
    "adverb between": ("Bears do not fully pack jars.", "Bears pack jars.", "do not fully pack"),
    "capital": ("Bears do not PACK jars.", "Bears pack jars.", "do not PACK"),
    "second denial": ("Goats do not sing and bears do not pack jars.", "Bears pack jars.", "do not pack"),
    "by the evidence": ("Bears pack jars.", "Bears cannot pack jars.", "cannot pack"),
    "by the evidence, passive": ("Bells avert theft.", "Theft is not averted by bells.", "is not averted"),
    "inside is no negation": ("Bears do not pack jars.", "Bears pack jars inside, under images.", "do not pack"),
}


@pytest.mark.parametrize(("text", "evidence", "words"), DENIED.values(), ids=DENIED.keys())
def test_denied_verb_is_told(text, evidence, words):
    assert negation_mismatch(text, [evidence]) == words


NOT_DENIED = {
    "both deny": ("The kite does not match the goat.", "The kite cannot match the goat."),
    "neither denies": ("The kite matches the goat.", "The kite matches the goat."),
    "other verb": ("Bears do not sing.", "Bears pack jars."),
    "unlike": ("Goats do not pack jars.", "Unlike goats, bears pack jars."),
    "only": ("Goats do not pack jars.", "Only bears pack jars."),
    "without": ("Jars are not packed by goats.", "Bears pack jars without goats."),
    "prefix un-": ("Goats do not pack jars.", "Bears pack jars unwatched."),
    "prefix in-": ("Goats do not pack jars.", "Bears pack jars, goats are incapable."),
    "not only": ("Bears do not only pack jars.", "Bears pack jars."),
    "no verb": ("This is not the jar.", "This is the jar."),
    "negation in the text": ("Without bells, bears pack jars.", "Bears do not pack jars."),
    "empty": ("", "Bears do not pack jars."),
    "no evidence": ("Bears do not pack jars.", ""),
}


@pytest.mark.parametrize(("text", "evidence"), NOT_DENIED.values(), ids=NOT_DENIED.keys())
def test_paraphrase_denies_nothing(text, evidence):
    assert negation_mismatch(text, [evidence]) is None


def test_hint_in_any_sentence_of_the_evidence_keeps_from_concluding():
    assert negation_mismatch("Goats do not pack jars.", ["Bears pack jars.", "Unlike them, goats sleep."]) is None
