/*
 * The protocol of the phases: speech-to-text (the writer) and the language models (the readers) on one machine.
 *
 * The theory. There are two kinds of memory. The *tables* are on disk: a commit is one atomic step, and a crash leaves
 * them as they are. The rest is *memory*: a crash forgets it. Between any two steps of a process, all others may run,
 * and the daemon may be killed. One step here is what the daemon does between two awaits.
 *
 * What is claimed (docs/reliability.md has the figures; each claim names how spin checks it):
 *
 *   exclusion   no STT work and no language-model work at once, and never weights of both sides in exclusive residency
 *               (asserted in ``exclusive``), and no breach of the lock (asserted where the lock is used)
 *   barrier     no task is evaluated while one of its batch is left in STT (asserted where work is handed out)
 *   one result  ended is ended, and each task is graded at most once (asserted in ``move`` and ``finish``)
 *   no deadlock once nobody hands in any more, all that was accepted ends (no invalid end state: ``Intake``)
 *   no starvation, nothing lost   what is accepted is ended, with endless arrivals and weak fairness (the formula
 *               ``ends``; it speaks of the last slot, which every order within a batch puts behind the others)
 *
 * The parts, and their Python names:
 *
 *   Loop        scheduler/queues.py    ReaderWriterQueueManager.run, _step, _carry_out; JobRunner.start
 *   decide      scheduler/policy.py    decide, _View, _holder, _start, _next_deadline; batches.py closable, evaluable
 *   follow      db/transition.py       follow_batch, with scheduler/batches.py batch_event
 *   HandOver    scheduler/controller.py  SemaphoreController.switch_to, with PhaseLock; queues.py _switch
 *   Job         scheduler/jobs.py      JobRunner._watch, _settle, _commit; models/pool.py generate (failover)
 *   Watchdog    scheduler/leases.py: lost work, which only a new process gets rid of
 *   Server      a model server and what models/pool.py learns of it (probe, load on its return)
 *   Intake      introeval/web/intake.py: commit the row, then wake; db/requests.py regrade
 *   Trouble     kill -9, servers that die, a hand-over that fails; db/requests.py cancel, then manager.cancel
 *   Age, Cap    time: a batch's age, a phase's cap. A retry's pause ends in Job, a hold after an error in Loop
 *
 * What is left out: the loop's beat (a second net: everything must hold without it); preparing audio (CPU only);
 * errors of the disk; a graceful stop (a crash is worse); priorities; ``lease > 4`` as a ground for suspicion; that a
 * regrade without a result ends as ``completed`` with the earlier grade, and here as ``failed``: both are ends. A cap is
 * taken to be longer than the moment from the hand-over to the first decision: a cap of nothing would hand over for
 * ever. PR_SET_PDEATHSIG is taken to end the Whisper child before the next life of the daemon loads anything. What is
 * simplified: the snapshot and the decision are one step (``Database.read_together`` keeps writers out until the
 * decision is made); STT has one slot and so has each server; within a batch the turn is the slot's number.
 *
 * Sizes: N tasks, SIZE of a batch, K servers, RETRIES, FAULTS (crashes, deaths, hand-overs that fail, work that hangs),
 * PEOPLE (cancels and regrades). RECYCLE: an ended task's slot is used for the next student; ENDLESS: they never stop.
 * ``-DBUG_...`` puts one mistake in; tests/formal shows that spin refutes each of them, and the protocol itself not.
 *
 *   spin -a -DN=2 phase.pml && gcc -O2 -DSAFETY -DNOCLAIM -o pan pan.c && ./pan -m100000
 *   spin -a -DN=2 -DENDLESS -DRECYCLE phase.pml && gcc -O2 -DNFAIR=4 -o pan pan.c && ./pan -m1000000 -a -f
 */

#include "phase_tables.pml"
#include "phase_policy.pml"

/* kill -9, the OOM killer, a power cut: memory is gone, the tables stay. */
inline crash() {
	loop = dead;
	wake = 0; due = 0; hold = 0; asked = 0; todo = 0; to_tell = 0; to_abort = 0;
	handover = resting; target = stt;
	owner = switching; held = 0;
	in_phase = 0;
	whisper = 0; transcribing_now = 0;
	for (i : 0 .. N - 1) {
		job[i] = free; in_stt[i] = 0; failed_on[i] = 0
	}
	for (i : 0 .. K - 1) {
		well[i] = 1;
		serving[i] = (serving[i] != NOBODY -> RUNS_ON : NOBODY)
	};
	skip
}

/* ---- the daemon's processes -------------------------------------------------------------------------------------- */

