"""Marks of form that no introduction has: role tags, a verdict as data, the end of the transcript, new instructions."""

import re

_SCORE = r"(?:marks?|scores?|points?|grades?|rating)"
_CRITERION = r"(?:clarity|content|structure|engagement)"
_TAGS = r"(?:transcript|system|assistant|user|im_start|im_end|s|inst|answer|response|json|result)"

MARKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"<\s*/?\s*{_TAGS}\b|<\||\[/?inst\]|\[/?{_TAGS}\]",
        r"^\W*(?:system|assistant|user|developer)\s*(?:message|prompt|turn|note)?\s*:",
        r"\b(?:system|new|updated|final|hidden|secret)\s+(?:prompt|instructions?|message)\s*[:.]",
        r"#{2,}\s*\w+|(?:\bhash\b\W*){3}|\bless than (?:sign )?(?:slash )?\w+ greater than\b",
        rf"[\"'`]\s*(?:{_SCORE}|{_CRITERION}|facts?|problems?|reason|segments?|criteria|topic)\s*[\"'`]\s*:",
        r"\b(?:end|close|closing) of (?:the )?(?:transcript|prompt|input|document|user|student(?:'s)? (?:answer"
        r"|speech|text)|submission|context|conversation)\b",
        r"\b(?:triple|three) (?:backticks?|quotes?|dash\w*)\b|\bback ?ticks?\b|\bangle brackets?\b|\bclose (?:the"
        r" )?quot\w+",
        r"\b(?:slash|backslash) (?:transcript|speech|system|answer|user|prompt|inst)\b|\brole (?:colon )?system\b",
        r"\b(?:system|assistant|developer|user|admin) (?:colon|turn)\b|^\W*(?:system|developer) prompt\b",
        r"\b(?:begin|start)(?:ning)? of (?:the )?(?:system|instructions?|rubric|grading)\b",
        r"\b(?:transcript|user input|prompt) (?:ends|ended|is over|is complete|stops|closed)\b",
        r"\bhere (?:begins?|starts?) (?:the )?(?:system|instructions?|evaluation|grading|assessment|verdict)\b",
        r"\b(?:result|evaluation|grading|verdict) object (?:begins|starts|ends)\b",
    )
)


_DATA = re.compile(
    r"\b(?:open|curly|close|closing|left|right) (?:curly )?(?:brace|bracket)s?\b|\bjson\b", re.IGNORECASE
)
_VERDICT = re.compile(
    rf"\b(?:scores?|marks?|grades?|rating|{_CRITERION}|verdict|schema|colon|ten|10|full|maximum"
    r"|output|return|reply|respond)\b",
    re.IGNORECASE,
)
"""Students of computing speak of JSON and braces; with a verdict or an order beside them they are one as data."""


def is_marked(sentence: str) -> bool:
    """Whether the sentence has such a mark."""
    if _DATA.search(sentence) and _VERDICT.search(sentence):
        return True
    return any(mark.search(sentence) for mark in MARKS)
