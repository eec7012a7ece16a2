"""What the plots of a report show: search, refusals, risk, and scores by kind and style, each panel with its caption."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.evals.metrics.curves import hit_curve, refusal_at_5_percent, refusal_curve, risk_area, risk_curve
from qa.evals.metrics.measures import Score
from qa.evals.report.charts import Axis, Curve, Dot, Dots, Mark, Plot, ticks
from qa.evals.report.tables import LOWER_IS_BETTER, REFUSAL_GROUPS, Table, decisions, short
from qa.evals.results import Row
from qa.evals.runs.baselines import BASELINES, COPY, DEPTH

LOOKS = {"BM25 alone": "bm25", "vectors alone": "vectors", COPY: "copy"}
"""The class of each baseline in the style sheet."""
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Plots of one kind with one caption; `key` names what is drawn, by its look."""

    id: str
    title: str
    caption: str
    plots: Sequence[Plot | Dots]
    key: dict[str, str]


def search_panel(rows: Sequence[Row]) -> Panel | None:
    """hit@k by kind, for questions about several papers recall@k; of baselines only some k are known."""
    found: list[tuple[str, int, list[tuple[int, Score]], list[Mark]]] = []
    for kind in ("fact", "find", "multi", "chat"):
        part = [row for row in rows if row.question.kind == kind]
        if part:
            scores = {10: "recall@10"} if kind == "multi" else {k: f"hit@{k}" for k in (1, 5, 20)}
            marks = [
                Mark(name=name, look=LOOKS[name], x=k, y=float(np.mean(values)), aside=8 * place - 4)
                for place, name in enumerate(BASELINES)
                for k, score in scores.items()
                if (values := [row.baselines[name][score] for row in part if score in row.baselines.get(name, {})])
            ]
            found.append((kind, len(part), hit_curve(part, recall=kind == "multi"), marks))
    if not found:
        return None
    plots: list[Plot] = []
    for kind, count, curve, marks in found:
        measure = "recall@k" if kind == "multi" else "hit@k"
        alike = [drawn for drawn in found if (drawn[0] == "multi") == (kind == "multi")]
        lowest = min([m.y for *_, marks in alike for m in marks] + [f.low for *_, c, _ in alike for _, f in c])
        told = [f"The search has {short(figure.value)} at k = {k}" for k, figure in (curve[0], curve[-1])]
        told += [f"{mark.name} {short(mark.y)} at k = {mark.x}" for mark in marks]
        plots.append(
            Plot(
                title=f"{kind}: {measure} over {count} question{'s' * (count != 1)}",
                description=", ".join(told) + ".",
                x=Axis(label="k", ticks=(1, 2, 5, 10, 20, 50, DEPTH), log=True, inset=10.0),
                y=Axis(label=measure, ticks=ticks(min(lowest, 0.8), 1.0)),
                curves=[
                    Curve(
                        name="search",
                        look="ours",
                        points=[(k, figure.value) for k, figure in curve],
                        band=[(k, figure.low, figure.high) for k, figure in curve],
                    )
                ],
                marks=marks,
            )
        )
    drawn = {mark.name for plot in plots for mark in plot.marks}
    return Panel(
        id="curves",
        title="How far down the papers lie",
        caption="The share of questions with a reference paper among the first k that the search found, or of questions "
        "about several papers the share of these, with its interval; the scale of k is logarithmic, and the other one "
        "need not begin at 0.",
        plots=plots,
        key={"ours line": "search"} | {f"{LOOKS[name]} mark": name for name in BASELINES if name in drawn},
    )