active proctype Loop() {
end:	do
	:: d_step { loop == dead -> loop = recovering; wake = 0 }
	:: d_step { loop == recovering -> recover(); loop = deciding }
	:: d_step { loop == deciding ->
		decide();
#ifdef BUG_CLEARS_LATE
		loop = (loop == idle -> clearing : loop)
#endif
	   }
	:: d_step { loop == clearing -> wake = 0; loop = idle }
	:: d_step { loop == closing ->		/* Store.close_batch: all of them or none */
		stale = 0;
		for (i : 0 .. N - 1) {
			stale = stale || (in(todo, i) && !(is_waiting(i) && batch[i] == 0))
		}
		if
		:: stale -> hold = 1; loop = idle
		:: else ->
			m = 0;
			for (i : 0 .. N - 1) {
				m = m + (bstate[i + 1] != none)
			}
			m++;
			bstate[m] = waiting;
			videos = 0;
			for (i : 0 .. N - 1) {
				videos = videos || (in(todo, i) && stt_stage(i))
			}
			for (i : 0 .. N - 1) {
				n = 0;
				for (j : 0 .. N - 1) {
					n = n + (in(todo, j) && rank[j] < rank[i])
				}
				rank[i] = rank[i] - (!in(todo, i) && is_open(i) && batch[i] == 0 && stt_stage(i) == videos -> n : 0)
			}
			for (i : 0 .. N - 1) {
				if
				:: in(todo, i) -> batch[i] = m; rank[i] = 0; touch(i)
				:: else
				fi
			}
			aged = aged && !videos;
			follow(m, false);
			loop = deciding
		fi;
		todo = 0
	   }
	:: d_step { loop == starting ->		/* Store.start: committed before it is handed out */
		first = 0;
		do
		:: in(todo, first) -> break
		:: else -> first++
		od;
		if
		:: st[first] == stt_pending || st[first] == stt_retry ->
			move(first, stt_processing); paused[first] = 0;
			follow(batch[first], true); loop = handing
		:: st[first] == llm_pending || st[first] == llm_retry ->
			/* The barrier between the phases. */
			for (i : 0 .. N - 1) {
				assert(!(batch[first] > 0 && batch[i] == batch[first] && stt_stage(i)))
			}
			move(first, llm_processing); paused[first] = 0;
			follow(batch[first], true); loop = handing
		:: else ->			/* StaleWorkError: a teacher's cancel was quicker */
			wake = 1;
			todo = todo & ~(1 << first);
			loop = (todo != 0 -> starting : idle)
		fi
	   }
	:: d_step { loop == handing ->
		first = 0;
		do
		:: in(todo, first) -> break
		:: else -> first++
		od;
		assert(job[first] == free);
		job[first] = given; failed_on[first] = 0;
		in_stt[first] = (owner == stt);
		todo = todo & ~(1 << first);
		loop = (todo != 0 -> starting : idle)
	   }
	:: d_step { loop == idle && (wake || due) ->
#ifndef BUG_CLEARS_LATE
		wake = 0;
#endif
		due = 0; asked = 0;
		loop = deciding
	   }
	:: d_step { loop == idle && hold -> hold = 0; wake = 0; due = 0; asked = 0; loop = deciding }
	od
}

#ifdef BUG_UNVERIFIED
#define is_quiet(s) true
#else
#define is_quiet(s) (serving[s] == NOBODY)
#endif

/* The five steps of SemaphoreController.switch_to; between any two of them the daemon may die. */
active proctype HandOver() {
end:	do
	:: d_step { handover == begun ->
		assert(owner == switching || held == 0);
		owner = switching;
		handover = unlocked
	   }
	:: d_step { handover == unlocked -> set_phase(switching); handover = said }
	:: d_step { handover == said ->
		in_phase = (target == llm && in_phase);
		handover = leaving
	   }
	:: d_step { handover == leaving && target == llm ->
#ifndef BUG_UNVERIFIED
		whisper = 0;
#endif
		handover = left
	   }
	:: d_step { handover == leaving && target == stt && each_server(is_quiet) ->
		for (i : 0 .. K - 1) {
#ifdef BUG_UNVERIFIED
			loaded[i] = loaded[i] && serving[i] != NOBODY
#else
			loaded[i] = 0
#endif
		}
		handover = left
	   }
	/* HandoverError: a server that runs on for a client that has gone, or weights that do not load. */
	:: d_step { faults > 0 && (handover == leaving || handover == left) ->
		faults--; handover = resting; hold = 1; wake = 1
	   }
	:: d_step { handover == left ->
		if
		:: target == stt -> whisper = 1
		:: else ->
			in_phase = 1;
			for (i : 0 .. K - 1) {
				loaded[i] = alive[i];
				well[i] = alive[i]
			}
		fi;
		exclusive();
		handover = entered
	   }
	:: d_step { handover == entered -> set_phase(target); handover = saved }
	:: d_step { handover == saved ->
		assert(owner == switching);
		owner = target;
		handover = resting;
		target = stt;
		wake = 1
	   }
	od
}

#include "phase_work.pml"
#include "phase_world.pml"

init {
	atomic {
		for (i : 0 .. N - 1) {
			run Job(i)
		}
		for (i : 0 .. K - 1) {
			run Server(i)
		}
	}
}

ltl ends { always eventually !is_open(N - 1) }
