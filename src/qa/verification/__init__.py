"""Is a statement supported by the sentences that it cites?

`checker` runs an ordered list of checks and scores the wording. `numbers` reads numbers and `number_match` compares them;
`entities` compares names; `contradiction` and `comparisons` find opposites and negations; `no_evidence` recognises
statements that something is not in the papers; `similarity` compares wording. `saved_answer` checks a saved answer again.
"""
