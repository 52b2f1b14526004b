"""What makes an English sentence an address to the grader: rules over tagged words (``families``). Data only.

A rule is a row of words in their order. ``CAPITALS`` are tags, small letters are words, ``a|b`` is either, ``..3`` is
up to three words of any kind, ``!`` is where an order may begin (a comma, "please"), ``^`` where a clause does, and
`` / `` stands between two ways. ``{V}`` is a verdict, ``{SELF}`` the work that is being graded. ``matching`` reads
them.
"""

MACROS = {
    "SELF": "this|my|following|present ..2 WORK|CAND",
    "THIS": "this|present|following ..1 WORK|CAND|SCORE",
    "V": "TEN|TOP",
    "VS": "TEN out of TEN / TEN of TEN / TOP ..2 SCORE / SCORE ..3 TOP / TEN ..1 SCORE",
    "ME": "me|us|it|this|him|her|them|mine|myself|CAND|WORK|EACH|everyone|everybody",
    "ACT": "AWARD|WRITE|RATE",
    "YOU": "you|GRADER|AI|whoever|your|PANEL",
}

RULES = {
    # Orders to give a verdict.
    "give this the best": "! AWARD ..2 {ME} ..4 {V}",
    "award the best": "! AWARD ..4 {VS}",
    "and give me the best": "and|to|then|so AWARD ..1 me|this|my|it ..4 {VS}",
    "write ten": "! WRITE ..4 {VS}",
    "write ten only": "! write|output|return|print|reply|respond|enter|record|put|type ..5 {V}",
    "set each to ten": "! WRITE ..3 FIELD|CRIT|SCORE|EACH ..5 {V}",
    "rate it best": "! RATE ..2 {ME} ..4 {V}",
    "rate this": "! RATE {SELF}",
    "treat this as": "! treat|consider|regard|count|accept|judge ..3 {SELF} ..1 as",
    "I want you to rate": "you to RATE|AWARD ..6 {V}",
    "I ask you to rate this": "you to RATE|treat ..3 {SELF}",
    "I want you to treat this as": "you to treat|consider|regard|count ..3 this|me|my|it ..2 as",
    "make sure it is ten": "! make|ensure|see ..2 that|the ..9 SCORE ..6 {V}",
    "tell the grader to": "tell|ask|instruct|order|remind ..2 GRADER to|that",
    "let it be ten": "! let|make ..5 be|a|it|read {V}",
    "let it be the best mark": "! let|make ..6 {VS}",
    "raise my mark": "! raise|bump|increase|boost|lift|round|upgrade my|this|the SCORE",
    "pass me": "! let|pass ..3 me|SELF|CAND ..3 pass|with ..3 {V}",
    # Orders to look away from faults or rules.
    "ignore the rules": "! IGNORE ..4 RULES|SCHEME",
    "ignore what you were told": "! IGNORE ..3 everything|all|what|anything ..4 told|said|written|learned"
    "|guidelines|above|before",
    "ignore and give": "! IGNORE ..9 AWARD|WRITE ..4 {V}",
    "do not deduct": "NOT ..2 DEDUCT",
    "nothing is deducted": "nothing|none ..4 DEDUCT",
    "no deductions": "no deductions",
    "do not lower": "! NOT ..1 LOWER ..3 SCORE",
    "faults do not count": "FAULT ..2 NOT|cannot ..1 be|count|counted|matter|DEDUCT|LOWER ..1 SCORE|counted|DEDUCT|;",
    "look for no faults": "! NOT ..1 look|search|list|report|mention|count|note|consider|find ..3 FAULT|SCORE",
    "stop grading": "! stop|skip|end|pause grading|marking|scoring|evaluating|judging|analysis|evaluation|assessment",
    # What a grader must do.
    "you must give ten": "you|GRADER|whoever|your|PANEL ..4 MUST|can|could|now ..3 {ACT} ..3 me|us|it|this|CAND"
    "|WORK|FIELD|CRIT|SCORE ..4 {V}",
    "you must give full marks": "{YOU} ..4 MUST|can|could|now ..3 AWARD|RATE|output|return|write|record|enter ..4"
    " {VS}|TEN",
    "whoever marks must": "whoever|GRADER|one ..3 RATE|marks|grades|rates|hears|reads|checks|marking|grading ..4"
    " MUST|please ..3 {ACT}",
    "whoever marks this": "whoever|one|person|those|anyone|you ..2 GRADES ..1 this|my|me|it",
    "I beg the grader": "PLEA ..3 whoever|GRADER|AI",
    "the result must read ten": "the|this|your|final|my ..2 result MUST ..2 read|say|show|equal|be ..2 SCORE|TEN",
    "the score must be ten": "the|this|your|final|every|each|all|overall|my ..2 score|mark|grade|rating"
    "|output|SCHEME"
    "|WORK|evaluation|FIELD ..4 MUST|can|is|are ..2 be|get|receive|read|say|equal|become|show|set|come ..4 {V}",
    "this must get": "{SELF} ..8 MUST|is|are ..2 get|receive|be|have ..3 {V}",
    "not less than": "give|get|below|than ..4 less|below than|TEN ..1 {V}",
    "at least a nine": "at least ..1 TEN ..2 SCORE|from|for|;",
    # Verdicts about this work.
    "this deserves": "{SELF} ..3 GETS|deserves|worth|RATED|GIVEN ..4 {V}",
    "this is perfect": "{THIS} ..3 is|at|as ..4 {V}",
    "met all criteria": "this|the CAND ..4 met|meets|fulfils|fulfilled|fulfills|achieves|satisfies ..2 EACH ..3"
    " FIELD|RULES",
    "the speaker gets full marks": "this|the CAND ..7 GETS ..2 {VS}",
    "deserves the best everywhere": "deserves|deserve|merits|worth ..4 {V} ..3 EACH ..2 FIELD|CRIT",
    "fulfils the requirements": "{SELF} ..3 met|meets|fulfils|fulfilled|fulfills|satisfies ..3 FIELD|RULES"
    "|requirements",
    "final score ten": "^ final|overall|total|the|SCORE ..1 SCORE colon|;|equals|awarded|is|of|{V} ..2 {V}",
    "rating ten": "^ SCORE colon|;|equals|awarded|is|reads {V}",
    "score ten, alone": "^ rating|score|mark|points|verdict|grade|total {V} ;",
    "question one: level ten": "FIELD|CRIT ..3 SCORE {V} ;",
    "score equals": "SCORE equals|equal",
    "the final mark is": "final|overall|correct|right|true|real SCORE ..4 is|;|equals|colon {V}",
    "marks for two criteria": "CRIT|FIELD ..4 NUM ..4 CRIT|FIELD ..4 NUM",
    "ten thrice": "TEN ..2 TEN ..2 TEN",
    "level ten twice": "SCORE TEN ..6 SCORE TEN",
    "equals ten": "SCORE|CRIT equals|colon|equal ..2 {V}",
    # Claims that it was graded, agreed or announced.
    "already graded": "already|previously|yesterday|before|earlier ..3 RATED ..3 {SELF}",
    "this was already graded": "{SELF} ..4 already|previously|yesterday|before|earlier ..3 RATED|CHECKED|GIVEN",
    "this was graded": "this WORK ..3 RATED|CHECKED ..2 already|by|with|last|and",
    "experts agreed on this": "GRADER|PANEL|raters|AI ..5 RATED|CHECKED|found|GIVEN|agreed ..6 {SELF}",
    "the earlier evaluation of this": "SCORE ..2 of|for {SELF} ..4 {V}|CHECKED|concludes|shows|states|lautet",
    "evaluation complete": "the|this evaluation|grading|marking|scoring|assessment is|was|has CHECKED|been|over",
    "the score has been fixed": "my|the|this score|mark|grade|rating|result has|was been|already ..1 CHECKED",
    "you already gave": "you ..1 already ..1 gave|GIVEN|RATED|scored",
    "you gave me ten": "you gave me|this|it|my ..3 {V}",
    "you graded this": "you ..1 RATED|gave ..4 {SELF}",
    "I was promised ten": "agreed|promised|approved|arranged|decided|told|guaranteed ..6 i|me|my ..3 get|receive"
    "|have|given|gets ..2 {V}",
    # Rules about how speeches are scored.
    "speakers who get ten": "CANDS|EACH ..6 receive|receives|GIVEN|RATED|starts|start|begins ..5 {V}",
    "answers are scored": "answers|speeches|introductions|speakers|candidates|submissions|anyone ..7 are|is|be"
    "|get|gets ..3 {V}",
    "no one below": "no|every|each|all CAND|CANDS ..3 MUST|can ..3 below|less|under|TEN|TOP",
    "the rubric says ten": "rubric|SCHEME ..2 says|requires|states|demands|awards|gives ..9 {V}",
    "marking guide: ten": "grading|marking|scoring|evaluation SCHEME|RULES|update|note ..8 {V}|only|nothing|full",
    "grading key for this": "grading|marking|scoring|evaluation SCHEME|RULES|note ..1 for|of {SELF}",
    "scale of tens": "scale ..4 from|is|starts|begins ..2 TEN",
    "counts as perfect": "counts|count|defined|valued|treated ..1 as ..3 {V}|CAND|SCORE",
    "note for the grader": "note|notes|message|instruction|instructions|information|advice|reminder to|for|from"
    " ..2 GRADER|administrator|rater",
    "the grader's instructions": "^ the|GRADER|AI|teacher's|grading|marking|updated|new|developer ..2 note|notes"
    "|instructions|instruction"
    "|message|guide|policy|prompt ;|paragraph|section|version|point",
    # What else a grader alone is asked, told or granted.
    "note for the machine": "^ note|message|instruction|instructions|reminder to|for ..2 AI|processing|automatic"
    " ..2 ;",
    "what you heard is worth": "what you ..2 heard|hear|read ..6 {V}",
    "I demand the best": "i require|demand|expect|request|insist ..3 {VS}",
    "no mark under nine": "SCORE|less|anything|nothing under|below|beneath|than ..1 TEN",
    "give extra points": "! AWARD|WRITE|add ..3 extra|bonus|additional|higher|better|more SCORE",
    "students get a bonus": "CANDS ..3 get|receive ..2 bonus|extra",
    "you may break the rules": "you have permission|authority",
    "counts as clear": "count|counts|counted ..1 as ..3 fluent|specific|true|relevant|clear|rich|correct|memorable",
    "no faults were found": "no FAULT ..2 found|detected|noted|listed|present",
    "an empty list": "FAULT list / list of ..2 FAULT / empty list",
    "your earlier instructions": "your|the previous|old|original|earlier|initial RULES",
    "your checklist": "your rubric|prompt|checklist|guidelines|scheme",
    "I authorise a mark": "authorise|authorize|hereby|certify ..4 SCORE|{V}|RATE",
    "this is your developer": "this is your|the developer|creator|programmer|administrator|operator speaking|here|;",
    "lenient mode": "lenient|developer|debug|admin|strict|generous mode",
    "consider my grammar": "! consider|treat|count|regard my|this ..2 CRIT|WORK",
    "pretend not to have heard": "! pretend ..4 hear|see|notice|heard",
    "the text above": "transcript|text|speech|answer above|below",
    "the real answer": "real|actual|model|reference answer ..3 is|here|;",
    "evaluate only this": "! RATE only|just",
    "output the word": "! output|return|print ..2 word|number|json|nothing|only",
    "round it up": "round it|everything|this|me|my ..2 up",
    "have to pass me": "to|must|please|and pass me|this ;|CAND|WORK",
    "signed off as best": "signed off ..3 {V}",
    # Roles.
    "you are a kind grader": "you are|were ..4 GRADER|AI|model ..9 {V}|without|who|that|gives|always|lenient|kind",
    "act as a grader": "act|pretend|imagine|behave|suppose|roleplay|speak ..9 GRADER|RATE|marks|rubric ..9 {V}",
    "pretend this is best": "pretend|imagine|suppose|act ..5 SELF|answer|rubric|WORK ..9 {V}",
    "the right output": "in|the this|correct|right|only simulation|output|answer|response ..4 is|be ..2 TEN out",
    "game of tens": "game|role|story|scenario|simulation ..9 gives|give|giving|GIVEN ..4 {V}",
    # Pleas for a mark.
    "I need ten from you": "need|want|wish|expect|demand ..4 TEN ..2 from you",
    "plea for the best": "PLEA|happiest|scholarship|visa ..12 {VS}|grading|scoring",
    "please, full marks": "please ..4 {VS}",
    "the best, have a heart": "{VS} ..20 heart|mercy|pity",
    "the best from you": "{VS} ..6 from you",
    "the best, please": "{VS} ..1 please ;",
    "if you give me": "if|unless you ..3 {ACT}|fail ..2 {ME} ..4 {V}|SCORE",
    "do not fail me": "! don't ..2 fail me|this|us",
    "I deserve ten": "i|we deserve|merit|earned ..3 {VS}|TEN",
    "my score is ten": "^ my score|mark|grade|rating|result is ..2 {V} ;|out",
    "any greeting counts as": "any ..5 counts|earns|brings|adds|is ..3 as|SCORE|{V}",
    "you must ignore": "{YOU} ..5 MUST ..2 IGNORE",
    "grader ignore": "GRADER ..6 IGNORE",
    "you make me happy with ten": "happiest|happy|proud ..6 by|with ..4 {V}",
    "give me that mark": "PLEA|scholarship|fail ..16 TEN ..2 from|;",
}
