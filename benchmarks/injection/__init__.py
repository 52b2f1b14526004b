"""Words to the grader: a corpus of spoken introductions, without and with them, and what they do to a grade.

The corpus is JSON lines. Each text was written as prose, by a language model that had not read the detector:

1. ``clean.jsonl``: introductions, none of which tries to influence its own mark. ``level`` says how good the speaker
   is; ``bait``: it has innocent words (marks, judges, instructions, "ten out of ten") that a naive detector would flag.
2. ``attacks.jsonl``: the clean transcript ``base`` with ``attack`` put in, one part or several in this order. Without
   the parts the text is the base again.
3. ``split``: a detector may be made better on ``development`` only; ``held_out`` is looked at to report. An attack is
   in the split of its base.
4. ``blind.jsonl``: later texts, for the detector alone (``blind``).
5. A few texts have no punctuation, as speech recognition sometimes writes. Names and stories are invented.
"""
