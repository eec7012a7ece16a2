"""What is fitted: the regression on simulated data, and both commands on the invented index."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qa.evals.data.questions import ReferenceQuestion, read_questions
from qa.evals.fit.answerability import FOLDS, GRID, PAIRS_COUNT, _folds, _trade_off
from qa.evals.fit.logistic import RIDGE, Fit, fit
from qa.evals.metrics.measures import auc
from qa.evals.runs.questions import evaluate
from qa.extractive.answerability import BIAS, FEATURES, THRESHOLD, features
from qa.retrieval.fusion import WEIGHTS

pytestmark = pytest.mark.slow


# The regression


def simulated(weights: list[float], bias: float, count: int = 20_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Rows of features on different scales, and truths drawn with these log odds for the standardised features."""
    random = np.random.default_rng(seed)
    standard = random.normal(size=(count, len(weights)))
    likely = 1 / (1 + np.exp(-(standard @ np.array(weights) + bias)))
    return standard * 10.0 ** np.arange(len(weights)) + 5, random.random(count) < likely


def even(rows: np.ndarray) -> np.ndarray:
    return np.ones(len(rows))


@pytest.mark.parametrize("weights", [[1.0, -0.5, 0.0], [2.0, 0.3], [0.0]], ids=str)
def test_weights_that_made_the_data_are_recovered(weights):
    rows, truth = simulated(weights, bias=0.0)
    fitted = fit(rows, truth, even(rows))
    assert fitted.weights == pytest.approx(weights, abs=0.06)
    assert fitted.bias == pytest.approx(0.0, abs=0.06)
    assert fitted.means == pytest.approx(rows.mean(axis=0))
    assert fitted.deviations == pytest.approx(rows.std(axis=0))


@pytest.mark.parametrize("bias", [-2.0, 2.0])
def test_both_kinds_weigh_the_same_however_many_there_are(bias):
    rows, truth = simulated([1.0, -0.5], bias)
    assert not 0.3 < truth.mean() < 0.7
    fitted = fit(rows, truth, even(rows))
    assert fitted.weights == pytest.approx([1.0, -0.5], abs=0.1)
    # Odds of 1 lie where as large a share of the one kind is above as of the other below.
    scores = fitted.scores(rows)
    likely = 1 / (1 + np.exp(-scores))
    assert likely[truth].mean() + likely[~truth].mean() == pytest.approx(1.0, abs=0.001)
    assert (scores[truth] > 0).mean() == pytest.approx((scores[~truth] < 0).mean(), abs=0.05)


def penalised_loss(fitted: Fit, rows: np.ndarray, truth: np.ndarray, counts: np.ndarray) -> float:
    """What a fit minimises: the loss of each row as often as it counts, both kinds together as heavy as the rows are
    many, and the squared weights."""
    heavy = np.where(truth, counts / counts[truth].sum(), counts / counts[~truth].sum()) * len(rows) / 2
    loss = np.logaddexp(0, np.where(truth, -1, 1) * fitted.scores(rows))
    return float(heavy @ loss + RIDGE / 2 * fitted.weights @ fitted.weights)


def test_no_other_weights_have_a_lower_loss():
    rows, truth = simulated([1.0, -0.5], bias=1.0, count=60)
    counts = np.where(np.arange(60) < 20, 0.3, 1.0)
    fitted = fit(rows, truth, counts)
    least = penalised_loss(fitted, rows, truth, counts)
    for step in (-0.01, 0.01):
        for weights, bias in (([step, 0], 0), ([0, step], 0), ([0, 0], step)):
            other = Fit(
                means=fitted.means,
                deviations=fitted.deviations,
                weights=fitted.weights + weights,
                bias=fitted.bias + bias,
            )
            assert penalised_loss(other, rows, truth, counts) > least


def test_rows_count_as_often_as_is_said():
    rows = np.array([[0.0], [1.0]] * 20)
    truth = np.array([False, True] * 10 + [True, False] * 10)
    first, second = np.arange(40) < 20, np.arange(40) >= 20
    assert fit(rows, truth, even(rows)).weights == pytest.approx([0.0])
    assert fit(rows, truth, first + 0.1).weights[0] > 0.5
    assert fit(rows, truth, second + 0.1).weights[0] < -0.5
    # Only how they count against each other matters.
    assert fit(rows, truth, 7 * (first + 0.1)).weights == pytest.approx(fit(rows, truth, first + 0.1).weights)


def test_feature_that_never_changes_gets_no_weight():
    rows, truth = simulated([1.0], bias=0.0, count=500)
    fitted = fit(np.column_stack([rows, np.full(500, 3.0)]), truth, even(rows))
    assert fitted.weights[1] == pytest.approx(0.0, abs=1e-6)
    assert np.isfinite(fitted.scores(np.array([[5.0, 3.0]]))).all()


