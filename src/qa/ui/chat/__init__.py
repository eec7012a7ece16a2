"""The chat tab.

`tab` lays it out and connects its events, `handlers` answers them, `conversation` is what the browser sends and keeps,
`thread_html` and `paper_cards` render it.
"""
