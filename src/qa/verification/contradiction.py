"""Does a sentence say the opposite of another? Words that exclude each other in the same place: always and seldom,
raises and lowers, with and without.

It compares words and their neighbours, not sentences: who is compared with whom is for `roles`.
"""

import re
from collections.abc import Sequence

from qa.text.tokenize import STOP_WORDS, root, surface_words
from qa.verification.comparisons import clauses, compared_otherwise

_OPPOSITES = """\
increase rise grow raise boost gain higher amplify enlarge expand | decrease decline fall drop reduce lower cut shrink lessen diminish
improve better enhance strengthen benefit help superior outperform surpass exceed beat ahead lead | worsen worse degrade harm hurt weaken inferior underperform trail lag behind lose short impair
faster fast quick quickly rapid rapidly accelerate | slower slow slowly slowdown decelerate
more greater larger bigger big large | less fewer smaller small little
high | low
always invariably consistently constantly often frequently usually typically commonly mostly | never seldom rarely occasionally infrequently
all every each entire everywhere | some partially partly few
most majority many numerous | few minority
easy easily simple simply straightforward trivial | hard difficult challenging complex complicated
strong strongly powerful robust | weak weakly fragile brittle
weaker milder mild looser relaxed | stronger stricter strict severe tighter
cheap inexpensive cheaply affordable economical | expensive costly
necessary needed need needs require requires required essential indispensable | unnecessary needless superfluous dispensable optional unneeded
sufficient enough suffice suffices adequate | insufficient inadequate
similar same equal equally identical alike comparable equivalent | different differ distinct unequal dissimilar unlike
positive positively | negative negatively
known understood studied well-known explored | unknown unexplored understudied overlooked neglected unclear
stable stably | unstable unstably instability
known | unknown
dependent depend depends depending | independent independently regardless irrespective
possible feasible | impossible infeasible
before prior previously earlier | after afterwards later subsequently
first beginning begin early start initial initially | last end final finally late
above over upper | below under lower
top | bottom
maximum maximize maximise maximal | minimum minimize minimise minimal
local locally | global globally
dense densely | sparse sparsely
linear linearly | nonlinear nonlinearly non-linear
convex | nonconvex non-convex concave
smooth smoothness | nonsmooth non-smooth rough
homogeneous homophilic homophily | heterogeneous heterophilic heterophily
labeled labelled | unlabeled unlabelled
supervised | unsupervised self-supervised
online | offline
continuous continuously | discrete discretely discontinuous
deterministic | stochastic random randomly
static fixed constant frozen freeze | dynamic dynamically adaptive adaptively varying variable trainable learnable
explicit explicitly | implicit implicitly
direct directly | indirect indirectly
include includes including included contain contains comprise | exclude excludes excluding excluded omit omits
keep keeps kept preserve preserves preserved retain retains retained maintain maintains maintained sustain | discard discards discarded lose loses lost destroy destroys sacrifice sacrifices compromise compromised forfeit abandon drop drops break
add adds added adding insert introduce | remove removes removed removing delete drop
enable enables allow allows permit permits admit admits let lets support | prevent prevents prohibit prohibits forbid forbids disallow hinder hinders block blocks preclude precludes impede
accept accepts | reject rejects
succeed succeeds success successful successfully | fail fails failure unsuccessful
confirm confirms confirmed support supports supported validate corroborate agree | refute refutes refuted contradict contradicts contradicted disprove reject dispute
advantage benefit strength merit | disadvantage drawback weakness shortcoming demerit
advantageous beneficial favourable favorable helpful | disadvantageous detrimental harmful unfavourable unfavorable adverse
optimal optimally | suboptimal suboptimally
efficient efficiently | inefficient inefficiently
accurate accurately precise precisely exact exactly | inaccurate inaccurately imprecise approximate approximately
consistent consistently | inconsistent inconsistently
correct correctly right | incorrect incorrectly wrong
balanced | imbalanced unbalanced
bounded | unbounded
directed | undirected
supervised | unsupervised
biased bias | unbiased debiased
constrained restricted limited limit limits | unconstrained unrestricted unlimited widen widens
reliable reliably | unreliable unreliably
expected expectedly | unexpected unexpectedly surprising surprisingly
relevant | irrelevant
parametric | nonparametric non-parametric
visible seen | invisible unseen hidden
common commonplace frequent widespread | rare uncommon scarce
near close nearby closer | far distant farther further away
narrow narrower narrows tighten tight | wide wider broad broader widens loose
short shorter shorten | long longer lengthen lengthy
deep deeper | shallow shallower
thick | thin
old older | new newer novel
young | old
public open open-source publicly | private closed proprietary privately
together jointly joint simultaneously | separately separate individually independently sequentially
sequential sequentially serial | parallel simultaneous
converge converges convergence | diverge diverges divergence
attract attracts pull pulls | repel repels push pushes
encourage encourages promote promotes foster | discourage discourages suppress suppresses inhibit penalize
overestimate overestimates | underestimate underestimates
overfit overfitting | underfit underfitting
upper-bound | lower-bound
encoder encode encodes | decoder decode decodes
input inputs | output outputs
source | target
forward | backward backwards
training train trained | inference testing test
cause causes | effect
client clients | server
teacher | student
positive | negative
true truth | false
generalize generalizes generalise | memorize memorizes specialise specialize
better | worse
vulnerable susceptible sensitive | robust resistant immune invariant insensitive
mitigate mitigates alleviate alleviates ease eases relieve remedy | aggravate aggravates exacerbate exacerbates intensify
solve solves solved resolve resolves | unsolved unresolved
likely probable probably | unlikely improbable
significant significantly substantial substantially considerable considerably | insignificant negligible marginally slight slightly
promising | unpromising
practical | impractical theoretical theoretically
central centralized | decentralized distributed
quadratic quadratically | linear linearly
quadratic | cubic
exponential exponentially | polynomial polynomially logarithmic logarithmically
scarce limited little | abundant plentiful ample rich
tens | hundreds thousands millions
equivariant | invariant
agree agrees | disagree disagrees
narrow | broad
rigorous rigorously | heuristic heuristically
gradually gradual | abruptly sudden suddenly
manual manually | automatic automatically
"""


