"""Mending: every rule on a short example, what must be left alone, and what the five real pages come to."""

import re
from collections import Counter
from pathlib import Path

import pytest

from qa.documents import read_sources
from qa.documents.paper import Entry, title_key
from qa.text.cleanup import RULES, clean_text

ARTEFACTS = {
    "a zero-width blank": ("invisible character", "har\u200bbour", "harbour"),
    "a soft hyphen": ("invisible character", "har\u00adbour", "harbour"),
    "a private character": ("invisible character", "\ue000harbour", "harbour"),
    "a bell": ("invisible character", "har\x07bour", "harbour"),
    "ff, fi, ffi and fl": (
        "ligature",
        "a di\ufb00erent \ufb01sh, e\ufb03cient \ufb02ow",
        "a different fish, efficient flow",
    ),
    "a link twice": (
        "doubled link",
        "See https://example.org/a-1{https://example.org/a-1}.",
        "See https://example.org/a-1.",
    ),
    "a link called here": (
        "doubled link",
        "Code is at https://example.org/a{here}.",
        "Code is at https://example.org/a.",
    ),
    "acute": ("LaTeX accent", r"a Poincar\'e map", "a Poincaré map"),
    "acute in braces": ("LaTeX accent", r"caf\'{e}", "café"),
    "acute, all in braces": ("LaTeX accent", r"caf{\'e}", "café"),
    "grave": ("LaTeX accent", r"voil\`a", "voilà"),
    "diaeresis": ("LaTeX accent", r"a Schr{\"o}dinger bridge", "a Schrödinger bridge"),
    "diaeresis on a dotless i": ("LaTeX accent", r"na\"{\i}ve", "naïve"),
    "circumflex": ("LaTeX accent", r"cr\^epe", "crêpe"),
    "tilde on a letter": ("LaTeX accent", r"ma\~nana", "mañana"),
    "caron": ("LaTeX accent", r"\v{c}aj", "čaj"),
    "cedilla": ("LaTeX accent", r"fa\c{c}ade", "façade"),
    "cedilla, all in braces": ("LaTeX accent", r"fa{\c{c}}ade", "façade"),
    "stroked o": ("LaTeX letter", r"sm{\o}r", "smør"),
    "stroked l behind a blank": ("LaTeX letter", r"\l ata", "łata"),
    "sharp s": ("LaTeX letter", r"Stra{\ss}e", "Straße"),
    "ringed a": ("LaTeX letter", r"{\aa}l", "ål"),
    "italic words": ("LaTeX style", r"a {\it single-loop} method", "a single-loop method"),
    "stress": ("LaTeX style", r"a {\em cold} bay", "a cold bay"),
    "stress as a command": ("LaTeX style", r"a \emph{cold} bay", "a cold bay"),
    "typewriter": ("LaTeX style", r"\texttt{TideNet} wins", "TideNet wins"),
    "calligraphic letter": ("LaTeX style", r"\mathcal{O}(n)", "O(n)"),
    "percent": ("LaTeX escape", r"4.2\% of gulls", "4.2% of gulls"),
    "ampersand": ("LaTeX escape", r"bread \& salt", "bread & salt"),
    "Greek letter": ("LaTeX command", r"\omega-regular", "ω-regular"),
    "Greek capital in braces": ("LaTeX command", r"a gauge {\Lambda} fails", "a gauge Λ fails"),
    "sign": ("LaTeX command", r"n \leq 3", "n ≤ 3"),
    "a command nobody knows": ("LaTeX command", r"\TideNet wins", "TideNet wins"),
    "comment": ("LaTeX comment", "We dim lamps %that waste light", "We dim lamps that waste light"),
    "calligraphic without backslash": ("flattened style", "{cal O}(1/k)", "O(1/k)"),
    "blackboard without backslash": ("flattened style", "points of mathbb{R}", "points of R"),
    "blackboard without braces": ("flattened style", "points of mathbb R^3", "points of R^3"),
    "brackets": ("flattened bracket", "Oleft(n^2right)", "O(n^2)"),
    "at most": ("flattened symbol", "depth leq 3", "depth ≤ 3"),
    "infinity as a subscript": ("flattened symbol", "the L_infty norm", "the L_∞ norm"),
    "arrow behind a percentage": ("flattened symbol", "noise 5%downarrow", "noise 5%↓"),
    "plus or minus": ("flattened symbol", "5.4 pm 0.2 cm", "5.4 ± 0.2 cm"),
    "about": ("flattened symbol", "sim 20 ports", "∼ 20 ports"),
    "at least, glued to its letter": ("flattened symbol", "for kgeq 2", "for k ≥ 2"),
    "dots of a product": ("flattened symbol", "TideX{cdotY{cdot}Z}", "TideX·Y·Z"),
    "dot of an argument": ("flattened symbol", "f(cdot;cdot)", "f(·;·)"),
    "script l": ("flattened symbol", "the ell_1 norm", "the ℓ_1 norm"),
    "epsilon": ("flattened symbol", "any varepsilon>0", "any epsilon>0"),
    "subscript letter": ("lone subscript brace", "x_{i} grows", "x_i grows"),
    "subscript word": ("lone subscript brace", "sigma_{max}", "sigma_max"),
    "exponent": ("lone subscript brace", "O(n)^{2}", "O(n)^2"),
    "a factor": ("glued times", "runs 100times faster", "runs 100 times faster"),
    "a size": ("glued times", "16times16 crops", "16×16 crops"),
    "tilde before a bracket": ("tilde for a blank", "Contrast Learning~(GCL)", "Contrast Learning (GCL)"),
    "tilde between words": ("tilde for a blank", "two~tides", "two tides"),
    "tilde behind a full stop": ("tilde for a blank", "Fig.~2", "Fig. 2"),
    "double quotes": ("LaTeX quotes", "a ``quiet'' motor", 'a "quiet" motor'),
    "double quotes, closed otherwise": ("LaTeX quotes", '``hum and glow" style', '"hum and glow" style'),
    "apostrophes in pairs": ("LaTeX quotes", "a ''quiet'' motor", 'a "quiet" motor'),
    "single quotes": ("LaTeX quotes", "the `pilot' network", "the 'pilot' network"),
    "dash between blanks": ("LaTeX dash", "gulls -- and terns -- nest", "gulls – and terns – nest"),
    "dash of a range": ("LaTeX dash", "(i)--(iii)", "(i)–(iii)"),
    "long dash": ("LaTeX dash", "gulls---terns", "gulls—terns"),
    "a sentence at once": ("glued sentence", "The tide falls.Then we rest.", "The tide falls. Then we rest."),
    "a word at once": ("glued comma", "every hour,gulls return", "every hour, gulls return"),
    "a sentence without blanks": (
        "words run together",
        "thismethodisbetterthanothers",
        "this method is better than others",
    ),
    "a name in front": ("words run together", "GULLNfindsthe12oldwindows", "GULLN finds the 12 old windows"),
    "blank before a stop": ("stray blank", "at low tide . Then", "at low tide. Then"),
    "several blanks": ("stray blank", "rye  and   wheat", "rye and wheat"),
    "end of line": ("stray blank", "rye\nand\twheat", "rye and wheat"),
    "hard blank": ("stray blank", "6\u00a0%", "6 %"),
}


