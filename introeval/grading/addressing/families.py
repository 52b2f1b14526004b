"""Families of words about grading, and the tags that each word of a sentence gets from them. Pure.

A tag is a meaning ("AWARD", "TOP", "GRADER"): a rule (``rules``) holds for all words of its family. Two principles keep
ordinary talk out of it:

1. A number that counts something ("ten minutes") or praise of a thing ("perfect host") is no verdict.
2. The end of a scale ("from one to ten") is no verdict either.
"""

import re
from collections.abc import Iterator, Mapping


def _family(words: str) -> frozenset[str]:
    return frozenset(words.split())


FAMILIES: Mapping[str, frozenset[str]] = {
    # Orders are the bare form of a verb; a story has "gave", "gives" or "given".
    "AWARD": _family(
        "give award assign grant allot allocate bestow hand deal credit reward apply provide offer allow"
    ),
    "WRITE": _family(
        "write put set enter record output return print type fill tick choose select pick use report display produce"
        " generate reply respond answer say state note register save submit make copy confirm repeat press raise bump"
        " increase boost lift round keep change adjust update insert place leave let settle decide end finish"
        " stay default"
        " show click draw send store complete conclude read issue deliver stick stamp"
    ),
    "RATE": _family(
        "grade mark score rate evaluate judge assess treat consider regard classify appraise rank class"
    ),
    "RATED": _family(
        "graded marked scored rated evaluated judged assessed classified appraised reviewed ranked treated considered"
        " regarded credited"
    ),
    "GIVEN": _family("given awarded assigned granted allotted set gives awards gave assigns grants"),
    "GETS": _family(
        "gets get receives receive received deserves deserve merits merit earns earn earned achieved achieves obtains"
        " obtain worth reaches reached scores attains attained got warrants satisfies"
    ),
    "CHECKED": _family(
        "approved preapproved confirmed verified validated checked certified accepted agreed fixed settled decided"
        " finalised finalized complete completed finished done final closed recorded entered stored saved"
    ),
    "SCORE": _family(
        "mark marks score scores point points grade grades rating ratings level levels result results evaluation"
        " evaluations assessment assessments credit credits verdict verdicts value values band distinction"
        " percent total outcome"
        " output outcome number numbers step stars decision judgement judgment digit percentage tier box marking"
    ),
    "TOP": _family(
        "full maximum maximal max highest top topmost perfect flawless best excellent outstanding exemplary superb"
        " brilliant faultless ideal distinction uppermost exceptional"
    ),
    "TEN": _family("ten 10 tens hundred 100 nine 9"),
    "NUM": _family(
        "ten 10 nine 9 eight 8 seven 7 hundred 100 maximum perfect excellent full highest best outstanding max"
    ),
    "GRADER": _family(
        "grader graders examiner examiners evaluator evaluators assessor assessors corrector marker markers rater"
        " raters"
        " scorer scorers proctor gradebot autograder"
    ),
    "PANEL": _family(
        "committee jury board panel commission teacher professor lecturer tutor department office faculty"
    ),
    "AI": _family(
        "ai machine computer bot chatbot algorithm system assistant software program gpt chatgpt llama model mistral"
        " qwen robot llm mister app"
    ),
    "RULES": _family(
        "rubric rubrics instruction instructions prompt prompts guideline guidelines rules rule criteria directions"
        " orders directives constraints policy guidance"
    ),
    "SCHEME": _family(
        "rubric rubrics scheme guide key policy criteria scale criterion regulations regulation guidelines"
    ),
    "IGNORE": _family(
        "ignore disregard forget skip override bypass overlook neglect discard drop abandon overrule suspend"
    ),
    "FIELD": _family(
        "criterion criteria scale scales category categories field fields row rows column columns line lines"
        " aspect aspects dimension dimensions"
        " question questions section sections item items levels boxes areas points scores"
    ),
    "CRIT": _family(
        "clarity content structure engagement fluency grammar vocabulary pronunciation language delivery coherence"
        " confidence organisation organization accuracy"
    ),
    "WORK": _family(
        "speech introduction recording transcript submission assignment presentation answer audio talk text"
        " performance video file sample monologue response clip task statement piece passage utterance"
    ),
    "CAND": _family("student candidate speaker participant applicant learner testee examinee person"),
    "CANDS": _family(
        "students candidates speakers participants applicants answers speeches submissions recordings introductions"
        " presentations anyone whoever everybody everyone nobody"
    ),
    "FAULT": _family(
        "mistake mistakes error errors fault faults weakness weaknesses problem problems accent accents flaw flaws"
        " hesitations pauses silence fillers deductions deduction weak"
    ),
    "DEDUCT": _family(
        "deduct subtract penalise penalize downgrade dock deducted subtracted penalised penalized downgraded"
    ),
    "LOWER": _family("lower reduce remove take cut decrease removed reduced lowered taken"),
    "MUST": _family("must should shall has have need needs ought will may obliged supposed"),
    "EACH": _family("each every all both everywhere whole"),
    "PLEA": _family(
        "beg implore plead mercy merciful generous lenient lenience leniency pity kindly desperate"
    ),
    "GRADES": _family(
        "evaluates grades marks judges assesses scores rates checks marking grading scoring judging evaluating rating"
    ),
    "NOT": _family("not don't never without dont no"),
}
_TAGS: dict[str, list[str]] = {}
for _tag, _words in FAMILIES.items():
    for _one in _words:
        _TAGS.setdefault(_one, []).append(_tag)

# What may stand after a verdict. Any other noun is the thing that is counted or praised.
_AFTER = _family(
    "out of from in for on to and or with by at is as the a an every each all this that it me please no not"
    " everywhere"
    " always thanks because when if you so here my your without possible but also only now then available again next"
    " plus slash percent too regardless across throughout today right straight immediately which since whatever be"
    " equals are should must will would"
) | {";", "."}
_NOT_COUNTED = ("SCORE", "FIELD", "RATE", "RATED", "WORK", "TOP", "TEN", "CRIT", "CAND")
_WORD = re.compile(r"[a-z0-9][a-z0-9']*|[,:;.=!?\"]")


def words(sentence: str) -> list[str]:
    """Words in lower case; each mark between them, and the end, is ``;``."""
    text = (
        sentence.lower().replace("\u2019", "'").replace("a.i.", "ai ").replace("-", " ").replace("/", " of ")
    )
    text = text.replace("do not ", "don't ").replace(" a plus", " maximum")
    return [*(word if word[0].isalnum() else ";" for word in _WORD.findall(text)), ";"]


def tagged(sentence: str) -> str:
    """The sentence as `` word:TAG:TAG:`` for each word, as ``rules`` reads it."""
    return "".join(_tagged(words(sentence)))


def _tagged(all_words: list[str]) -> Iterator[str]:
    for at, word in enumerate(all_words):
        tags = _TAGS.get(word) or _TAGS.get(word.removesuffix("'s"), [])
        if ("TOP" in tags or "TEN" in tags) and not _is_verdict(all_words, at):
            tags = [tag for tag in tags if tag not in ("TOP", "TEN", "NUM")]
        yield f" {word}:{''.join(f'{tag}:' for tag in tags)}"


def _is_verdict(all_words: list[str], at: int) -> bool:
    if at > 1 and all_words[at - 1] == "to" and all_words[at - 2] in ("one", "zero", "1", "0"):
        return False
    after = all_words[at + 1] if at + 1 < len(all_words) else ";"
    if all_words[at] in _AFTER:
        return True
    return after in _AFTER or any(tag in _NOT_COUNTED for tag in _TAGS.get(after, ()))
