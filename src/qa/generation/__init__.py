"""The answer with a language model, from the question to checked statements.

`pipeline` rewrites a follow-up, retrieves papers and asks the model; `prompts` holds every text that is sent to it and
escapes untrusted text; `stream` reads the reply as it comes; `parse` cuts it into statements and `citation_labels` reads
their labels. Each statement is checked by `qa.verification` before it is yielded.
"""
