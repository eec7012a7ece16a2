"""The answer without a language model: verbatim quotes.

`answerer` searches, reads the best papers closely and decides; `answerability` estimates whether they answer the
question; `select` chooses the sentences to quote and composes text, statements and citations.
"""
