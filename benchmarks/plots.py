"""Draws the figures of growth.py over the number of papers: six panels in one SVG, light or dark as the reader's page.

    python benchmarks/plots.py growth.json DIR

It only draws what is in the JSON; aims are dashed, and the scales of y begin at 0.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from qa.evals.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Axis, Curve, Plot, form

COLUMNS, TITLE, GAP = 3, 28, 14
LOOKS = ("ours", "second", "third")
MARKS = {"ours": "circle", "second": "square", "third": "diamond"}
STYLE = """\
svg { --paper: #fff; --ink: #1c2430; --soft: #5b6675; --hair: #dfe4ea; --ours: #1f5fbf; --second: #b4541a; --third: #2f7d4f; }
@media (prefers-color-scheme: dark) { svg { --paper: #14181f; --ink: #e6eaf0; --soft: #9aa6b5; --hair: #2c3440; --ours: #7fb0ff; --second: #f0a06a; --third: #7fd0a0; } }
text { font: 11.5px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
.title { font-size: 13px; font-weight: 600; fill: var(--ink); }
.paper { fill: var(--paper); } .grid { stroke: var(--hair); } .aim { stroke: var(--soft); stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 1.8; } .ours { stroke: var(--ours); } .second { stroke: var(--second); } .third { stroke: var(--third); }
.mark { fill: var(--paper); stroke-width: 1.5; }
.name-ours { fill: var(--ours); } .name-second { fill: var(--second); } .name-third { fill: var(--third); }"""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Some figures of one table over the number of papers: `lines` has the name of each and its key in the table."""

    title: str
    table: str
    lines: dict[str, str]
    aim: str | None = None


PANELS = (
    Panel(title="Build a paper, in bare passes of the model", table="build", lines={"build": "ratio"}, aim="flat"),
    Panel(title="Add 100 papers, in bare passes of these", table="update", lines={"update": "ratio"}, aim="flat"),
    Panel(
        title="A search, in question embeddings",
        table="search",
        lines={"p50": "p50", "p95": "p95", "p99": "p99"},
        aim="high",
    ),
    Panel(
        title="Memory while searching, MB",
        table="search",
        lines={"peak": "peak MB", "without mapped files": "private MB"},
    ),
    Panel(title="Peak memory while building, MB", table="build", lines={"build": "peak MB"}),
    Panel(title="Disk, MB", table="build", lines={"index": "disk MB"}),
)


def write_plots(tables: dict[str, list[dict[str, Any]]], folder: Path) -> Path:
    """Writes growth.svg into the folder, which is made if need be, and gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "growth.svg"
    path.write_text(svg_of(tables), encoding="utf-8")
    return path


def svg_of(tables: dict[str, list[dict[str, Any]]]) -> str:
    across, down = WIDTH + GAP, HEIGHT + TITLE + GAP
    width, height = COLUMNS * across + GAP, math.ceil(len(PANELS) / COLUMNS) * down + GAP
    panels = []
    for i, panel in enumerate(PANELS):
        left, top = GAP + i % COLUMNS * across, GAP + i // COLUMNS * down
        panels.append(f'<g transform="translate({left} {top})">\n{drawn(panel, tables[panel.table])}\n</g>')
    told = "Growth with the number of papers: " + "; ".join(panel.title for panel in PANELS)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(told)}">',
            f"<style>\n{STYLE}\n</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            *panels,
            "</svg>\n",
        ]
    )


def drawn(panel: Panel, rows: Sequence[dict[str, Any]]) -> str:
    """One panel: its title, then the plot below."""
    names = {
        name: [(row["size"], row[key]) for row in rows if row.get(key) is not None] for name, key in panel.lines.items()
    }
    names = {name: points for name, points in names.items() if points}
    aim = aim_of(panel, rows)
    highest = max([y for points in names.values() for _, y in points] + [aim or 0])
    plot = Plot(
        title=panel.title,
        description="",
        x=Axis(label="papers", ticks=scale_of([row["size"] for row in rows]), log=True, inset=16),
        y=Axis(label="", ticks=ticks_up_to(highest)),
        curves=[Curve(name=n, look=look, points=p) for look, (n, p) in zip(LOOKS, names.items(), strict=False)],
    )
    parts = [
        f'<text class="title" x="{LEFT}" y="16">{escape(panel.title)}</text>',
        f'<g transform="translate(0 {TITLE})">',
    ]
    for tick in plot.y.ticks:
        up = plot.up(tick)
        parts.append(f'<path class="grid" d="M{LEFT} {up}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text text-anchor="end" x="{LEFT - 6}" y="{up + 4}">{plain(tick)}</text>')
    parts += [
        f'<text text-anchor="middle" x="{plot.across(size)}" y="{HEIGHT - BOTTOM + 17}">{size:,}</text>'
        for size in (row["size"] for row in rows)
    ]
    parts.append(f'<text text-anchor="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}">papers</text>')
    if aim is not None:
        up = plot.up(aim)
        parts.append(f'<path class="aim" d="M{LEFT} {up}H{WIDTH - RIGHT}"/>')
        parts.append(
            f'<text x="{LEFT + 4}" y="{up - 5}">{"p95 " if panel.aim == "high" else ""}aim: below {plain(aim)}</text>'
        )
    for curve in plot.curves:
        parts.append(f'<path class="line {curve.look}" d="{plot.path(curve.points)}"/>')
        parts += [
            f'<path class="mark {curve.look}" d="{form(MARKS[curve.look], plot.across(x), plot.up(y))}"/>'
            for x, y in curve.points
        ]
    if len(plot.curves) > 1:
        parts.append(key_of(plot.curves))
    return "\n".join([*parts, "</g>"])


def key_of(curves: Sequence[Curve]) -> str:
    """The names of the lines with their marks, in a row between title and plot."""
    parts, x = [], LEFT + 4.0
    for curve in curves:
        parts.append(f'<path class="mark {curve.look}" d="{form(MARKS[curve.look], x, 0)}"/>')
        parts.append(f'<text class="name-{curve.look}" x="{x + 8}" y="4">{escape(curve.name)}</text>')
        x += 26 + 6.2 * len(curve.name)
    return "\n".join(parts)


def aim_of(panel: Panel, rows: Sequence[dict[str, Any]]) -> float | None:
    """Where the aim lies on the scale of this panel: of a flat one that many times the figure that it is held against."""
    if panel.aim is None:
        return None
    row = rows[0]
    return row["aim"] if panel.aim == "high" else row["aim"] * row["ratio"] / row["against"]


def scale_of(sizes: Sequence[int]) -> list[float]:
    """The ends of the scale of papers; a single size lies in the middle."""
    low, high = min(sizes), max(sizes)
    return [low, high] if high > low else [low / 2, high * 2]


def ticks_up_to(highest: float) -> list[float]:
    """Round ticks from 0 to at least this figure: four to seven of them."""
    rough = max(highest, 1e-9) / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(step * unit for step in (1, 2, 2.5, 5, 10) if step * unit >= rough)
    return [round(i * step, 9) for i in range(math.ceil(highest * 1.02 / step) + 1)]


def plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", type=Path, help="what growth.py --json wrote")
    parser.add_argument("folder", type=Path, help="where growth.svg is to lie")
    options = parser.parse_args()
    print(write_plots(json.loads(options.json.read_text(encoding="utf-8"))["tables"], options.folder))


if __name__ == "__main__":
    main()
