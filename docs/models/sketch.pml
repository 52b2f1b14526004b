/*
 * The source's sketch, kept as the counter-example: one semaphore for speech-to-text and one for each model server.
 *
 * The theory. A semaphore says how many may work on *one* side. Nothing ties the semaphores of the two sides together,
 * so a transcription may start while a model answers, and the weights of both are in the GPU. And the evaluation
 * gathers the transcripts that are there, awaits them all, and then clears the list: with those who arrived meanwhile.
 *
 * What spin finds (tests/formal):
 *
 *   the exclusion is broken                  spin -a sketch.pml
 *   transcripts are lost, they wait for ever    spin -a -DTIED sketch.pml, where one lock is put around both sides
 *
 * The same claims hold of phase.pml, which has one owner of the machine, and tables instead of a list.
 */

#define STUDENTS 3
#define SERVERS 2

bit stt_free = 1;			/* asyncio.Semaphore(1) */
bit server_free[SERVERS] = 1;		/* asyncio.Semaphore(1) of each server */
byte transcribing, answering;		/* who works now */
bit listed[STUDENTS];			/* the list of finished transcripts */
bit gathered[STUDENTS];			/* those that asyncio.gather awaits */
bit graded[STUDENTS];

#ifdef TIED
bit machine_free = 1;
#define take_machine atomic { machine_free -> machine_free = 0 }
#define give_machine machine_free = 1
#else
#define take_machine skip
#define give_machine skip
#endif

inline exclusive() {
	assert(!(transcribing && answering))
}

active [STUDENTS] proctype Student() {
	take_machine;
	atomic { stt_free -> stt_free = 0 };
	d_step { transcribing++; exclusive() };
	d_step { transcribing--; listed[_pid] = 1 };
	stt_free = 1;
	give_machine;
	graded[_pid]				/* the student looks for a result: not a valid end before */
}

inline evaluate(student, server) {
	atomic { server_free[server] -> server_free[server] = 0 };
	d_step { answering++; exclusive() };
	d_step { answering--; graded[student] = 1 };
	server_free[server] = 1
}

active proctype Evaluator() {
	byte i;
end:	do
	:: listed[0] || listed[1] || listed[2] ->
		take_machine;
		atomic {
			for (i : 0 .. STUDENTS - 1) {
				gathered[i] = listed[i]
			}
			i = 0
		};
		give_machine;
		do				/* results = await asyncio.gather(...), here one after the other */
		:: i < STUDENTS && gathered[i] -> take_machine; evaluate(i, i % SERVERS); give_machine; i++
		:: i < STUDENTS && !gathered[i] -> i++
		:: i == STUDENTS -> break
		od;
		atomic {			/* transcripts.clear() */
			for (i : 0 .. STUDENTS - 1) {
				listed[i] = 0
			}
			i = 0
		}
	od
}