@pytest.mark.parametrize(("rule", "damaged", "cleaned"), ARTEFACTS.values(), ids=ARTEFACTS.keys())
def test_rule_cleans_its_artefact_and_is_the_only_one_counted(rule, damaged, cleaned):
    text, counts = clean_text(damaged)
    assert text == cleaned
    assert set(counts) == {rule}


def test_every_rule_has_an_example():
    assert {rule for rule, _, _ in ARTEFACTS.values()} == {rule for rule, _, _ in RULES}


@pytest.mark.parametrize(
    ("damaged", "cleaned", "counts"),
    [
        pytest.param(
            r"\texttt{gull\_net} and 4\%", "gull_net and 4%", {"LaTeX style": 1, "LaTeX escape": 2}, id="style, escapes"
        ),
        pytest.param(r"O\left(n\right)", "O(n)", {"LaTeX command": 2, "flattened bracket": 2}, id="brackets"),
        pytest.param(
            "mathcal{O}(n^{2})", "O(n^2)", {"flattened style": 1, "lone subscript brace": 1}, id="style, exponent"
        ),
        pytest.param("16times16times3", "16×16×3", {"glued times": 2}, id="a rule applied twice"),
        pytest.param("``hum'' and ``glow''", '"hum" and "glow"', {"LaTeX quotes": 2}, id="two pairs of quotes"),
        pytest.param("", "", {}, id="empty"),
        pytest.param("Gulls nest on 3,200 roofs.", "Gulls nest on 3,200 roofs.", {}, id="nothing to mend"),
    ],
)
def test_counts_tell_how_often_each_rule_was_applied(damaged, cleaned, counts):
    assert clean_text(damaged) == (cleaned, counts)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("3,200 gulls, 1.5 cm, 10^{-3} and 2:1", id="figures"),
        pytest.param("~5 cm", id="a tilde that means about"),
        pytest.param("x_{t+1} and W_{ij}", id="a longer subscript"),
        pytest.param("100 times, and sometimes", id="times as a word"),
        pytest.param("at 5 pm, for 3 pm trains", id="an hour of the day"),
        pytest.param("an egg in a nest", id="an egg, which is no formula"),
        pytest.param("turn left (then right) and left again", id="directions"),
        pytest.param("a Node.js service", id="a stop within a name"),
        pytest.param("a,b and 1,2", id="commas of a formula"),
        pytest.param("use --quiet and a - b", id="an option and a minus"),
        pytest.param("don't take the pilots' word", id="apostrophes"),
        pytest.param("see https://example.org/a--b_{1}/x,which?q=~5 and go", id="a link, whatever stands in it"),
        pytest.param("see https://example.org/~lab/a--b and go", id="a link with a tilde, whatever stands behind it"),
        pytest.param("see https://example.org/x\\_y,and", id="a link with a backslash"),
    ],
)
def test_text_without_scars_is_left_alone(text):
    assert clean_text(text) == (text, {})


