"""Results to the college's own system: a signed webhook that reads the outbox (``db.outbox``).

``outgoing`` wires it; ``dispatcher`` drives; ``decision``, ``breaker``, ``message`` and ``addresses`` are pure;
``sender`` and ``connection`` speak HTTP.
"""
