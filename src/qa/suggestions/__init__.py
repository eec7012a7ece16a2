"""Questions to ask next.

`questions` fills templates for a collection, an answer or a refusal and keeps those that the abstracts answer;
`aspects` has the templates for one paper, `topics` finds phrases that several papers share.
"""