def test_kinds_that_can_be_parted_get_finite_weights():
    rows = np.array([[float(i)] for i in range(10)])
    fitted = fit(rows, rows[:, 0] > 4.5, even(rows))
    assert 0.5 < fitted.weights[0] < 5
    assert fitted.scores(np.array([[4.5]])) == pytest.approx([0.0], abs=1e-6)


# The folds and the trade-off

TIDE = "TideNet: Forecasting Harbour Water Levels with Sparse Gauges"
GULLS = "Counting Gulls from the Air without Labels"
QUIET = "Quiet Motors: Learning to Steer Ferries with Less Noise"
DOUGH = "DoughGraph: Graph Neural Networks for Bread Fermentation"
BEES = "Bees, Noise and Glass"
MAP = "A Poincaré Map of Recipes"


def question(id: str, kind: str, text: str, *papers: str, **fields) -> ReferenceQuestion:
    return ReferenceQuestion(id=id, kind=kind, question=text, papers=papers, **fields)


def test_questions_of_one_paper_are_in_one_fold():
    folds = _folds(
        [
            question("a", "fact", "How high is the tide?", TIDE),
            question("b", "find", "Who measures harbours?", TIDE.upper()),
            question("c", "none", "What is the batch size?", near=TIDE),
            question("d", "multi", "Which works forecast?", TIDE, DOUGH),
            question("e", "none", "Who won?"),
        ]
    )
    assert len({int(fold) for fold in folds[:4]}) == 1
    assert list(folds[:2]) == list(_folds([question("x", "chat", "And then?", TIDE)] * 2))


def test_folds_are_of_about_one_size():
    none = [question(f"q{i}", "none", f"What about {i}?") for i in range(1000)]
    near = [question(f"q{i}", "none", "What about it?", near=f"Paper {i}") for i in range(1000)]
    for questions in (none, near):
        sizes = np.bincount(_folds(questions))
        assert len(sizes) == FOLDS
        assert sizes.min() > 60


TRADE_OFF = """\
  AUC 0.791 (off the topic 0.953, missing detail 0.630)
  wrong refusals   right refusals   off the topic   missing detail   likelihood below
           0.010             0.25            0.40             0.10              0.279
           0.020             0.30            0.50             0.10              0.289
           0.030             0.30            0.50             0.10              0.299
           0.050             0.35            0.60             0.10              0.321
           0.080             0.40            0.70             0.10              0.354
           0.120             0.55            0.90             0.20              0.401
           0.200             0.65            1.00             0.30              0.500"""


def test_trade_off_has_a_line_for_each_share_of_wrong_refusals():
    # A hundred answerable questions from -1 to 3.95, ten off the topic mostly below, ten that lack a detail among them.
    scores = np.concatenate([np.arange(100) * 0.05 - 1, np.arange(10) * 0.12 - 1.412, np.arange(10) * 0.4 - 0.973])
    truth, detail = np.arange(120) < 100, np.arange(120) >= 110
    assert "\n".join(_trade_off(scores, truth, detail)) == TRADE_OFF


# The commands on the invented index

QUESTIONS = [
    question("tide", "fact", "By how much does TideNet lower the error on the ports?", TIDE),
    question("gulls", "fact", "How far are the counts of GCL from those of experts?", GULLS),
    question("ferries", "find", "Which work makes ferries less noisy for seals?", QUIET),
    question("bread", "find", "Who predicts when the wall of a bubble in dough breaks?", DOUGH),
    question("bees", "fact", "What keeps bees away from glass?", BEES),
    question("recipes", "fact", "How many parent relations of recipes are kept?", MAP),
    question("combs", "find", "Hexagonal honeycombs", BEES),
    question("chess", "none", "Who won the chess championship of 1972?"),
    question("radio", "none", "Who invented the transistor radio?"),
    question("batch", "none", "What batch size was TideNet trained with?", near=TIDE),
    question("ferry names", "none", "What are the names of the ferries in the simulator?", near=QUIET),
    question("flour", "none", "Which brand of flour went into the dough?", near=DOUGH),
    question("moon", "none", "When did people first walk on the moon?"),
    question(
        "noise",
        "chat",
        "And by how much?",
        QUIET,
        history=(
            {"role": "user", "content": "Are there quiet ferries?"},
            {"role": "assistant", "content": f"{QUIET} reduces noise [1]."},
        ),
    ),
    question("kept", "fact", "On what machine is TideNet trained?", TIDE, split="test"),
]
PAIRS = [
    question("storm", "fact", "When does TideNet fail?", TIDE),
    question("boats", "none", "How many boats does TideNet know?", near=TIDE),
    question("kept pair", "none", "How old is TideNet?", near=TIDE, split="test"),
]


