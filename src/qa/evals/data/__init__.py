"""What an evaluation reads: reference questions, recorded replies, collections in BEIR's format.

`questions` reads and validates questions, `check_questions` checks that they are fair, `recorded_replies` replays a
language model's replies, `beir_format` reads public collections.
"""