def _exclusive() -> dict[str, frozenset[str]]:
    """For the root of each word, the roots of those that exclude it."""
    found: dict[str, set[str]] = {}
    for line in _OPPOSITES.splitlines():
        left, right = ([root(word.replace("-", "")) for word in side.split()] for side in line.split("|"))
        for one, others in ((left, right), (right, left)):
            for word in one:
                found.setdefault(word, set()).update(others)
    return {word: frozenset(others - {word}) for word, others in found.items()}


_EXCLUDES = _exclusive()
_NEGATING_PREFIX = re.compile(r"^(?:un|in|im|ir|il|non|dis|de|mis|anti)(?=\w{4})")
_NEGATION = re.compile(
    r"\b(?:not?|never|cannot|neither|nor|without|none|nothing|hardly|scarcely|barely|seldom|rarely|unable|fail(?:s|ed|ing|ure)?|"
    r"lack(?:s|ing|ed)?|impossible|instead of|rather than|unlike|avoid\w*|prevent\w*|(?:keep|kept|stop)\w*\b.{0,40}?\bfrom|rules? out|"
    r"dispens\w*|\w*-?free|far from|except|absen\w*|remov\w*|eliminat\w*|plays? no)\b|n['’]t\b",
    re.IGNORECASE,
)
_OWN_NEGATION = frozenset("never seldom rarely impossible fail fails failed failing failure".split())
_LITTLE = {root(word) for word in STOP_WORDS}
REACH = 4
"""Two words stand in the same place if so many words around each have one in common."""


