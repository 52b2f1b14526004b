"""Speech that is addressed to the grader instead of the listener: found sentence by sentence.

It is flagged for the teacher and kept from the model; the rest is graded as it is. Nothing is zeroed for it.
The patterns ask for an order or a verdict (not for a mere word such as "marks"), and allow for what speech
recognition makes of it ("grater" for "grader"). English only; other languages are left to the model's schema
and to the guards.
"""

import re

_GRADER = (
    r"(?:gr[ae][dt]er|examiner|evaluator|assessor|a\.?i\.?|language model|assistant|chatbot|chat ?gpt|llama)"
)
_SCORE = r"(?:marks?|scores?|points?|grades?|rating)"
_FULL = r"(?:full|maximum|max|highest|top|perfect|best(?: possible)?|all(?: the)?|ten|100|10)"
_RULES = r"(?:rubric|instructions?|prompts?|guidelines?|criteria|grading (?:rules|scheme))"
_MUST = r"(?:must|should|has to|have to|needs? to)"
_IGNORE = r"(?:ignore|disregard|forget|skip|override|bypass|do not follow|don't follow)"
_VERDICT = rf"(?:{_FULL}\b[^.!?]{{0,20}}\b{_SCORE}\b|(?:10|ten|100|a hundred)\b(?!\s+\w+s\b)|an? [a5]\b)"
_WHOM = r"(?:me|us|this|it|him|her|them|the (?:speaker|student|speech))"

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!never )(?<!i )(?<!not )\b{_IGNORE}\b[^.!?]{{0,40}}\b{_RULES}\b",
        rf"\b(?:give|award|grant|assign|allot)\s+{_WHOM}\b[^.!?]{{0,30}}\b{_VERDICT}",
        rf"\b(?:(?:the|this|your|final|every|each|all) {_SCORE}|(?:each|every) criterion|all criteria)\b"
        rf"[^.!?]{{0,30}}\b{_MUST}\s+(?:be|get|receive)\b[^.!?]{{0,20}}\b(?:{_FULL}|excellent)\b",
        rf"\b{_MUST}\s+be\s+(?:given|awarded|scored|graded|marked|rated)\b[^.!?]{{0,40}}"
        rf"\b(?:{_FULL}|excellent|highly)\b",
        r"\bplease\s+(?:grade|score|mark|rate)\s+(?:me|this|my)\b",
        rf"\b(?:dear|hello|hey|hi|attention|note to(?: the)?)\s+{_GRADER}\b",
        rf"(?:\b(?:you are|you're)|^\s*(?:act|behave) as)\b[^.!?]{{0,30}}\b{_GRADER}\b",
        rf"\b(?:do not|don't|never)\s+(?:look for|list|report|mention|deduct|take off)\b[^.!?]{{0,20}}"
        rf"\b(?:problems?|mistakes|errors|faults|{_SCORE})\b",
        r"\b(?:system|new|updated)\s+(?:prompt|instructions?|message)\s*:",
        r"^\s*(?:system|assistant|user)\s*:",
        rf"[\"']\s*(?:{_SCORE}|clarity|content|structure|engagement)\s*[\"']\s*:",
        r"<\s*/?\s*(?:transcript|system|im_start|im_end|s|inst)\b|<\||\[/?inst\]",
        rf"\b(?:this|my)\s+(?:introduction|speech|video)\s+(?:deserves|is worth|gets|earns)\b[^.!?]{{0,30}}"
        rf"\b(?:{_FULL}|{_SCORE})\b",
    )
)
_SENTENCE = re.compile(r"[^.!?]+(?:[.!?]+(?=\s|$)|[.!?]+|$)")


def is_addressed(sentence: str) -> bool:
    """Whether the sentence tells the grader what to do or which verdict to give."""
    return any(pattern.search(sentence) for pattern in _PATTERNS)


def split_addressed(text: str, placeholder: str) -> tuple[str, tuple[str, ...]]:
    """The text with each sentence to the grader replaced by ``placeholder``, and those sentences."""
    kept: list[str] = []
    addressed: list[str] = []
    for sentence in (match.group().strip() for match in _SENTENCE.finditer(text)):
        if is_addressed(sentence):
            addressed.append(sentence)
            sentence = placeholder
        if sentence and not (sentence == placeholder and kept[-1:] == [placeholder]):
            kept.append(sentence)
    if not addressed and is_addressed(text):
        return placeholder, (text,)
    return " ".join(kept) if addressed else text, tuple(addressed)
