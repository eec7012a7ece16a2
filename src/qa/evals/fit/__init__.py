"""What is fitted, on development questions only: `answerability` (refusals and fusion weights), `thresholds` (statement
checks), both by `logistic` regression. The commands print the trade-offs.
"""
