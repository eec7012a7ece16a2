"""Adapters for other frameworks; each module imports its framework, so nothing here is imported by default.

`llama_index`: the index as a retriever, the assistant as a query engine.
"""
