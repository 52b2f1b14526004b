"""How much an English sentence has of an address to the grader: who is meant, what is ordered, which verdict. Pure.

No single word makes an address: a student may want full marks in mathematics, a father may grade apples. Points are
given for parts, and a sentence needs ``ADDRESS`` of them; ``HINT`` makes it the continuation of one beside it.
"""

import re
from collections.abc import Mapping

ADDRESS = 3.0
HINT = 1.5

_SCORE = (
    r"(?:marks?|scores?|points?|grades?|ratings?|levels?|results?|evaluations?|assessments?|distinctions?)"
)
_FULL = (
    r"(?:full|maximum|maximal|max|highest|top|perfect|flawless|best(?: possible)?|excellent|tens?|10|100 percent"
    r"|a hundred|upper limit|number after nine|five and five)"
)
_BEST = r"(?:ten|10|maximum|highest|perfect|best|excellent)"
_CRITERION = r"(?:clarity|clearity|content|contend|structure|engagement)"
_EACH = r"(?:each|every|all(?: of)?(?: the| my)?|both|everywhere|whole|four|other two|in all)"
_FIELD = (
    r"(?:criteri(?:on|a)|scales?|categor(?:y|ies)|fields?|rows?|levels?|scores?"
    r"|questions? (?:one|two|three|four))"
)
_WORK = (
    r"(?:speech|introduction|recording|text|transcript|submission|assignment|video|sentence|assessment|evaluation"
    r"|performance|speaker|student|roll number)"
)
_SELF = rf"(?:this|my|the (?:present|following))\s+{_WORK}"
_RULES = (
    r"(?:rubric|instructions?|prompts?|guidelines?|criteria|(?:grading|your|all|previous) (?:rules|schemes?))"
)
_IGNORE = r"(?:ignore|disregard|forget|skip|override|bypass|do not follow|don't follow)"
_ACT = (
    r"(?:give|award|assign|grant|allot|set|write|output|return|respond|reply|answer|choose|put|fill in|mark|score"
    r"|grade|rate|evaluate|judge|assess|ignore|disregard|skip|forget|override|bypass|confirm|copy|repeat|press"
    r"|print|use|raise|report|treat|count|reward|let|remember|decide|accept|pass|stop|consider|make it|do not"
    r"|don't|never)"
)
_MUST = r"(?:must|should|shall|has to|have to|needs? to|is to|are to|may|(?:is|are) obliged to|ought to|can)"
_ASK = rf"(?:please|{_MUST}|to|you(?: can| may)?|and|just|simply|i (?:ask|beg|want)(?: you)?(?: to)?)"

_GRADER = (
    r"(?:automatic |artificial )?"
    r"(?:gr[ae][dt]er|examiner|evaluator|assessor|corrector|a\.?i\.?|language model|assistant|chatbot|chat ?gpt"
    r"|llama)"
)

