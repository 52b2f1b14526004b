"""Telling words to the grader from words about oneself. Pure; used through ``introeval.grading.injection``.

1. ``plain``      what is heard or written, brought back to plain words
2. ``english``    what a sentence has of an address: who, what order, which verdict
3. ``languages``  the same, coarsely, in other languages
4. ``structure``  marks of form: role tags, verdicts as JSON, the end of the transcript
5. ``sentences``  where sentences begin and end, also without punctuation
"""
