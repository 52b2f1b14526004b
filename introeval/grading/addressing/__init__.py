"""Telling words to the grader from words about oneself. Pure; used through ``introeval.grading.injection``.

1. ``plain``      what is heard or written, brought back to plain words
2. ``families``   words of one meaning, as tags; ``rules`` rows of tags of an address; ``matching`` applies them
3. ``english``    points for parts of an address, less for stories: for what no rule names
4. ``languages``  the same, coarsely, in other languages; ``vocabulary``, ``latin`` and ``scripts`` are their words
5. ``structure``  marks of form: role tags, verdicts as JSON, the end of the transcript
6. ``sentences``  where sentences begin and end, also without punctuation
"""
