"""Uploads in pieces: a store that knows no protocol (``shelf``, ``finishing``), and tus 1.0 over it (``tus``).

Another protocol (the IETF's draft-ietf-httpbis-resumable-upload has ``Upload-Offset`` and ``Upload-Complete``) would be
another module beside ``tus``: the store knows offsets, lengths and bytes only.
"""
