"""Logistic regression by Newton's method, small enough to need no library for machine learning."""

from dataclasses import dataclass

import numpy as np

from qa.evals.metrics.measures import Array, Truth

RIDGE = 3.0
"""Weight of the penalty on squared weights; between 1 and 10 the cross-validated scores of the refusal do not differ."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted regression over standardised features: their `means` and `deviations`, the `weights` and the `bias`."""

    means: Array
    deviations: Array
    weights: Array
    bias: float

    def scores(self, rows: Array) -> Array:
        """Log odds of a positive, one a row."""
        return (rows - self.means) / self.deviations @ self.weights + self.bias


def fit(rows: Array, positive: Truth, counts: Array) -> Fit:
    """Fit to rows x features with one truth a row (some of each kind), each counting so many times; both kinds weigh the
    same."""
    means, deviations = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    x: Array = np.column_stack([np.ones(len(rows)), (rows - means) / deviations])
    y = positive.astype(float)
    share = float(counts @ y) / float(counts.sum())
    of_kind: Array = np.where(positive, 0.5 / share, 0.5 / (1 - share))
    balance: Array = counts / counts.mean() * of_kind
    penalty: Array = RIDGE * np.diag([0.0, *np.ones(rows.shape[1])])
    weights: Array = np.zeros_like(x[0])
    for _ in range(50):
        odds: Array = x @ weights
        likely: Array = 1 / (1 + np.exp(-odds))
        gradient: Array = x.T @ (balance * (likely - y)) + penalty @ weights
        curvature: Array = (x * (balance * likely * (1 - likely))[:, None]).T @ x + penalty
        step: Array = np.linalg.solve(curvature, gradient).astype(np.float64)
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return Fit(means=means, deviations=deviations, weights=weights[1:], bias=float(weights[0]))
