"""Power cuts at block level: every state that a disk could be in, mounted, opened by production code, and compared.

A recorded disk (``plugin``) is a filesystem's block device (``disks``); the real upload path and store run on it in a
child process (``child``), driven from outside (``workload``) by an observer that notes every acknowledgement with the
log's length at that moment (``ledger``). ``states`` says which images a power cut could leave; ``crash`` builds, mounts
and opens them; ``verdict`` compares. ``mutants`` are deliberate defects that this must find.
"""
