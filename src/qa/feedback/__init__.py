"""Votes on answers from the page.

`store` appends votes to a JSON Lines file and reads them back; `to_questions` turns them into draft reference questions
for the evaluation.
"""
