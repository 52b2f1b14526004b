/*
 * Part of phase.pml: the world around the daemon. Model servers, students and teachers, what goes wrong, and time.
 */

/* A model server, and what the pool learns of it by probing. */
proctype Server(byte s) {
end:	do
	:: d_step { !alive[s] -> alive[s] = 1 }
	:: d_step { serving[s] == RUNS_ON -> serving[s] = NOBODY }
	:: d_step { loop != dead && well[s] != alive[s] ->
		well[s] = alive[s];
		/* Back in the phase: its model is loaded (under ``_loading``, which ``leave`` takes too). */
#ifdef BUG_LOADS_ANYTIME
		if
		:: alive[s] -> loaded[s] = 1; exclusive()
#else
		if
		:: alive[s] && in_phase -> loaded[s] = 1; exclusive()
#endif
		:: else
		fi;
		wake = 1
	   }
	od
}

#ifdef RECYCLE
#define HAS_ROOM(t) ((st[t] == absent && in_order(t) || st[t] == completed || st[t] == failed) && job[t] == free && !in(todo, t) && to_abort != t + 1)
#else
#define HAS_ROOM(t) (st[t] == absent && in_order(t))
#endif
#define in_order(t) ((t) == 0 || st[(t) - 1] != absent)

inline unbatched(t, oldest) {
	rank[t] = 0;
	for (j : 0 .. N - 1) {
		if
		:: j != t && is_open(j) && batch[j] == 0 && stt_stage(j) == stt_stage(t) ->
			rank[t] = rank[t] + !oldest;
			rank[j] = rank[j] + oldest
		:: else
		fi
	}
}

inline accept(t) {
	if
	:: d_step { loop != dead && !to_tell && HAS_ROOM(t) -> st[t] = stt_pending; graded[t] = 0; heard[t] = 0; unbatched(t, 0); to_tell = 1 }
	:: d_step { loop != dead && !to_tell && HAS_ROOM(t) -> st[t] = llm_pending; graded[t] = 0; heard[t] = 1; touch(t); unbatched(t, 0); to_tell = 1 }
#if PEOPLE > 1
	:: d_step { people > 0 && loop != dead && !to_tell && (st[t] == completed || st[t] == failed && heard[t]) ->
		people--; st[t] = llm_pending; graded[t] = 0; touch(t); unbatched(t, 1); to_tell = 1
	   }
#endif
	fi
}

/* Students hand in, and in the end do so no more. A teacher asks for a regrade. */
active proctype Intake() {
	do
	:: d_step { loop != dead && to_tell -> to_tell = 0; wake = 1 }
	:: accept(0)
#if N > 1
	:: accept(1)
#endif
#if N > 2
	:: accept(2)
#endif
#ifndef ENDLESS
	:: !to_tell -> break
#endif
	od;
	/* What was accepted ends: no state in which all processes are blocked may come before this. */
	!some_task(is_open);
end:	false
}

inline die(s) {
	for (i : 0 .. N - 1) {
		if
		:: serving[s] == i + 1 && job[i] == working ->
			job[i] = asking; failed_on[i] = failed_on[i] | (1 << s); well[s] = 0
		:: else
		fi
	}
	alive[s] = 0; loaded[s] = 0; serving[s] = NOBODY
}

#if PEOPLE > 0
/* A teacher stops the work on a task: the tables first, then whoever works on it. */
inline cancel(t) {
	d_step { people > 0 && to_abort == 0 && loop != dead && is_open(t) ->
		people--;
		finish(t, failed);
		to_abort = t + 1
	}
}

inline abort(t) {
	if
	:: job[t] == given -> job[t] = released
	:: job[t] == working || job[t] == asking -> job[t] = aborting
	:: else
	fi
}
#endif

active proctype Trouble() {
end:	do
	:: d_step { faults > 0 && loop != dead -> faults--; crash() }
	:: d_step { faults > 0 && alive[0] -> faults--; die(0) }
#if K > 1
	:: d_step { faults > 0 && alive[1] -> faults--; die(1) }
#endif
#if PEOPLE > 0
	:: cancel(0)
#if N > 1
	:: cancel(1)
#endif
#if N > 2
	:: cancel(2)
#endif
	:: d_step { to_abort > 0 -> first = to_abort - 1; abort(first); to_abort = 0; wake = 1 }
#endif
	od
}

#define is_unbatched_video(t) (batch[t] == 0 && stt_stage(t))

active proctype Age() {
end:	do
	:: d_step { !aged && some_task(is_unbatched_video) -> aged = 1; ring(AGE) }
	od
}

active proctype Cap() {
end:	do
	:: d_step { !capped && looked && (phase == stt && some_task(llm_stage) || phase == llm && some_task(stt_stage)) -> capped = 1; ring(CAP) }
	od
}
