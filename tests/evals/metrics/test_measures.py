"""Measures against values worked out by hand, and intervals against loops and simulations."""

import math

import numpy as np
import pytest

from qa.evals.metrics.measures import (
    RESAMPLES,
    SEED,
    Estimate,
    Score,
    auc,
    first_rank,
    mean,
    ndcg_at,
    precision_recall_f1,
    recall_at,
    reciprocal_rank,
    refusals,
    threshold_at,
)


def near(value: float):
    """Equal but for the last digits of a float; NaN equals NaN."""
    return pytest.approx(value, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("ranking", "wanted", "rank", "reciprocal"),
    [
        pytest.param("abc", "a", 1.0, 1.0, id="first"),
        pytest.param("abc", "c", 3.0, 1 / 3, id="last"),
        pytest.param("abcd", "db", 2.0, 0.5, id="the first of several counts"),
        pytest.param("abab", "b", 2.0, 0.5, id="listed twice"),
        pytest.param("abc", "x", math.inf, 0.0, id="absent"),
        pytest.param("", "a", math.inf, 0.0, id="nothing ranked"),
        pytest.param("abc", "", math.inf, 0.0, id="nothing wanted"),
    ],
)
def test_first_rank_counts_from_one_and_its_reciprocal_is_0_where_nothing_is_found(ranking, wanted, rank, reciprocal):
    assert first_rank(list(ranking), set(wanted)) == rank
    assert reciprocal_rank(list(ranking), set(wanted)) == reciprocal


@pytest.mark.parametrize(
    ("ranking", "wanted", "k", "recall"),
    [
        pytest.param("abcd", "bd", 1, 0.0, id="before the first"),
        pytest.param("abcd", "bd", 2, 0.5, id="at the first"),
        pytest.param("abcd", "bd", 3, 0.5, id="before the second"),
        pytest.param("abcd", "bd", 4, 1.0, id="at the second"),
        pytest.param("abcd", "bdx", 99, 2 / 3, id="one is nowhere"),
        pytest.param("bbbb", "bd", 4, 0.5, id="repeating one finds no other"),
        pytest.param("abcd", "bbd", 2, 0.5, id="wanting one twice wants it once"),
        pytest.param("", "b", 10, 0.0, id="nothing ranked"),
    ],
)
def test_recall_is_the_share_of_the_wanted_among_the_first_k(ranking, wanted, k, recall):
    assert recall_at(list(ranking), list(wanted), k) == recall


@pytest.mark.parametrize(
    ("ranking", "grades", "k", "ndcg"),
    [
        pytest.param("bca", {"a": 1, "b": 3, "c": 2}, 3, 1.0, id="best order"),
        # (1 + 3 / 1.5849625 + 2 / 2) / (3 + 2 / 1.5849625 + 1 / 2) = 3.8927893 / 4.7618595
        pytest.param("abc", {"a": 1, "b": 3, "c": 2}, 3, 0.8174935, id="another order, with a linear gain"),
        # (1 + 3 / 1.5849625) / (3 + 2 / 1.5849625) = 2.8927893 / 4.2618595
        pytest.param("abc", {"a": 1, "b": 3, "c": 2}, 2, 0.6787622, id="cut at two, the best too"),
        pytest.param("xa", {"a": 1}, 2, 0.6309298, id="second place is worth 1 / log2(3)"),
        pytest.param("xxa", {"a": 1}, 3, 0.5, id="third place is worth 1 / log2(4)"),
        pytest.param("xa", {"a": 1}, 1, 0.0, id="beyond k"),
        pytest.param("a", {"a": 1, "b": 1}, 1, 1.0, id="no more than k can be wanted"),
        pytest.param("a", {"a": 1, "b": 1}, 2, 0.6131472, id="one of two is missing"),
        pytest.param("xa", {"a": 2, "x": -5}, 2, 0.6309298, id="a grade below 0 costs nothing"),
        pytest.param("xa", {"a": 2, "x": -5, "y": -1}, 2, 0.6309298, id="nor does it make the best worse"),
        pytest.param("ab", {"a": 0, "b": -1}, 2, 0.0, id="no positive grade"),
        pytest.param("ab", {}, 2, 0.0, id="no grade"),
        pytest.param("", {"a": 1}, 10, 0.0, id="nothing ranked"),
    ],
)
def test_ndcg_has_the_value_worked_out_by_hand(ranking, grades, k, ndcg):
    assert ndcg_at(list(ranking), grades, k) == pytest.approx(ndcg, abs=1e-6)


