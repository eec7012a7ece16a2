"""Scores: `measures` (ranks, nDCG, AUC, bootstrap intervals), `scorers` (an answer against its reference), `curves`."""
