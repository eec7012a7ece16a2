"""Does a sentence say the opposite? Negations on one side only, and words that exclude each other: always and seldom,
raises and lowers, with and without.

It compares words, not sentences: what is compared with what is beyond it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.tokens import root, words

_NEGATIONS = frozenset(
    "not no never cannot n't none neither nor without nothing nobody nowhere isn't aren't wasn't weren't doesn't don't didn't "
    "can't couldn't won't wouldn't shouldn't hasn't haven't hardly scarcely barely unable impossible fail fails failed failing "
    "lack lacks lacked lacking absence absent devoid avoid avoids avoided avoiding prevent prevents prevented preventing "
    "eliminate eliminates eliminated eliminating remove removes removed removing neglect neglects neglected ignore ignores "
    "ignored ignoring refuse refuses rule rules unlike rather instead dispense dispenses free except beyond".split()
)

_OPPOSITES = """\
increase rise grow raise boost gain higher up amplify enlarge expand | decrease decline fall drop reduce lower cut shrink lessen diminish down
improve better enhance strengthen benefit help superior outperform surpass exceed beat ahead lead | worsen worse degrade harm hurt weaken inferior underperform trail lag behind lose short impair
faster fast quick quickly rapid rapidly speed accelerate | slower slow slowly slowdown decelerate
more greater larger bigger big large | less fewer smaller small little
high | low
always invariably consistently constantly often frequently usually typically commonly mostly | never seldom rarely occasionally infrequently
all every each any entire whole full fully complete completely everywhere | some part partial partially partly few
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
possible feasible can able | impossible infeasible cannot unable
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
with | without
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
single one sole alone | multiple several many various
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
significant significantly substantial substantially considerable considerably markedly | insignificant negligible marginal marginally slight slightly modest modestly
promising | unpromising
practical | impractical theoretical theoretically
general generic | specific special particular
central centralized | decentralized distributed
quadratic quadratically | linear linearly
quadratic | cubic
exponential exponentially | polynomial polynomially logarithmic logarithmically
scarce limited little | abundant plentiful ample rich
tens | hundreds thousands millions
hours hour | minutes minute days day seconds
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


@dataclass(frozen=True, kw_only=True)
class Polarity:
    """How two texts differ in what they affirm: words of the first that exclude words of the second, each with its
    counterpart, and how many negations the first has more (negative: fewer)."""

    opposed: tuple[tuple[str, str], ...]
    negations: int


def polarity(text: str, evidence: Sequence[str]) -> Polarity:
    """How a text differs from the evidence in what it affirms; two empty texts do not differ."""
    said, there = _roots([text]), _roots(evidence)
    opposed = []
    for word in said:
        if word in there:
            continue
        bare = _NEGATING_PREFIX.sub("", word)
        others = _EXCLUDES.get(word, frozenset()) | ({bare} if bare != word else set())
        found = [
            other
            for other in there
            if (other in others or _NEGATING_PREFIX.sub("", other) == word != other) and other not in said
        ]
        if found:
            opposed.append((word, found[0]))
    return Polarity(opposed=tuple(opposed), negations=_negations([text]) - _negations(evidence))


def _roots(texts: Sequence[str]) -> dict[str, None]:
    return {root(part): None for text in texts for word in words(text.replace("non-", "non")) for part in [word]}


def _negations(texts: Sequence[str]) -> int:
    return sum(word in _NEGATIONS or word.endswith("n't") for text in texts for word in words(text))
