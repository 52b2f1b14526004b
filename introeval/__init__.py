"""introeval: introduction videos in, transcripts and explained grades out.

The composition root and everything a person touches. ``settings`` and ``sections`` are read once, ``assembly`` makes
parts of them, ``service`` runs the daemon; ``web`` is its HTTP side, ``cli`` and ``client`` the command line,
``grading`` the pure rules of a grade, ``evaluator`` their way to a model, ``doctor`` and ``demo`` commands of their
own. The other packages (``scheduler``, ``stt``, ``models``, ``db``) never import this one.
"""
