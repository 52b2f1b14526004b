"""One grader for each kind of work, behind one door (``introeval.evaluator``).

They ask models only through ``Work``.
"""
