"""Progress: the time left, and what a terminal and a log show."""

import pytest

from qa.console import terminal
from qa.console.terminal import ProgressRate, progress_line


def paced(steps):
    """The time left after steps of (seconds since the one before, done), of 1,000."""
    now = [0.0]
    pace = ProgressRate(lambda: now[0])
    left = None
    for seconds, done in steps:
        now[0] += seconds
        left = pace.left("embedding", done, 1000)
    return left


def test_time_left_follows_from_what_was_done():
    assert paced([(0, 0), (10, 100)]) == pytest.approx(90)


def test_nothing_is_told_before_anything_was_done():
    assert paced([(0, 0)]) is None
    assert paced([(0, 0), (5, 0)]) is None


def test_nothing_is_left_at_the_end():
    assert paced([(0, 0), (10, 1000)]) is None


def test_what_an_earlier_run_has_done_says_nothing_of_the_rest():
    # 500 papers were there and pass in a second; then come ten a second.
    steps = [(0, 0), (1, 500), *((10, 500 + 100 * i) for i in range(1, 5))]
    assert paced([*steps[:3], (61, 610), (10, 710)]) == pytest.approx(29)


def test_each_stage_has_its_own_pace():
    now = [0.0]
    pace = ProgressRate(lambda: now[0])
    pace.left("reading", 0, 10)
    now[0] = 100.0
    pace.left("reading", 5, 10)
    assert pace.left("embedding", 5, 10) is None
    now[0] = 101.0
    assert pace.left("embedding", 6, 10) == pytest.approx(4)


def test_a_log_gets_a_line_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    show = progress_line()
    for second in range(0, 181):
        now[0] = float(second)
        show("embedding a\x1b[31m.txt", second * 10, 100_000)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "embedding a\\x1b[31m.txt 600 of 100,000 (0 %), about 2.8 h left",
        "embedding a\\x1b[31m.txt 1,200 of 100,000 (1 %), about 2.7 h left",
        "embedding a\\x1b[31m.txt 1,800 of 100,000 (1 %), about 2.7 h left",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (5990, "100 min"), (9000, "2.5 h")]
)
def test_durations_are_told_in_what_reads_best(seconds, text):
    assert terminal._duration(seconds) == text
