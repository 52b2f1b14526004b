"""Speech to text: from a container that nobody trusts to a synced transcript.

Read it in this order:

1. ``errors``      what can go wrong, as refinements of the scheduler's kinds
2. ``transcript``  the transcript file: JSON lines, journaled, then finished (standard library only)
3. ``limits``      what media is accepted, and what a process that reads it may use
4. ``confine``     how a process gives up its rights before it touches a student's bytes (``landlock``, ``seccomp``)
5. ``spawn``       a short-lived child with a time limit, killed with its whole group; ``sandbox`` puts both together,
                   and bubblewrap around them (``boundary`` tries what must not work)
6. ``probe``       what is in this file? asked in a confined child
7. ``audio``       any accepted container to our own 16 kHz mono WAV, by ffmpeg
8. ``options``     how Whisper decodes
9. ``protocol``    the lines between daemon and Whisper child
10. ``child``      the Whisper child's own program
11. ``process``    the daemon's end of one Whisper child: start, watch, stop, kill
12. ``extraction`` one extraction per task, however many ask for it
13. ``loops``      the same words again and again are cut and marked
14. ``worker``     ``STTBatchWorker``: the scheduler's writer side

Nothing in the daemon's own process decodes media or loads Whisper: 6, 7 and 10 run in children.
"""