_WHO: Mapping[str, float] = {
    r"\b(?:gr[ae][dt]er|gray der|examiner|evaluator|assessor|corrector)s?\b": 1.6,
    r"\b(?:language model|chat ?gpt|llama|mistral)\b": 1.6,
    r"\b(?:you|the one|whoever|everybody|everyone|who) (?:who |that )?"
    r"(?:evaluates?|assess(?:es)?|grades?|marks?|judges?|scores?|reads? this)\b": 1.6,
    r"\b(?:a\.?i\.?|machine|computer|algorithm|bot|automatic \w+|system|assistant|jury|committee|model|judge)\b": 1.2,
    r"\byou(?:r|rself)?\b": 0.7,
    r"\byou are (?:now |no longer )?(?:an?|the|my|dan)\b"
    r"|\b(?:act|behave|speak|pretend|imagine|suppose)\b.{0,30}\b(?:you|as)\b": 1.2,
    rf"\b(?:dear|hello|hey|hi|attention|note to(?: the)?)\s+{_GRADER}\b": 3.0,
    r"\bdear\b|\bthe (?:teacher|professor|tutor) speaking\b|\bnote (?:from|to)\b|\bfor the grader\b": 1.0,
}
_VERDICT: Mapping[str, float] = {
    rf"\b{_FULL}\b(?:\W+\w+){{0,3}}?\W+{_SCORE}\b|\b{_SCORE}\b(?:\W+\w+){{0,4}}?\W+{_FULL}\b": 1.6,
    rf"\b{_BEST}\b(?:\W+\w+){{0,4}}?\W+{_EACH}\W+(?:\w+\W+)?{_FIELD}\b": 1.6,
    rf"\b{_EACH}\W+(?:\w+\W+){{0,2}}?{_FIELD}\b(?:\W+\w+){{0,6}}?\W+{_BEST}\b": 1.6,
    rf"\b(?:give|award|grant|assign|allot)\W+(?:me|us|this|it|him|her|them)\W+(?:an?\W+|the\W+)?{_FULL}\b": 2.4,
    r"(?:\b(?:ten|10)\b\W+(?:and )?){2,}(?:ten|10)\b": 2.0,
    r"\b(?:ten|10) (?:out of|of|from) (?:ten|10)\b|\bten\b\W+(?:and )?ten\b": 1.2,
    r"\b(?:a|four|with|number) tens?\b|\bfive and five\b": 1.2,
    r"\b(?:to be|be|gets?|receives?|reached|with|as|is|was|it) (?:the |an? )?"
    r"(?:maximum|highest|perfect|excellent|flawless|top|best)\b": 1.2,
    r"\bno (?:problems?|deductions?|flags?|weak\w*|mistakes?|rubric|further judgement)\b|\bproblems? none\b": 1.6,
    r"\b(?:do not|don't|never|without)\W+(?:look\w*|search\w*|list|report|mention|deduct|take off)\b.{0,20}"
    r"\b(?:problems?|mistakes|errors|faults|points|marks)\b": 1.6,
    r"\b(?:deduct\w*|take (?:any |no )?points? (?:away|off)|subtract\w*)\b": 1.6,
    r"\beverywhere\b.{0,20}\bten\b|\bten (?:everywhere|always|if)\b|\b(?:level|score) ten\b": 1.2,
}
_SUBJECT: Mapping[str, float] = {
    r"\b(?:criteri(?:on|a)|rubric|grading|transcript|scoring|calibration)\b": 1.2,
    rf"\b{_CRITERION}\b.*\b{_CRITERION}\b": 1.6,
    rf"\b{_SELF}\b": 1.0,
    rf"\b(?:for|about|of) (?:my )?{_CRITERION}\b|\b{_SCORE}\b": 1.0,
    r"\b(?:fillers|vague words|missing ending|weak parts?|strengths|segments?|explanation|reasons?)\b": 0.8,
    rf"\b(?:previous|earlier|above|all|your) {_RULES}\b": 1.2,
    r"\bgrading key\b|\bknown answer\b|\bcounts? as\b|\bfor every criterion\b": 1.2,
    r"\b(?:according to|regulations?|department|faculty|exception|certificate|committee|appeal)\b.*"
    r"\b(?:receives?|maximum|removed|deducted|counts?)\b": 0.8,
    r"\b(?:already|yesterday|before you|last (?:week|year))\b.{0,60}"
    r"\b(?:graded|evaluated|marked|scored|reported|gave)\b"
    r"|\b(?:graded|evaluated|scored)\b.{0,40}\b(?:yesterday|already|last week)\b": 1.2,
}
_ORDER: Mapping[str, float] = {
    rf"(?<!i )(?<!never )(?<!not )\b{_IGNORE}\b[^.!?]{{0,40}}\b{_RULES}\b": 2.4,
    rf"^(?:(?:and|but|so|then|now|please|just|simply|also|therefore|only) )*{_ACT}\b": 1.2,
    rf"\b{_ASK}\W+(?:\w+ly\W+)?{_ACT}\b": 1.0,
    rf"\b(?:the|this|your|final|every|each|all)\W+{_SCORE}\b.{{0,30}}\b{_MUST}\W+(?:be|get|receive)\b": 1.2,
    r"^\W*(?:ignore|disregard|forget|override)\W*(?:all|everything|it|that|this)?\W*$": 1.6,
    r"\bplease\W+(?:grade|score|mark|rate)\W+(?:me|this|my)\b": 2.0,
    r"\bi (?:beg|ask|wish|implore|plead)\b|\bmy (?:only |last )?(?:wish|request)\b": 1.0,
    r"\bhave a heart\b|\bgive it to me\b|\bmark me\b|\blet it be\b": 1.2,
    r"\b(?:for the sake of|break (?:her|his|my) heart|lose my (?:scholarship|place|visa)"
    r"|only (?:present|chance)|i swear)\b": 1.0,
    rf"\b{_MUST}\W+(?:be|get|receive|match|agree|write|argue)\b": 0.8,
}
_PARTS = tuple(
    tuple((re.compile(pattern), points) for pattern, points in part.items())
    for part in (_WHO, _VERDICT, _SUBJECT, _ORDER)
)
_ENOUGH = (1.0, None, 1.2, 1.0)
"""A verdict alone is talk of marks: whom, about what or which order must come with it, this clearly."""

# A story about other marks: somebody's verdict in the past, in a subject, on other things. It counts against.
_STORY = re.compile(
    r"\b(?:gave|got|had|has|reached|received|passed|failed|won|was given|s?he said|tested|wrote|learned|asked me)\b"
    r"|\bi (?:like|love|enjoy)\b"
    r"|\bin (?:the |my |our )?"
    r"(?:school|exams?|college|mathematics|maths|class|practice|faculty|league|factory|project)\b"
)
_OWN = re.compile(
    r"^\W*(?:(?:and|but|so|also|then|well|um|okay)\W+)*i (?:like|love|enjoy|have|had|wrote|made|work|am|was)\b"
)
_WHOM = re.compile(r"\b(?:you|your|grader|examiner|evaluator|machine|a\.?i|please|this)\b")
_CLAIMED = re.compile(
    r"\b(?:the|other|same) (?:model|machine|system|grader|examiner|jury|committee)\b|\byou (?:graded|gave)\b"
    rf"|\b{_SELF}\b|\bcriteri(?:on|a)\b"
)
STORY, OWN_STORY = 1.2, 2.4
_NARRATIVE = re.compile(
    r"\b(?:i|i'm|we|our|me|my (?!speech|score|mark|grade|introduction|result|clarity|content|structure"
    r"|engagement)\w+)\b"
)


def is_narrative(sentence: str) -> bool:
    """Whether the sentence tells of the speaker, in plain words: then it continues an address less easily."""
    return bool(_NARRATIVE.search(sentence))


def points(sentence: str) -> float:
    """The points of a sentence in plain words (``plain``)."""
    by_part = [sum(points for part, points in parts if part.search(sentence)) for parts in _PARTS]
    found = sum(by_part)
    if not any(least is not None and got >= least for got, least in zip(by_part, _ENOUGH, strict=True)):
        found = min(found, ADDRESS - 0.1)
    if _STORY.search(sentence) and not _CLAIMED.search(sentence):
        found -= OWN_STORY if _OWN.search(sentence) and not _WHOM.search(sentence) else STORY
    return found
