"""Keeping and forgetting: backups, the check of a state at start, and what is deleted when its time is over.

A backup is a folder that looks like a state folder, with a ``manifest`` beside it: the database as it was at one commit
(``backup``), and every file that its rows name. ``check`` verifies one and changes nothing; ``restore`` puts one back.
``integrity`` looks at a state before a daemon trusts it. ``purge`` removes what ``db.keeping`` forgets, from the state
and from its backups, and ``schedule`` does that every day, if ``clock_watch`` believes the machine's clock. ``lock``:
one of these at a time.
"""
