"""The evaluation: reference questions are asked and scored.

`command` is `qa eval`. `data` reads questions, `runs` asks them, `metrics` scores the answers into the rows of `results`,
`compare` holds them against an earlier run and floors, `report` writes tables and a page, `fit` fits thresholds.
"""
