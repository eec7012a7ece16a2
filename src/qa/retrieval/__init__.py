"""From a question to ranked papers.

`follow_up` makes a follow-up a standalone question. `query` parses it: typing errors, acronyms, token weights; `intent`
says what kind of answer its wording asks for, `mentions` which papers it names. `search` is the public `Index`: it takes
candidates by words and by meaning, `fusion` ranks them by the weighted sum of z-scores. `late_interaction` reads the best
papers token by token, and `explain` says why a paper was found.
"""
