"""A task as a value: what is sent, and which tasks are the same call."""

import pytest

from models.task import LLMTask, Message, TaskOptions, ask

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
TURNED = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "string"}}}
BASE = ask("Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:2")


def test_one_question_is_one_message_of_the_user() -> None:
    """The short form makes the same value as the long one."""
    task = ask("Look.", None, str, system="Be fair.", images=[b"1", b"2"], stage="transcription")
    assert task == LLMTask(
        messages=(Message("system", "Be fair."), Message("user", "Look.", (b"1", b"2"))),
        schema=None,
        parse=str,
        stage="transcription",
    )
    assert (task.prompt, task.system, task.images, task.kind) == ("Look.", "Be fair.", (b"1", b"2"), "vision")
    assert (BASE.kind, BASE.images, BASE.system) == ("simple", (), "")


def test_parts_stay_in_their_order() -> None:
    """Several messages of the user are one prompt; the system's are told apart."""
    messages = (Message("user", "One"), Message("system", "S"), Message("user", "Two", (b"x",)))
    task = LLMTask(messages=messages, schema=None, parse=str)
    assert (task.prompt, task.system) == ("One\n\nTwo", "S")


@pytest.mark.parametrize("messages", [(), (Message("system", "S"),), (Message("user", " \n"),)])
def test_nothing_to_ask_is_refused(messages: tuple[Message, ...]) -> None:
    """An empty prompt would only load the model."""
    with pytest.raises(ValueError, match="text"):
        LLMTask(messages=messages, schema=None, parse=str)


def test_the_key_does_not_depend_on_how_the_reply_is_read() -> None:
    """The parser is ours and may get better; the reply is the same."""
    again = ask("Grade this.", SCHEMA, lambda text: text, inputs_hash="i", version="assignment-1:2")
    assert (again.key, again.prompt_hash) == (BASE.key, BASE.prompt_hash)
    assert len(BASE.key) == len(BASE.prompt_hash) == 64


@pytest.mark.parametrize(
    "other",
    [
        ask("Grade that.", SCHEMA, str, inputs_hash="i", version="assignment-1:2"),
        ask("Grade this.", TURNED, str, inputs_hash="i", version="assignment-1:2"),
        ask("Grade this.", None, str, inputs_hash="i", version="assignment-1:2"),
        ask("Grade this.", SCHEMA, str, inputs_hash="j", version="assignment-1:2"),
        ask("Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:3"),
        ask("Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:2", attempt=2),
        ask("Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:2", stage="rubric"),
        ask("Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:2", model="mistral"),
        ask("Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:2", images=[b"1"]),
        ask("Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:2", system="S"),
        ask(
            "Grade this.", SCHEMA, str, inputs_hash="i", version="assignment-1:2", options=TaskOptions(seed=0)
        ),
        ask(
            "Grade this.",
            SCHEMA,
            str,
            inputs_hash="i",
            version="assignment-1:2",
            options=TaskOptions(reasoning=False),
        ),
    ],
)
def test_all_that_decides_the_reply_is_in_the_key(other: LLMTask[str]) -> None:
    """A task that differs in one of them is another call."""
    assert other.key != BASE.key


def test_images_count_by_content_and_order() -> None:
    """Two pages the other way round are another prompt; no border between two images can be moved."""
    hashes = {
        ask("p", None, str, images=images).prompt_hash
        for images in ([b"ab", b"c"], [b"c", b"ab"], [b"a", b"bc"])
    }
    assert len(hashes) == 3


def test_broken_characters_have_a_hash_too() -> None:
    """A notebook's text may hold half a surrogate pair."""
    assert ask("\ud800 x", None, str).key != ask("\ud801 x", None, str).key


def test_only_given_options_are_sent() -> None:
    """0 is a value, ``None`` is the server's configuration; thinking is no sampling option."""
    options = TaskOptions(seed=0, temperature=0.0, reasoning=True)
    assert options.sampling == {"seed": 0, "temperature": 0.0}
    assert TaskOptions().sampling == {}
