"""Runs: `questions` (search, answers, replays), `statements` (the checks on planted faults), `beir` (public collections),
`baselines` (BM25 alone, vectors alone, copying the best abstract).
"""