def refusal_panel(rows: Sequence[Row]) -> Panel | None:
    """What every threshold of the likelihood refuses, rightly and wrongly."""
    likelihoods, answerable, found = decisions(rows)
    if not answerable.any() or answerable.all():
        return None
    curves = [Curve(name="by chance", look="chance", points=[(0.0, 0.0), (1.0, 1.0)])]
    for (name, belongs), look in zip(REFUSAL_GROUPS.items(), ("ours", "second", "third"), strict=True):
        part, truth, _ = decisions([row for row in rows if belongs(row)])
        if not truth.all():
            curves.append(Curve(name=name, look=look, points=refusal_curve(part, truth)))
    wrong, right = refusal_at_5_percent(likelihoods, answerable)
    marks = [
        Mark(name="5 % refused wrongly", look="five", x=wrong, y=right),
        Mark(name="as run", look="run", x=float((~found)[answerable].mean()), y=float((~found)[~answerable].mean())),
    ]
    plot = Plot(
        title="Refused rightly against refused wrongly",
        description=", ".join(f"{m.name}: {short(m.y)} refused rightly, {short(m.x)} wrongly" for m in marks) + ".",
        x=Axis(label="answerable questions refused (wrong)", ticks=SHARES),
        y=Axis(label="unanswerable ones refused (right)", ticks=SHARES),
        curves=curves,
        marks=marks,
    )
    return Panel(
        id="refusals",
        title="What refusing costs",
        caption="Each threshold of the likelihood refuses a share of the answerable questions, which is wrong, and a share "
        "of the unanswerable ones, which is right.",
        plots=[plot],
        key={f"{c.look} line": c.name for c in (*curves[1:], curves[0])} | {f"{m.look} mark": m.name for m in marks},
    )


def risk_panel(rows: Sequence[Row]) -> Panel | None:
    """What answering only the likelier questions risks; what the answers say is of no account."""
    likelihoods, answerable, found = decisions(rows)
    if not answerable.any() or answerable.all():
        return None
    chance, area = float((~answerable).mean()), risk_area(likelihoods, answerable)
    curve, best = (risk_curve(by, answerable) for by in (likelihoods, answerable.astype(np.float64)))
    ideal = float(np.mean([risk for _, risk in best]))
    marks = [Mark(name="as run", look="run", x=float(found.mean()), y=float((~answerable)[found].mean()))]
    plot = Plot(
        title="Risk against coverage",
        description=f"The area under the curve is {short(area.value)}; where all are answered, the risk is {short(chance)}.",
        x=Axis(label="coverage: questions answered", ticks=SHARES),
        y=Axis(label="risk: unanswerable among these", ticks=ticks(0.0, max(risk for _, risk in curve))),
        curves=[
            Curve(name="by chance", look="chance", points=[(0.0, chance), (1.0, chance)]),
            Curve(name="at best", look="best", points=[(0.0, 0.0), *best]),
            Curve(name="by likelihood", look="ours", points=curve),
        ],
        marks=marks if found.any() else [],
    )
    return Panel(
        id="risk",
        title="What answering risks",
        caption="Where the likeliest questions are answered first, the share of those answered that the abstracts do not "
        f"answer; the area under the curve is {short(area.value)} ({short(area.low)}–{short(area.high)}), "
        f"{short(ideal)} at best and {short(chance)} by chance.",
        plots=[plot],
        key={f"{c.look} line": c.name for c in reversed(plot.curves)} | {f"{m.look} mark": m.name for m in plot.marks},
    )


def kinds_panel(tables: Sequence[Table]) -> Panel | None:
    """A few scores by kind and style, out of the tables."""
    parts = {"Search": "kind", "Answers": "kind", "By style": "style"}
    answered = any(table.title == "Answers" for table in tables)
    plots: list[Dots] = []
    for measure in ("hit@1", "cited F1", "key facts", "refused wrongly") if answered else ("hit@1", "MRR"):
        dots = [
            Dot(
                name=name,
                part=parts[table.title],
                figure=row[measure],
                beside=[
                    Mark(name=other, look=look, x=beside[measure].value, aside=-4 if look == "bm25" else 4)
                    for other, look in LOOKS.items()
                    if measure in (beside := table.rows.get(f"{name}, {other}", {}))
                ],
            )
            for table in tables
            for name, row in table.rows.items()
            if table.title in parts and measure in row and "," not in name and name not in ("fact and find", "all")
        ]
        if dots:
            told = ", ".join(f"{dot.name} {short(dot.figure.value)}" for dot in dots)
            title = f"{measure} (less is better)" if measure in LOWER_IS_BETTER else measure
            plots.append(Dots(title=title, description=f"{told}.", dots=dots))
    if not plots:
        return None
    drawn = {mark.name for plot in plots for dot in plot.dots for mark in dot.beside}
    return Panel(
        id="kinds",
        title="By kind and style",
        caption="Each point is a mean over the questions of a kind or, further down, of a style; the line is its interval.",
        plots=plots,
        key={"ours dot": "this run"} | {f"{look} mark": name for name, look in LOOKS.items() if name in drawn},
    )
