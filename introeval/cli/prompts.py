"""A preview on a terminal: the prompts as they are sent, and how long they are."""

import json

from rich.console import Console

from introeval.cli.terminal import shown
from introeval.client.assignment_shapes import Preview, Prompt, Tokens


def show_preview(out: Console, preview: Preview) -> None:
    """Print it."""
    out.print(shown(preview.detail, "bold"), soft_wrap=True)
    for number, prompt in enumerate(preview.prompts, 1):
        out.print()
        out.print(shown(_headline(number, prompt), "bold cyan"), soft_wrap=True)
        out.print(shown(_length(prompt.tokens)), soft_wrap=True)
        for image in prompt.images:
            line = f"image: {image.media_type}, {image.size_bytes} bytes, SHA-256 {image.sha256}"
            out.print(shown(line), soft_wrap=True)
        _text(out, "system", prompt.system)
        _text(out, "prompt", prompt.prompt)
        if prompt.reply_schema is not None:
            _text(out, "reply schema", json.dumps(prompt.reply_schema, ensure_ascii=False))
        out.print(shown(f"prompt hash: {prompt.prompt_hash}", "dim"), soft_wrap=True)
    if preview.prompts:
        out.print()
        out.print(shown(f"The estimate is {preview.prompts[0].tokens.kind}.", "dim"), soft_wrap=True)


def _headline(number: int, prompt: Prompt) -> str:
    parts = [f"{number}. {prompt.stage}", prompt.model or "any model"]
    parts += [f"try {prompt.attempt}"] if prompt.attempt > 1 else []
    parts += [f"{name} {value}" for name, value in prompt.options.items()]
    parts += ["answered already"] if prompt.kept else []
    return ", ".join(parts)


def _length(tokens: Tokens) -> str:
    said = f"tokens: at least {tokens.estimate} (estimate)"
    if tokens.measured is not None:
        said += f", {tokens.measured} as the server counted them"
    if tokens.context is None or tokens.left is None:
        return f"{said}; no server serves this model"
    left = f"{tokens.left} to spare" if tokens.left >= 0 else f"{-tokens.left} TOO MANY"
    return f"{said}; room {tokens.context}, {tokens.reply} of it for the reply: {left}"


def _text(out: Console, name: str, text: str) -> None:
    """Line by line: nothing in it may steer the terminal."""
    if not text:
        return
    out.print(shown(f"--- {name} ---", "dim"))
    for line in text.split("\n"):
        out.print(shown(line), soft_wrap=True)
