"""Plain text, before anything is indexed.

`cleanup` removes extraction artefacts; `sentences` splits an abstract into passages with offsets; `tokenize` gives the
tokens of BM25; `acronyms` finds definitions such as "graph neural network (GNN)"; `language` tells English from other
languages.
"""
