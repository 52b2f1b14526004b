"""What is known of a language: words about grading, as regular expressions. ``languages`` combines them.

* ``score``: marks, and the giving of marks as a noun. ``verdict``: the best that can be given.
* ``order``: verbs that tell somebody to give, write or rate. ``ignore``, ``rules``: what is to be ignored.
* ``grader``: whoever grades. ``claim``: the final mark, this speech, this student.
* ``spare``: a whole plea not to take marks away, which needs no other word.

Accents may be in or out: both sides are compared without them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Families:
    """One language."""

    score: str
    verdict: str
    order: str
    ignore: str
    rules: str
    grader: str
    claim: str
    spare: str
