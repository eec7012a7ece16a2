"""Foreign models behind the seam: llama-index objects and callables; thoughts taken out of replies."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from qa.errors import InputError, ModelSetupError, ModelUnavailableError
from qa.llm.base import StreamEnd, as_model
from qa.llm.chunks import ReasoningFilter, read_response

MESSAGES = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}]


def reply(model, reply_tokens=50, messages=MESSAGES):
    """The text of the reply, and its Ended."""
    *pieces, ended = as_model(model).stream(messages, reply_tokens=reply_tokens)
    return "".join(pieces), ended


class Echo:
    """A model of ours: passed through."""

    name = "echo"
    host = "here"

    def stream(self, messages, *, reply_tokens):
        yield messages[-1]["content"]
        yield StreamEnd()


class Llm:
    """Like a llama-index LLM object: stream_chat and metadata."""

    metadata = SimpleNamespace(model_name="tiny-llm")

    def __init__(self, *responses):
        self.responses = responses
        self.closed = False

    def stream_chat(self, messages, **options):
        self.asked = [(message.role.value, message.content) for message in messages]
        try:
            for response in self.responses:
                if isinstance(response, Exception):
                    raise response
                yield response
        finally:
            self.closed = True


def says(delta, **raw):
    return SimpleNamespace(delta=delta, raw=raw)


# What is taken for a model


def test_model_of_ours_is_passed_through():
    echo = Echo()
    assert as_model(echo) is echo
    assert as_model(as_model(str.upper)) is not None


def test_endpoint_is_passed_through_without_being_asked_its_name():
    class Asked(Echo):
        @property
        def name(self):
            raise AssertionError("the name was asked for")

    asked = Asked()
    assert as_model(asked) is asked


def test_wrapped_model_is_not_wrapped_again():
    model = as_model(lambda messages: "x")
    assert as_model(model) is model


class Answerer:
    def __call__(self, messages):
        return "x"


def answer_me(messages):
    return "x"


@pytest.mark.parametrize(
    ("thing", "name"),
    [(answer_me, "answer_me"), (Answerer(), "Answerer"), (lambda messages: "x", "lambda"), (Llm(), "tiny-llm")],
    ids=["function", "object", "lambda", "llama-index"],
)
def test_foreign_model_has_a_name_and_no_host(thing, name):
    model = as_model(thing)
    assert (model.name, model.host) == (name, "")


@pytest.mark.parametrize("thing", [None, "gpt-4.1-mini", 7, Echo, {"role": "user"}], ids=repr)
def test_anything_else_is_refused(thing):
    with pytest.raises(InputError, match=r"is not a language model. Pass a llama-index LLM object, or a function"):
        as_model(thing)


def test_wrapping_does_not_import_llama_index():
    code = "import sys; from qa.llm.base import as_model; as_model(print); print('llama_index' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# Callables


def test_callable_gets_plain_messages_and_its_text_is_the_reply():
    asked = []

    def model(messages):
        asked.append(messages)
        return "Because."

    assert reply(model) == ("Because.", StreamEnd())
    assert asked == [MESSAGES]
    assert all(type(message) is dict for message in asked[0])


@pytest.mark.parametrize(
    "given", [["Be", "cause."], ("Be", "cause."), iter(["Be", "cause."])], ids=["list", "tuple", "iterator"]
)
def test_callable_may_give_an_iterable_of_text(given):
    assert reply(lambda messages: given) == ("Because.", StreamEnd())


@pytest.mark.parametrize("given", ["", [], [""]], ids=repr)
def test_empty_reply_is_an_end_alone(given):
    assert reply(lambda messages: given) == ("", StreamEnd())


@pytest.mark.parametrize(
    ("given", "kind"),
    [(None, "NoneType"), (b"x", "bytes"), (7, "int"), ({"content": "x"}, "dict"), ([7], "int"), ([b"x"], "bytes")],
    ids=repr,
)
def test_callable_that_gives_no_text_is_a_fault_of_set_up(given, kind):
    with pytest.raises(ModelSetupError) as caught:
        reply(lambda messages: given)
    assert str(caught.value) == (
        f"The model gave {kind} where text was expected. Let it return a str or an iterable of str."
    )


def test_what_a_callable_raises_is_told_with_its_cause():
    def broken(messages):
        raise ValueError("no\n graphics card " + "x" * 1000)

    with pytest.raises(
        ModelUnavailableError, match=r"^The model broken failed \(ValueError: no graphics card x+…\)\."
    ) as caught:
        reply(broken)
    assert isinstance(caught.value.__cause__, ValueError)
    assert len(str(caught.value)) < 420


def test_what_breaks_after_the_first_piece_cuts_the_reply():
    def model(messages):
        yield "Because"
        raise RuntimeError("out of memory")

    assert reply(model) == ("Because", StreamEnd(cut="model failed (RuntimeError: out of memory)"))


def test_endless_reply_is_cut_and_its_iterator_closed():
    closed = []

    def model(messages):
        try:
            while True:
                yield "word " * 100
        finally:
            closed.append(True)

    text, ended = reply(model, reply_tokens=100)
    assert len(text) == 8 * 100 + 2000
    assert ended.cut == "it went on past 2,800 characters"
    assert closed == [True]


def test_closing_early_closes_the_foreign_iterator():
    llm = Llm(says("Be"), says("cause"))
    stream = as_model(llm).stream(MESSAGES, reply_tokens=50)
    assert next(stream) == "Be"
    assert not llm.closed
    stream.close()
    assert llm.closed


def test_half_a_surrogate_pair_is_replaced():
    assert reply(lambda messages: "a\ud83d b") == ("a\ufffd b", StreamEnd())


# llama-index objects


def test_llama_index_object_gets_chat_messages():
    llm = Llm(says("Be"), says("cause."))
    assert reply(llm) == ("Because.", StreamEnd())
    assert llm.asked == [("system", "Be short."), ("user", "Why?")]


def test_llama_index_object_without_deltas_is_read_by_what_its_message_grows():
    grown = [
        SimpleNamespace(delta=None, raw=None, message=SimpleNamespace(content=text)) for text in ("Be", "Because.")
    ]
    assert reply(Llm(*grown)) == ("Because.", StreamEnd())


def test_llama_index_object_that_cannot_stream_is_asked_for_the_whole():
    class Whole(Llm):
        def stream_chat(self, messages, **options):
            raise NotImplementedError

        def chat(self, messages):
            return SimpleNamespace(delta=None, raw=None, message=SimpleNamespace(content="Because."))

    assert reply(Whole()) == ("Because.", StreamEnd())


def test_llama_index_object_that_fails_is_told():
    with pytest.raises(ModelUnavailableError, match=r"^The model tiny-llm failed \(OSError: away\)\. Ask again"):
        reply(Llm(OSError("away")))
    assert reply(Llm(says("Be"), OSError("away"))) == ("Be", StreamEnd(cut="tiny-llm failed (OSError: away)"))


USAGES = {
    "openai": {"usage": {"prompt_tokens": 7, "completion_tokens": 3}},
    "openai object": {"usage": SimpleNamespace(prompt_tokens=7, completion_tokens=3)},
    "anthropic": {"usage": {"input_tokens": 7, "output_tokens": 3}},
    "ollama": {"prompt_eval_count": 7, "eval_count": 3},
    "gemini": {"usage_metadata": {"prompt_token_count": 7, "candidates_token_count": 3}},
}


@pytest.mark.parametrize("raw", USAGES.values(), ids=USAGES)
def test_usage_is_read_where_the_raw_response_has_it(raw):
    assert reply(Llm(says("Be"), says("cause.", **raw))) == ("Because.", StreamEnd(tokens_in=7, tokens_out=3))


@pytest.mark.parametrize("count", [None, "7", -1, True, 1.5], ids=repr)
def test_usage_that_is_no_count_is_not_believed(count):
    raw = {"usage": {"prompt_tokens": count, "completion_tokens": count}}
    assert read_response(says("x", **raw)) == ("x", None, (None, None))


def test_last_usage_counts_where_every_piece_has_one():
    counts = [{"usage": {"prompt_tokens": 7, "completion_tokens": n}} for n in (1, 2)]
    assert reply(Llm(*(says("x", **raw) for raw in counts), says("y")))[1] == StreamEnd(tokens_in=7, tokens_out=2)


@pytest.mark.parametrize(
    ("finish", "cut"),
    [
        ("stop", None),
        ("length", "it reached its limit of 50 tokens"),
        ("content_filter", "the endpoint's content filter stopped it"),
    ],
)
def test_reason_to_stop_is_read(finish, cut):
    assert reply(Llm(says("x", choices=[{"finish_reason": finish}])))[1].cut == cut


def test_real_llama_index_object_answers():
    from llama_index.core.llms import MockLLM

    text, ended = reply(MockLLM(max_tokens=4))
    assert text
    assert ended == StreamEnd()


# Thoughts

THOUGHTS = {
    "none": ("It does.", "It does."),
    "one": ("<think>Let me see.</think>\n\nIt does.", "It does."),
    "long tag": ("<thinking>Hm.</thinking>It does.", "It does."),
    "blanks before": ("\n <think>Hm.</think> It does.", "It does."),
    "capitals": ("<Think>İHm.</THINK>It does.", "It does."),
    "empty": ("<think>\n\n</think>\n\nIt does.", "It does."),
    "two": ("<think>a</think><think>b</think>It does.", "It does."),
    "later ones stay": ("It does. <think>x</think>", "It does. <think>x</think>"),
    "never ends": ("<think>It goes on and on", ""),
    "a tag like it": ("<thinner> it is", "<thinner> it is"),
    "cut within the tag": ("<thi", "<thi"),
    "wrong end": ("<think>a</thinking>b</think>It does.", "It does."),
}


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(("text", "shown"), THOUGHTS.values(), ids=THOUGHTS)
def test_leading_thoughts_are_taken_out_in_whatever_pieces_they_come(text, shown, size):
    thinking = ReasoningFilter()
    pieces = [thinking.feed(text[i : i + size]) for i in range(0, len(text), size)]
    assert "".join(pieces) + thinking.rest() == shown


def test_text_that_cannot_be_a_thought_is_given_on_at_once():
    thinking = ReasoningFilter()
    assert thinking.feed("I") == "I"
    assert thinking.feed("<think>") == "<think>"
    assert ReasoningFilter().feed("<table>") == "<table>"