@pytest.mark.parametrize(
    ("given", "wanted", "scores"),
    [
        pytest.param("ab", "ab", (1.0, 1.0, 1.0), id="right"),
        pytest.param("a", "abc", (1.0, 1 / 3, 0.5), id="too few"),
        pytest.param("abcd", "a", (0.25, 1.0, 0.4), id="too many"),
        pytest.param("abx", "abyz", (2 / 3, 0.5, 4 / 7), id="partly"),
        pytest.param("aab", "ac", (0.5, 0.5, 0.5), id="given twice counts once"),
        pytest.param("ab", "aacc", (0.5, 0.5, 0.5), id="wanted twice counts once"),
        pytest.param("x", "ab", (0.0, 0.0, 0.0), id="wrong"),
        pytest.param("", "ab", (0.0, 0.0, 0.0), id="nothing given"),
    ],
)
def test_precision_recall_and_f1_of_sets(given, wanted, scores):
    assert precision_recall_f1(list(given), list(wanted)) == near(scores)


@pytest.mark.parametrize(
    ("positives", "negatives", "area"),
    [
        pytest.param([0.8, 0.9], [0.1, 0.2], 1.0, id="all above"),
        pytest.param([0.1, 0.2], [0.8, 0.9], 0.0, id="all below"),
        pytest.param([0.5, 0.5], [0.5], 0.5, id="ties count half"),
        # .9 beats 3; .3 beats .1 and ties with .3; .6 beats .1 and .3: 3 + 1.5 + 2 of 9.
        pytest.param([0.9, 0.3, 0.6], [0.1, 0.3, 0.7], 6.5 / 9, id="mixed"),
        pytest.param([-2.0, 7.0], [-3.0, 0.0], 0.75, id="scores need not lie between 0 and 1"),
        pytest.param([], [0.1, 0.2], math.nan, id="no positive"),
        pytest.param([0.1, 0.2], [], math.nan, id="no negative"),
        pytest.param([], [], math.nan, id="nothing"),
    ],
)
def test_auc_is_the_share_of_pairs_in_order(positives, negatives, area):
    scores = np.array([*positives, *negatives], float)
    truth = np.array([True] * len(positives) + [False] * len(negatives), bool)
    shuffled = np.random.default_rng(3).permutation(len(scores))
    assert auc(scores[shuffled], truth[shuffled]) == near(area)


@pytest.mark.parametrize("wrong", [0.0, 0.03, 0.05, 0.2])
@pytest.mark.parametrize("count", [1, 2, 5, 19, 20, 21, 33, 34, 39, 40, 41, 100])
def test_threshold_is_the_highest_that_refuses_no_more_than_allowed(count, wrong):
    scores = np.random.default_rng(count).permutation(count) / 10
    threshold = threshold_at(np.append(scores, [-1.0, -1.0]), np.array([True] * count + [False, False]), wrong)
    assert (scores < threshold).sum() <= count * wrong
    # The next higher threshold refuses one more, which is too many.
    assert (scores <= threshold).sum() > count * wrong


def test_threshold_leaves_ties_on_the_side_of_the_answered():
    scores = np.array([0.2] * 3 + [0.7] * 17)
    assert threshold_at(scores, np.ones(20, bool)) == 0.2


# Means and their intervals


def test_mean_has_value_count_and_an_interval_around_it():
    figure = mean([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0]).figure()
    assert (figure.value, figure.count) == (0.625, 8)
    assert 0.0 < figure.low < 0.625 < figure.high < 1.0


def test_interval_of_two_opposite_values_is_as_wide_as_they_are():
    assert mean([0.0, 1.0]).figure() == Score(value=0.5, low=0.0, high=1.0, count=2)


def test_one_value_has_an_interval_of_no_width():
    assert mean([0.3]).figure() == Score(value=0.3, low=0.3, high=0.3, count=1)


def test_mean_of_nothing_is_nan_over_no_questions():
    figure = mean([]).figure()
    assert figure.count == 0
    assert all(math.isnan(value) for value in (figure.value, figure.low, figure.high))


def test_ends_of_an_interval_are_the_percentiles_that_leave_out_a_twentieth():
    estimate = Estimate(value=50.0, resamples=np.arange(101.0), count=7)
    assert estimate.figure() == Score(value=50.0, low=2.5, high=97.5, count=7)


def test_mean_draws_as_many_questions_as_there_are_and_again_the_same():
    values = np.arange(5.0)
    draws = np.random.default_rng(SEED).integers(0, 5, (RESAMPLES, 5))
    naive = [sum(values[i] for i in draw) / 5 for draw in draws]
    assert mean(values).resamples == near(naive)
    assert (mean(values).resamples == mean(values).resamples).all()