def write(path: Path, questions: list[ReferenceQuestion]) -> Path:
    lines = [json.dumps({**asked.__dict__, "papers": asked.papers}) for asked in questions]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def calibrate(*arguments: object, cwd: Path) -> tuple[int, str, str]:
    """A real process: its exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "qa.evals.fit.answerability", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    """The questions and the pairs."""
    folder = tmp_path_factory.mktemp("calibrate")
    return write(folder / "questions.jsonl", QUESTIONS), write(folder / "pairs.jsonl", PAIRS)


@pytest.fixture(scope="module")
def dev(files) -> list[ReferenceQuestion]:
    """The development questions and pairs that the refusal is fitted to: all but follow-ups."""
    return [question for file in files for question in read_questions(file, split="dev") if not question.history]


@pytest.fixture(scope="module")
def refusal(files, index_folder) -> list[str]:
    """What `refusal` prints for two indexes (twice the same one) and pairs, by blocks."""
    questions, pairs = files
    code, output, errors = calibrate(
        "refusal", "--questions", questions, "--pairs", pairs, "--index", index_folder, "--index", index_folder,
        cwd=questions.parent,
    )  # fmt: skip
    assert (code, errors) == (0, "")
    return output.rstrip("\n").split("\n\n")


@pytest.fixture(scope="module")
def measured(assistant, dev) -> np.ndarray:
    """The features of the development questions and pairs: questions x features."""
    rows = []
    for asked in dev:
        case = assistant.quoter.consider(asked.question, asked.history)
        rows.append(list(features(case.question, case.readings, case.rarity).values()))
    return np.array(rows)


def test_fitted_constants_have_the_names_of_the_features(assistant):
    case = assistant.quoter.consider("How accurate is TideNet?", [])
    assert [name for name, *_ in FEATURES] == list(features(case.question, case.readings, case.rarity))
    for _, mean, deviation, weight in FEATURES:
        assert np.isfinite([mean, deviation, weight]).all()
        assert deviation > 0
    assert np.isfinite(BIAS)
    assert 0 < THRESHOLD < 1


def test_refusal_prints_the_trade_off_of_each_index_and_the_table_for_the_source(refusal, index_folder):
    heads = [block.splitlines()[0] for block in refusal]
    assert heads[:4] == [f"{index_folder}, held out:", f"{index_folder}, held out, pairs:"] * 2
    for block in refusal[:4]:
        _, areas, columns, *shares = block.splitlines()
        assert re.fullmatch(r"  AUC [01]\.\d{3} \(off the topic ([01]\.\d{3}|nan), missing detail [01]\.\d{3}\)", areas)
        assert columns == "  wrong refusals   right refusals   off the topic   missing detail   likelihood below"
        assert len(shares) == 7
    assert refusal[0] == refusal[2]
    assert len(refusal) == 5


def test_printed_table_is_the_fit_to_all_development_questions(refusal, measured, dev):
    printed = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(refusal[-1]).body}
    assert list(printed) == ["BIAS", "THRESHOLD", "FEATURES"]
    assert [name for name, *_ in printed["FEATURES"]] == [name for name, *_ in FEATURES]
    counts = np.array([1.0] * 13 + [PAIRS_COUNT] * 2)
    truth = np.array([asked.kind != "none" for asked in dev])
    fitted = fit(np.vstack([measured] * 2), np.tile(truth, 2), np.tile(counts, 2))
    assert printed["BIAS"] == pytest.approx(fitted.bias, abs=0.0002)
    for row, *values in zip(printed["FEATURES"], fitted.means, fitted.deviations, fitted.weights, strict=True):
        assert row[1:] == pytest.approx(values, abs=0.0002)


def test_figures_are_of_fits_to_the_questions_of_other_papers(refusal, measured, dev):
    fold, truth = _folds(dev), np.array([asked.kind != "none" for asked in dev])
    counts = np.array([1.0] * 13 + [PAIRS_COUNT] * 2)
    scores = np.zeros(15)
    for i in range(15):
        others = np.tile(fold != fold[i], 2)
        fitted = fit(np.vstack([measured] * 2)[others], np.tile(truth, 2)[others], np.tile(counts, 2)[others])
        scores[i] = fitted.scores(measured[i : i + 1])[0]
    assert f"  AUC {auc(scores[:13], truth[:13]):.3f} " in refusal[0]
    assert f"  AUC {auc(scores[13:], truth[13:]):.3f} " in refusal[1]
    # With so few questions the threshold is the likelihood of the least likely answerable one.
    threshold = 1 / (1 + np.exp(-scores[:13][truth[:13]].min()))
    assert f"\nTHRESHOLD = {threshold:.3f}\n" in refusal[-1]
    assert refusal[0].splitlines()[3].endswith(f"{threshold:.3f}")


def test_without_pairs_the_fit_is_to_the_questions_alone(files, index_folder, measured, dev):
    code, output, _ = calibrate("refusal", "--questions", files[0], "--index", index_folder, cwd=files[0].parent)
    blocks = output.split("\n\n")
    assert (code, len(blocks)) == (0, 2)
    truth = np.array([asked.kind != "none" for asked in dev[:13]])
    assert blocks[-1].startswith(f"BIAS = {fit(measured[:13], truth, np.ones(13)).bias:.4f}\n")


@pytest.fixture(scope="module")
def fusion(files, index_folder) -> list[str]:
    """The lines that `fusion` prints."""
    code, output, errors = calibrate("fusion", "--questions", files[0], "--index", index_folder, cwd=files[0].parent)
    assert (code, errors) == (0, "")
    return output.splitlines()


def figures(line: str) -> list[float]:
    return [float(figure) for figure in re.findall(r"\d\.\d{3}", line)]


def test_fusion_prints_the_best_weights_those_set_and_each_part_alone(fusion):
    assert fusion[:2] == [
        "8 answerable questions; weights of words, abstract, passages",
        "                          MRR   hit@5  recall@10",
    ]
    tried, rest = fusion[2:-3], fusion[-3:]
    assert len(tried) in (8, 9)
    for line in tried:
        words, *others = (float(weight) for weight in line.split("   ")[0].replace(" ", "").split(",")[:3])
        assert words == 1.0
        assert set(others) <= set(GRID)
    worth = [sum(figures(line)) for line in tried[:8]]
    assert worth == sorted(worth, reverse=True)
    assert [line.strip().split("  ")[0] for line in rest] == ["the best, held out", "BM25 alone", "vectors alone"]
    assert all(len(figures(line)) == 3 for line in [*tried, *rest])
    now = [line for line in fusion if line.endswith("   as set")]
    assert len(now) == 1
    assert now[0].startswith("  " + ", ".join(f"{weight:.2f}" for weight in WEIGHTS))


def means(scores: list[dict[str, float]]) -> list[float]:
    return [round(float(np.mean([score[name] for score in scores])), 3) for name in ("MRR", "hit@5", "recall@10")]


def test_fusion_scores_the_weights_that_are_set_as_an_evaluation_does(fusion, files, index):
    rows = [row for row in evaluate(index, read_questions(files[0], split="dev"), mode="search").rows if row.scores]
    now = next(line for line in fusion if line.endswith("   as set"))
    assert figures(now) == means([row.scores for row in rows])
    assert figures(fusion[-1]) == means([row.baselines["vectors alone"] for row in rows])


def test_fusion_scores_words_alone_as_an_evaluation_does(fusion, files, index):
    rows = [row for row in evaluate(index, read_questions(files[0], split="dev"), mode="search").rows if row.scores]
    assert figures(fusion[-2]) == means([row.baselines["BM25 alone"] for row in rows])


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--questions", "none.jsonl"], "The questions none.jsonl cannot be read (", id="no questions"),
        pytest.param(["--pairs", "none.jsonl"], "The questions none.jsonl cannot be read (", id="no pairs"),
        pytest.param(
            ["--index", "nowhere"],
            "No index in nowhere. Build one",
            id="no index",
        ),
        *(
            pytest.param(
                ["--questions", f"{name}.jsonl"],
                "There must be development questions of both sorts, answerable and not",
                id=name,
            )
            for name in ("answerable", "unanswerable", "one answerable", "test")
        ),
        pytest.param(
            ["--questions", "unanswerable.jsonl", "--pairs", "answerable.jsonl"],
            "There must be development questions of both sorts, answerable and not",
            id="answerable pairs alone",
        ),
    ],
)
def test_what_cannot_be_fitted_is_one_line(files, index_folder, tmp_path, arguments, message):
    write(tmp_path / "answerable.jsonl", QUESTIONS[:7])
    write(tmp_path / "unanswerable.jsonl", QUESTIONS[7:13])
    write(tmp_path / "one answerable.jsonl", QUESTIONS[6:13])
    write(tmp_path / "test.jsonl", QUESTIONS[14:])
    at = [] if "--index" in arguments else ["--index", index_folder]
    code, output, errors = calibrate("refusal", "--questions", files[0], *at, *arguments, cwd=tmp_path)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(message)


def test_fusion_of_no_answerable_question_is_one_line(index_folder, tmp_path):
    file = write(tmp_path / "unanswerable.jsonl", QUESTIONS[7:13])
    code, output, errors = calibrate("fusion", "--questions", file, "--index", index_folder, cwd=tmp_path)
    assert (code, output, errors.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("arguments", [[], ["refusal"], ["everything", "--index", "x"]], ids=" ".join)
def test_wrong_usage_exits_with_2(tmp_path, arguments):
    code, output, errors = calibrate(*arguments, cwd=tmp_path)
    assert (code, output) == (2, "")
    assert "usage: " in errors
