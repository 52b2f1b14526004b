"""Homework notebooks: the file to a ``Notebook``, two prompts, two replies, guards, and one report. Pure, no I/O.

1. ``reading``    bytes to numbered cells      5. ``prompt``   the technical and the feedback question
2. ``screening``  words to the grader, safety  6. ``reply``    what the models must answer
3. ``counts``     what code can count          7. ``guards``   what code decides whatever a model says
4. ``layout``     what fits into a prompt      8. ``grade``    the parts and the whole; ``report`` its shape
"""
