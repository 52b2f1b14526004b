/*
 * Part of phase.pml: one piece of work, from its hand-out to its committed outcome, as ``scheduler/jobs.py`` and
 * ``scheduler/leases.py`` watch it and ``models/pool.py`` does it.
 */

/* A request is sent; a server that is dead makes it fail, one that lives loads the model if need be. */
inline ask(t, s) {
	if
	:: alive[s] -> serving[s] = t + 1; loaded[s] = 1; job[t] = working; exclusive()
	:: else -> well[s] = 0; failed_on[t] = failed_on[t] | (1 << s)
	fi
}

inline answered(t) {
	for (i : 0 .. K - 1) {
		serving[i] = (serving[i] == t + 1 -> NOBODY : serving[i])
	}
	held--
}

#define is_no_candidate(s) (!well[s] || in(failed_on[t], s))

/* One piece of work, from its hand-out to its committed outcome. */
proctype Job(byte t) {
end:	do
	:: d_step { job[t] == given ->
		assert(owner == (in_stt[t] -> stt : llm));
		held++;
		if
		:: in_stt[t] -> assert(whisper); transcribing_now++; job[t] = working; exclusive()
		:: else -> job[t] = asking
		fi
	   }
	/* Transcribed, an attempt that failed, or a file that no attempt can read. */
	:: d_step { job[t] == working && in_stt[t] -> transcribing_now--; held--; job[t] = good }
	:: d_step { job[t] == working && in_stt[t] -> transcribing_now--; held--; job[t] = bad }
#ifdef REFUSALS
	:: d_step { job[t] == working && in_stt[t] -> transcribing_now--; held--; job[t] = refused }
#endif
	/* ModelPool._take: a free slot of a healthy server that has not failed on this request; else NoServerError. */
	:: d_step { job[t] == asking && well[0] && !in(failed_on[t], 0) && serving[0] == NOBODY -> ask(t, 0) }
#if K > 1
	:: d_step { job[t] == asking && well[1] && !in(failed_on[t], 1) && serving[1] == NOBODY -> ask(t, 1) }
#endif
	:: d_step { job[t] == asking && each_server(is_no_candidate) -> held--; job[t] = no_server }
	:: d_step { job[t] == working && !in_stt[t] -> answered(t); job[t] = good }
	:: d_step { job[t] == working && !in_stt[t] -> answered(t); job[t] = bad }
	/* Cancelled: the work itself stops before the lock is free. A server may run on. */
	:: d_step { job[t] == aborting ->
		if
		:: in_stt[t] -> transcribing_now--
		:: else ->
			for (i : 0 .. K - 1) {
				serving[i] = (serving[i] == t + 1 -> RUNS_ON : serving[i])
			}
		fi;
		held--;
		job[t] = released
	   }
	:: d_step { job[t] == good || job[t] == bad || job[t] == refused || job[t] == released || job[t] == no_server ->
		commit(t, job[t], in_stt[t]);
		job[t] = over
	   }
	/* Its lease is over, the attempt has failed, and the work does not end although it was cancelled. */
	:: d_step { faults > 0 && job[t] == working -> faults--; commit(t, bad, in_stt[t]); job[t] = lost }
	:: d_step { job[t] == over ->
		job[t] = free; in_stt[t] = 0; failed_on[t] = 0;
#ifndef BUG_NO_WAKE_AT_END
		wake = 1
#endif
	   }
	/* Time: the pause after a failure is over. */
	:: d_step { paused[t] -> paused[t] = 0; ring(PAUSE) }
	od
}

#define is_lost(t) (job[t] == lost)

/* The loop's beat stops when work is lost, and systemd starts a new process. */
active proctype Watchdog() {
end:	do
	:: d_step { some_task(is_lost) -> crash() }
	od
}
