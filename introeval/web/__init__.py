"""What a lab sees over HTTP: intake, API, live events, metrics and pages.

``context`` is everything the web needs, as one value; ``app`` puts the routes together. Nothing here imports
``stt``, ``models`` or the controller: work is announced by ``wake()``, and state is read from the tables.
"""
