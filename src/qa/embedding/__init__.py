"""Texts to vectors of unit length.

`base` has the protocol: `embed_papers` gives one vector for the paper and one for each passage, `embed_question` one
vector. `onnx` runs the shipped model, one pass over title and abstract. `adapters` wrap any function, an
OpenAI-compatible endpoint or a llama-index object, and `make_embedder` chooses by name or object.
"""
