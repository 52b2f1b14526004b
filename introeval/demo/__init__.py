"""``introeval demo``: the whole thing on this machine, with the repository's sample videos, before a stranger's eyes.

``story`` is the order of events; ``weights``, ``samples`` and ``daemon`` are what it needs; ``show`` is what one sees
meanwhile and ``grades`` what one sees at the end.
"""