def test_more_questions_make_the_interval_narrower():
    few, many = (mean([0.0, 1.0] * half).figure() for half in (10, 160))
    assert many.high - many.low == pytest.approx((few.high - few.low) / 4, rel=0.2)


def test_estimate_less_itself_is_0_with_an_interval_of_no_width():
    estimate = mean(np.random.default_rng(1).random(30))
    assert (estimate - estimate).figure() == Score(value=0.0, low=0.0, high=0.0, count=30)


def test_difference_is_paired():
    random = np.random.default_rng(2)
    first, second = random.random(40), random.random(40)
    difference = mean(first) - mean(second)
    assert difference.value == near((first - second).mean())
    assert difference.resamples == near(mean(first - second).resamples)
    # Questions differ more than systems do: the pairs tell two systems apart whose own intervals overlap.
    worse = mean(first - 0.01).figure()
    assert worse.high > mean(first).figure().low
    assert (mean(first) - mean(first - 0.01)).figure().low == near(0.01)


def test_difference_changes_sign_with_its_order():
    better, worse = mean([1.0, 1.0, 0.0]), mean([0.0, 1.0, 0.0])
    assert (better - worse).value == near(1 / 3)
    assert (worse - better).value == near(-1 / 3)
    assert (worse - better).figure().high <= 0.0


def test_estimates_over_other_numbers_of_questions_have_no_difference():
    with pytest.raises(ValueError, match="same questions, not 2 and 3"):
        mean([0.0, 1.0]) - mean([0.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        pytest.param(lambda random: random.random(80) < 0.7, 0.7, id="rights and wrongs"),
        pytest.param(lambda random: random.normal(3.0, 2.0, 60), 3.0, id="normal"),
        pytest.param(lambda random: random.integers(0, 5, 60) / 4, 0.5, id="shares"),
    ],
)
def test_interval_of_a_mean_covers_the_truth_about_95_times_in_100(draw, truth):
    random = np.random.default_rng(11)
    figures = [mean(draw(random)).figure() for _ in range(200)]
    assert 0.90 <= np.mean([figure.low <= truth <= figure.high for figure in figures]) <= 0.99


def test_interval_of_a_difference_covers_the_truth_about_95_times_in_100():
    random = np.random.default_rng(12)
    covered = []
    for _ in range(200):
        hard = random.random(60)
        figure = (mean(random.random(60) > hard * 0.6) - mean(random.random(60) > hard * 0.8)).figure()
        covered.append(figure.low <= 0.1 <= figure.high)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_interval_of_the_auc_covers_the_truth_about_95_times_in_100():
    random = np.random.default_rng(13)
    truth = 0.5 * (1 + math.erf(0.5))  # of two normal distributions, one standard deviation apart
    answerable = np.arange(100) < 60
    covered = []
    for _ in range(100):
        figure = refusals(random.normal(answerable), answerable, answerable)["AUC"].figure()
        covered.append(figure.low <= truth <= figure.high)
    assert 0.90 <= np.mean(covered) <= 0.99


# Refusals