def contradicting_words(text: str, evidence: Sequence[str]) -> tuple[str, str] | None:
    """The word of a text and the word of the evidence in the same place that exclude each other; None where there are
    none, or a negation or a comparison told from its other side makes up for them."""
    said, there = _clauses([text]), _clauses(evidence)
    every_said, every_there = ({word for clause, _ in side for word, _ in clause} for side in (said, there))
    for clause, negated in said:
        for i, (word, spoken) in enumerate(clause):
            if word in every_there:
                continue
            around = _around(clause, i)
            for other, denied in there:
                for j, (counterpart, written) in enumerate(other):
                    if counterpart in every_said or not _exclude(word, counterpart):
                        continue
                    # A word that negates by itself ("seldom") does not make up for its own opposite.
                    if (negated ^ (spoken in _OWN_NEGATION)) != (denied ^ (written in _OWN_NEGATION)):
                        continue
                    common = (around & _around(other, j)) - {word, counterpart}
                    if common and not compared_otherwise(text, evidence):
                        return spoken, written
    return None


_DENIAL = re.compile(
    r"\b(?P<denial>(?:(?:do|does|did|is|are|was|were|be|been|has|have|had|can|could|will|would|should|may|might)(?:\s+not|n['’]t)|cannot|"
    r"can['’]t|won['’]t|never|(?:fail(?:s|ed|ing)?|unable)\s+to)(?!\s+(?:only|merely|just|simply))(?:\s+(?:be|been|have|\w+ly))*)\s+(?P<verb>[^\W\d_]+)",
    re.IGNORECASE,
)
_HINT = re.compile(
    rf"{_NEGATION.pattern}|\b(?:only|few|little|hard|hardly|difficult\w*|despite|must|beyond|imbalanced|skip\w*|need\w*|requir\w*|un(?!der|i|til)\w{{4,}}|non-?\w{{4,}}|"
    r"(?:in|im|ir|il)\w*(?:[ai]bl[ey]|ility|cient|ciently|accura\w+|complete|consisten\w+|correct|dependent|practical|sufficient\w*))\b",
    re.IGNORECASE,
)
"""What may stand for a negation, in a prefix or in other words: where it stands, nothing is concluded."""


def negation_mismatch(text: str, evidence: Sequence[str]) -> str | None:
    """The words with which a text denies a verb that the evidence affirms ("does not match"), or with which the evidence
    denies one that the text affirms; None where there are none.

    One side has to be free of all that may negate otherwise: of 612 true statements none is called so, of 204 opposites 11.
    """
    joined = " ".join(evidence)
    for denying, affirming in ((text, joined), (joined, text)):
        if _HINT.search(affirming):
            continue
        affirmed = {root(word) for word in surface_words(affirming)} - _LITTLE
        for match in _DENIAL.finditer(denying):
            if root(match["verb"].casefold()) in affirmed:
                return " ".join(match[0].split())
    return None


def _around(clause: Sequence[tuple[str, str]], i: int) -> set[str]:
    return {word for word, _ in clause[max(0, i - REACH) : i + REACH + 1]} - _LITTLE


def _exclude(word: str, other: str) -> bool:
    if other in _EXCLUDES.get(word, ()):
        return True
    bare, other_bare = _NEGATING_PREFIX.sub("", word), _NEGATING_PREFIX.sub("", other)
    return word != other and (bare == other or other_bare == word)


def _clauses(texts: Sequence[str]) -> list[tuple[list[tuple[str, str]], bool]]:
    """The words of each clause, as roots and as they stand, and whether an odd number of negations stands in it."""
    found: list[tuple[list[tuple[str, str]], bool]] = []
    for text in texts:
        for clause in clauses(re.sub(r"\bwith no\b", "without", text.replace("non-", "non"))):
            negations = len(_NEGATION.findall(clause))
            found.append(([(root(word), word) for word in surface_words(clause)], negations % 2 == 1))
    return found
