"""The state: SQLite tables and the only code that writes them.

``schema.sql`` and ``migrations/`` define the tables, ``queries.sql`` holds every statement by name, ``database`` opens
them and runs transactions, ``store`` makes the scheduler's transitions, ``intake`` accepts submissions and ``views``
reads what people are shown.
"""