@pytest.mark.parametrize(
    "word",
    [
        "internationalization",
        "institutionalization",
        "compartmentalization",
        "counterintuitiveness",
        "overparameterizations",
        "electroencephalography",
        "uncharacteristically",
    ],
)
def test_long_word_is_not_cut_up(word):
    assert clean_text(f"We study {word} here.") == (f"We study {word} here.", {})


def test_run_of_words_is_cut_with_the_longest_word_first():
    assert clean_text("wetrain100modelsandcompareallofthem")[0] == "we train 100 models and compare all of them"
    assert clean_text("wecountthe12birdsinports")[0] == "we count the 12 birds in ports"


@pytest.mark.parametrize(
    ("damaged", "cleaned"),
    [
        pytest.param("50 %of the ports", "50 %of the ports", id="percent glued to the next word"),
        pytest.param(r"50 \%of the ports", "50 %of the ports", id="escaped percent glued to the next word"),
    ],
)
def test_percent_sign_of_a_figure_is_no_comment(damaged, cleaned):
    assert clean_text(damaged)[0] == cleaned


@pytest.mark.parametrize(
    "separator",
    [
        pytest.param("\u2028", id="line separator"),
        pytest.param("\x0c", id="form feed"),
        pytest.param("\x85", id="next line"),
    ],
)
def test_characters_that_end_a_line_leave_a_blank(separator):
    assert clean_text(f"rye{separator}wheat")[0] == "rye wheat"


def test_stop_behind_a_link_called_here_survives():
    assert (
        clean_text("Code: https://example.org/a{here.} We thank gulls.")[0]
        == "Code: https://example.org/a. We thank gulls."
    )


def first_listings(corpus: Path) -> list[Entry]:
    """The first listing of each title; on the five pages no title stands for two papers."""
    found: dict[str, Entry] = {}
    for page in read_sources([corpus]):
        for listing in page.listings():
            found.setdefault(title_key(listing.title), listing)
    return list(found.values())


@pytest.mark.corpus
def test_no_figure_of_the_real_pages_changes(corpus):
    for page in read_sources([corpus]):
        for listing in page.listings():
            links_once = re.sub(r"(https?://[^\s{}]+)\{\1\}", r"\1", listing.abstract)
            assert figures(clean_text(listing.abstract)[0]) == figures(links_once), listing.title


def figures(text: str) -> list[str]:
    """Every run of digits, and every percentage with its sign: "4.2\\%" gives 4.2%, 4 and 2."""
    percentages = re.findall(r"\d+(?:\.\d+)? ?%", text.replace("\\%", "%"))
    return [*percentages, *re.findall(r"\d+", text)]


@pytest.mark.corpus
def test_mending_the_real_pages_twice_changes_nothing_more(corpus):
    for listing in first_listings(corpus):
        once = clean_text(listing.abstract)[0]
        assert clean_text(once) == (once, {}), listing.title


@pytest.mark.corpus
def test_rules_are_applied_to_the_354_papers_so_often(corpus):
    listings = first_listings(corpus)
    counts = Counter()
    for listing in listings:
        counts.update(clean_text(listing.abstract)[1])
    assert len(listings) == 354
    assert counts == {
        "doubled link": 2,
        "LaTeX accent": 13,
        "LaTeX letter": 2,
        "LaTeX style": 8,
        "LaTeX escape": 8,
        "LaTeX command": 7,
        "LaTeX comment": 2,
        "flattened style": 17,
        "flattened bracket": 6,
        "flattened symbol": 24,
        "lone subscript brace": 14,
        "glued times": 2,
        "tilde for a blank": 6,
        "LaTeX quotes": 15,
        "LaTeX dash": 31,
        "glued sentence": 2,
        "glued comma": 1,
        "words run together": 2,
        "stray blank": 4,
    }
