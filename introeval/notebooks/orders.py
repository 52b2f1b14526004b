"""What addresses the grader in a notebook: orders and verdicts about *this work*, found in plain words. Pure.

Rules:

1. A lesson may be about scores, models, prompts, instructions and JSON, and its comments give orders to nobody ("score
   the model", "print all points", "ignore the warnings"). What is withheld is missing in somebody's explanation, so the
   patterns ask for who is meant or what is graded. Speech has a detector of its own (``introeval.grading.injection``),
   tuned to introductions, in which nobody speaks of such things.
2. English only. The word lists that find orders in other languages in speech would withhold "analyse all data" in
   Chinese and "maximum likelihood estimate" in Russian; those are left to the schema and the guards.
3. A line without any word that the patterns need costs one search. They are compiled when the first notebook comes.
"""

import re
import unicodedata
from functools import cache

_WORK = (
    r"(?:(?:this|my|the) (?:notebook|homework|submission|assignment|solution|code|work|student|answer|project)s?"
    r"|me|us|this|him|her)"
)
_GRADER = r"(?:gr[ae][dt]er|marker|examiner|assessor|corrector|teacher'?s assistant|grading (?:model|assistant|system))"
_MACHINE = rf"(?:{_GRADER}|evaluator|a\.?i\.?|language model|llm|assistant|chat ?bot|chat ?gpt|mistral|llama)"
_MARKS = r"(?:marks?|scores?|grades?|points?|rating|credits?)"
_FULL = (
    r"(?:full|maximum|max|highest|top|perfect|best(?: possible)?|excellent|100 ?%"
    r"|(?:10|ten)(?: (?:of|out of) (?:10|ten))?)"
)
_RULES = (
    r"(?:rubrics?|grading (?:rules|scheme|criteria)"
    r"|(?:previous|earlier|above|your|all|these) (?:instructions|rules|prompts?))"
)
_IGNORE = r"(?:ignore|disregard|forget|skip|override|bypass|do not follow|don't follow)"
_MUST = r"(?:must|should|shall|has to|have to|needs? to|is to)"

_PATTERNS = (
    rf"(?<!i )(?<!never )(?<!not )\b{_IGNORE}\b[^.!?]{{0,30}}\b{_RULES}",
    rf"\b{_IGNORE} (?:the|all|any|all the) (?:instructions|rules|prompts?|criteria)\b(?! (?:for|in|on|at|from)\b)",
    rf"\b(?:give|award|grant|assign) {_WORK}\b[^.!?]{{0,30}}\b{_FULL}\b[^.!?]{{0,12}}\b{_MARKS}\b",
    r"\b(?:give|award|grant) (?:me|this (?:notebook|homework|solution|work)) (?:an? )?(?:10|ten|100|a\+?)(?![\w.])",
    r"\b(?:give|award|grant|assign)\b[^.!?]{0,20}\bfull (?:marks|score|points|credit)\b",
    rf"\b(?:final|overall|my|this student.?s) (?:mark|score|grade|rating) {_MUST} be\b[^.!?]{{0,20}}\b{_FULL}",
    rf"\b{_MARKS} {_MUST} be (?:10 (?:of|out of) 10|the maximum|perfect|excellent|full)\b",
    rf"\b(?:each|every|all) criteri(?:on|a) {_MUST}\b[^.!?]{{0,25}}\b(?:{_FULL}|{_MARKS})",
    rf"\b{_MUST} be (?:given|awarded|graded|marked|rated)\b[^.!?]{{0,30}}\b(?:{_FULL}|highly)\b",
    rf"\b{_WORK} (?:deserves?|is worth|earns|has earned) (?:an? |the )?(?:{_FULL}|\d+ {_MARKS})\b",
    rf"\b{_WORK} deserves?\b[^.!?;,]{{0,20}}\b(?:mark|grade|score|points)\b",
    r"\bplease (?:grade|score|mark|rate|pass) (?:me|this|my)\b",
    rf"\b(?:dear|hello|hey|hi|attention|note to(?: the)?|message to(?: the)?),? {_MACHINE}\b",
    rf"\b(?:you are|you're|act as|behave as|as) (?:now )?(?:an?|the|my) (?:\w+ ){{0,3}}{_GRADER}\b",
    r"\b(?:do not|don't|never) (?:deduct|subtract|take off)\b[^.!?]{0,20}\b(?:marks|points)\b",
    rf"\b(?:do not|don't|never) (?:look for|list|report|mention) (?:any |the )?(?:mistakes|problems|faults|issues)"
    rf"(?: (?:in|of|with) {_WORK}\b|\W*$)",
    rf"^\W*(?:system|assistant|user|developer) ?: ?.{{0,60}}\b(?:{_MARKS}|student|rubric|grader|passed)\b",
    r"\b(?:new|updated|hidden|secret) instructions? ?(?::|for the)",
    r"</? ?(?:notebook|review|student_?text)\b",
    r"<\|im_(?:start|end)\|> ?(?:system|assistant|user)",
)
_VERDICT = re.compile(r"[\"'](score|reason|issues|suggestions|topic|criteria|evidence)[\"'] ?:")
_ANY = re.compile(
    rf"\b(?:{_MACHINE}|{_RULES}|{_IGNORE}|{_MARKS}|criteri\w+|give|award|grant|assign|deserves?|worth|earn\w*|graded?"
    r"|marked|rated|student|passed|instructions?|deduct|subtract|mistakes|problems|issues|faults)\b"
    r"|</? ?\w|<\||[\"'] ?:"
)

# Letters of other alphabets that look like Latin ones, and Markdown's marks of emphasis.
_LOOKS_LIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u03bf\u03b1\u03b9\u03bd",
    "aeopcyxijsdoaiv",
    "*_~`",
)


def is_order_to_grader(text: str) -> bool:
    """Whether a text of a few lines tells the grader what to do, or which verdict to give."""
    line = _plain(text)
    if not _ANY.search(line):
        return False
    keys = {match[1] for match in _VERDICT.finditer(line)}
    return ("score" in keys and len(keys) > 1) or any(pattern.search(line) for pattern in _compiled())


def _plain(text: str) -> str:
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(folded.lower().translate(_LOOKS_LIKE).split())


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, _PATTERNS))