def judged(yes: list[tuple[float, bool]], no: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Likelihoods, what is answerable and what was found; yes and no in turn, as questions come."""
    cases = [(*case, True) for case in yes] + [(*case, False) for case in no]
    cases = cases[::2] + cases[1::2]
    likelihoods, found, answerable = (np.array(column) for column in zip(*cases, strict=True))
    return likelihoods.astype(float), answerable.astype(bool), found.astype(bool)


def values(yes: list[tuple[float, bool]], no: list[tuple[float, bool]]) -> dict[str, float]:
    return {name: estimate.value for name, estimate in refusals(*judged(yes, no)).items()}


MIXED = (
    [(0.9, True), (0.8, False), (0.3, False), (0.6, True)],
    [(0.1, False), (0.3, False), (0.7, True)],
)
FORTY = [(i / 100, True) for i in range(10, 50)]


@pytest.mark.parametrize(
    ("yes", "no", "expected"),
    [
        pytest.param(
            *MIXED,
            # Pairs in order: 3 + 3 + 1.5 + 2 of 12. Below .3, which refuses none of the answerable: one of 3.
            # Four were refused: 2 of 3 rightly, 2 of 4 wrongly.
            [9.5 / 12, 1 / 3, 2 / 3, 1 / 2, 4 / 7, 1 / 2],
            id="mixed, with a tie",
        ),
        pytest.param(
            [(0.9, True), (0.8, True)], [(0.1, False), (0.2, False)], [1.0, 1.0, 1.0, 1.0, 1.0, 0.0], id="perfect"
        ),
        pytest.param(
            [(0.1, False), (0.2, False)], [(0.8, True), (0.9, True)], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0], id="upside down"
        ),
        pytest.param(
            [(0.9, False), (0.8, False), (0.7, False)],
            [(0.1, False)],
            [1.0, 1.0, 1.0, 1 / 4, 2 / 5, 1.0],
            id="everything refused",
        ),
        pytest.param(
            [(0.9, True), (0.8, True), (0.7, True)],
            [(0.1, True), (0.75, True)],
            [5 / 6, 1 / 2, 0.0, 0.0, 0.0, 0.0],
            id="nothing refused",
        ),
        pytest.param([(0.5, True)] * 4, [(0.5, False)] * 4, [0.5, 0.0, 1.0, 1.0, 1.0, 0.0], id="all equally likely"),
        # One in twenty of forty is two: the threshold is the third lowest, .12.
        pytest.param(
            FORTY,
            [(0.119, True), (0.12, True), (0.105, True), (0.4, True)],
            [(38 + 37.5 + 39 + 9.5) / 160, 1 / 2, 0.0, 0.0, 0.0, 0.0],
            id="two of forty may be refused",
        ),
    ],
)
def test_refusals_have_the_values_worked_out_by_hand(yes, no, expected):
    names = ["AUC", "recall at 5 % wrong", "recall", "precision", "F1", "wrong"]
    assert values(yes, no) == {name: near(value) for name, value in zip(names, expected, strict=True)}


@pytest.mark.parametrize(
    ("yes", "no"), [([(0.9, True)], []), ([], [(0.9, True)])], ids=["all answerable", "none answerable"]
)
def test_refusals_of_one_kind_of_question_say_nothing(yes, no):
    assert refusals(*judged(yes, no)) == {}


def test_refusals_of_no_question_say_nothing():
    assert refusals(np.empty(0), np.empty(0, bool), np.empty(0, bool)) == {}


def test_refusals_equal_loops_over_the_same_draws():
    random = np.random.default_rng(5)
    answerable = random.permutation(np.arange(43) < 22)
    # Steps of a tenth make ties; what was found does not follow the likelihoods.
    likelihoods, found = random.integers(0, 11, 43) / 10 * (0.4 + 0.6 * answerable), random.random(43) < 0.6
    ours = refusals(likelihoods, answerable, found)
    yes, no = np.flatnonzero(answerable), np.flatnonzero(~answerable)
    same = np.random.default_rng(SEED)
    draws_yes = same.integers(0, len(yes), (RESAMPLES, len(yes)))
    draws_no = same.integers(0, len(no), (RESAMPLES, len(no)))
    naive = [one_by_one(likelihoods, found, yes[a], no[b]) for a, b in zip(draws_yes, draws_no, strict=True)]
    for name, estimate in ours.items():
        assert estimate.value == near(one_by_one(likelihoods, found, yes, no)[name])
        assert estimate.resamples == near([scores[name] for scores in naive]), name
        assert estimate.count == 43


def one_by_one(likelihoods, found, yes, no) -> dict[str, float]:
    """The scores as their definitions have them."""
    likely, unlikely = [float(likelihoods[i]) for i in yes], [float(likelihoods[i]) for i in no]
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in likely for b in unlikely]
    threshold = sorted(likely)[int(0.05 * len(likely))]
    right, wrong = sum(not found[i] for i in no), sum(not found[i] for i in yes)
    precision, recall = right / (right + wrong) if right + wrong else 0.0, right / len(no)
    return {
        "AUC": sum(pairs) / len(pairs),
        "recall at 5 % wrong": sum(value < threshold for value in unlikely) / len(unlikely),
        "recall": recall,
        "precision": precision,
        "F1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "wrong": wrong / len(yes),
    }


def test_difference_of_refusals_is_paired():
    likelihoods, answerable, found = judged(*MIXED)
    for name, estimate in refusals(likelihoods, answerable, found).items():
        again = refusals(likelihoods, answerable, found)[name]
        assert (estimate - again).figure() == Score(value=0.0, low=0.0, high=0.0, count=7), name


def test_auc_of_refusals_is_the_auc():
    likelihoods, answerable, found = judged(*MIXED)
    assert refusals(likelihoods, answerable, found)["AUC"].value == near(auc(likelihoods, answerable))


def test_item_that_is_ranked_twice_gains_once():
    assert ndcg_at(["a", "a", "b"], {"a": 1, "b": 1}, 3) == near((1 + 0.5) / (1 + 1 / math.log2(3)))
