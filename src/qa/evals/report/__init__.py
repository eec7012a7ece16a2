"""Results as text and as one HTML page: `tables`, `plots` and `charts` (SVG geometry), `failures` (why a question failed),
`html` (the page and its templates).
"""
