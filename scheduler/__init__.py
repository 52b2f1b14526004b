"""The scheduler: who may run now, what runs next, and what a finished piece of work becomes.

Read it in this order:

1. ``errors``       every exception of the project, as one tree
2. ``task``         the values: a task, its phase and status, a batch
3. ``transitions``  every state change there is, as tables
4. ``snapshot``     what the policy decides from, and what a status page shows
5. ``batches``      when waiting tasks become a batch, and what a batch's tasks make of it
6. ``policy``       ``decide(snapshot, now) -> commands``: the phases' rules
7. ``outcome``      what an error makes of a task: another attempt, a failure, a wait
8. ``ports``        what the drivers need from the outside: clock, store, the two sides
9. ``lock``         the one lock, as a state machine; it raises on a breach
10. ``controller``  ``SemaphoreController``: hands the machine from one side to the other
11. ``leases``      ``Lease``: how long a piece of work may be silent, and what happens then
12. ``jobs``        ``JobRunner``: the pieces of work under way, and the commit of what becomes of them
13. ``preparing``   ``Preparation``: audio that is extracted ahead of its phase, and removed when it is not needed
14. ``queues``      ``ReaderWriterQueueManager``: the loop that carries the commands out

1 to 7 and 9 are pure: no clock, no I/O, no asyncio (import-linter enforces it). Only 10 to 14 await.
"""
