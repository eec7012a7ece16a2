"""A model that writes what it was told to, and a record of what it was asked.

    model = Writer("Training takes 40 minutes on one laptop <Training takes>.")

`<Training takes>` becomes the label, as in [1.5], of the sentence that begins so in the request.
"""

import re
import threading


class Writer:
    """A callable for `qa.Assistant(index, model=…)`. Each call takes the next reply, the last one again and again:
    a text, a list of its pieces, an error to be raised, or a function of the messages."""

    def __init__(self, *replies):
        self._replies = list(replies)
        self._lock = threading.Lock()
        self.asked = []

    def __call__(self, messages):
        with self._lock:
            self.asked.append(messages)
            reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, BaseException):
            raise reply
        if callable(reply):
            reply = reply(messages)
        return labelled(reply, messages) if isinstance(reply, str) else reply

    @property
    def shown(self):
        """What stands before the question in the last request for an answer: the papers, each a list of lines."""
        *papers, _, _ = self.asked[-1][1]["content"].split("\n\n")
        return [paper.splitlines() for paper in papers]


def labelled(reply, messages):
    """The reply with the labels that this request gives to the sentences it names."""

    def label(match):
        found = re.search(rf"^(\[\d+\.\d+\]) {re.escape(match[1])}", messages[-1]["content"], re.MULTILINE)
        assert found, f"no sentence that is shown begins with {match[1]!r}"
        return found[1]

    return re.sub(r"<([A-Z][^<>]*)>", label, reply)
