/*
 * Part of phase.pml: the decision, as ``scheduler/policy.py`` and ``scheduler/batches.py`` make it. Nothing here changes
 * a table: ``closable`` and ``start`` fill ``todo``, ``holds`` the holder, ``deadlines`` what the loop waits for.
 */

/* BatchCoordinator.closable: ``todo`` becomes the tasks of the next batch. */
inline closable() {
	videos = 0; pages = 0; first = 0;
	for (i : 0 .. N - 1) {
		videos = videos + (batch[i] == 0 && stt_stage(i));
		pages = pages + (batch[i] == 0 && llm_stage(i));
		first = first + (bstate[i + 1] == waiting)
	}
	for (i : 0 .. N - 1) {
		if
		:: batch[i] == 0 && llm_stage(i) && rank[i] < SIZE -> todo = todo | (1 << i)
		:: batch[i] == 0 && stt_stage(i) && rank[i] < SIZE && pages == 0 && first == 0 && (videos >= SIZE || aged) ->
			todo = todo | (1 << i)
		:: else
		fi
	}
}

/* _View.of: the two queues that compete for the machine. */
inline view() {
	first = 0; stt_waits = 0; llm_waits = 0; running = 0; at_work = 0; stage_stt = 0; stage_llm = 0; any_fresh = 0; up = 0;
	for (i : 0 .. N - 1) {
		first = (batch[i] > 0 && stt_stage(i) && (first == 0 || batch[i] < first) -> batch[i] : first);
		at_work = at_work + (job[i] != free)
	}
	for (i : 0 .. N - 1) {
		n = 0;				/* of its batch, how many are left in STT */
		for (j : 0 .. N - 1) {
			n = n + (batch[j] == batch[i] && stt_stage(j))
		}
		if
		:: batch[i] > 0 && (st[i] == stt_pending || st[i] == stt_retry) && batch[i] == first ->
			stt_waits = stt_waits | (1 << i)
#ifdef BUG_NO_BARRIER
		:: batch[i] > 0 && (st[i] == llm_pending || st[i] == llm_retry) ->
#else
		:: batch[i] > 0 && (st[i] == llm_pending && !paused[i] || st[i] == llm_retry) && n == 0 ->
#endif
			llm_waits = llm_waits | (1 << i);
#ifdef BUG_ANY_TURN
			any_fresh = any_fresh || fresh[i]	/* as it was: also work that no STT phase has made */
#else
			any_fresh = any_fresh || fresh[i] && (first == 0 || batch[i] < first)
#endif
		:: batch[i] > 0 && st[i] == stt_processing -> running++; stage_stt++
		:: batch[i] > 0 && st[i] == llm_processing -> running++; stage_llm++
		:: else
		fi
	}
	for (i : 0 .. K - 1) {
		up = up + well[i]
	}
	stt_wants = stt_waits || stage_stt;
	llm_wants = llm_waits && up || stage_llm;
	turn_over = any_fresh && (first == 0 || bstate[first] == waiting)
}

/* _holder: which side should have the machine. */
inline holds() {
	if
	:: phase == llm && stt_wants && (capped || !llm_wants) -> holder = stt
	:: phase == llm && !(stt_wants && (capped || !llm_wants)) -> holder = llm
	:: phase == stt && llm_wants && (capped || turn_over || !stt_wants) -> holder = llm
	:: phase == stt && !(llm_wants && (capped || turn_over || !stt_wants)) -> holder = stt
	:: phase == switching && llm_wants -> holder = llm
	:: phase == switching && !llm_wants -> holder = stt
	fi
}

/* _start: ``todo`` becomes the tasks that are handed out now: oldest batch first, first attempts before retries. */
inline start() {
	slots = (holder == stt -> 1 : up);
	ready = (holder == stt -> stt_waits : llm_waits);
	suspect_of = N + 1;			/* the oldest batch with a task that failed before and may go on */
	for (i : 0 .. N - 1) {
		slots = slots - (slots > 0 && job[i] != free && in_stt[i] == (holder == stt));
#ifdef BUG_HANDS_OUT_TWICE
		ready = (paused[i] -> ready & ~(1 << i) : ready);
#else
		ready = (paused[i] || job[i] != free -> ready & ~(1 << i) : ready);
#endif
		suspect_of = (in(ready, i) && st[i] == llm_retry && batch[i] < suspect_of -> batch[i] : suspect_of)
	}
#ifdef BUG_SUSPECTS_WAIT
	suspect_of = N + 1;			/* as it was: a retry waited for all that had not failed, also of later batches */
#endif
	for (n : 1 .. N) {
		for (i : 0 .. N - 1) {
			if
			:: slots > 0 && in(ready, i) && batch[i] == n && n <= suspect_of && (st[i] == stt_pending || st[i] == llm_pending) ->
				todo = todo | (1 << i); slots--
			:: else
			fi
		}
	}
	for (n : 1 .. N) {
		for (i : 0 .. N - 1) {
			if
			:: slots > 0 && in(ready, i) && batch[i] == n && (st[i] == stt_retry || st[i] == llm_retry && todo == 0 && stage_llm == 0 && at_work == 0) ->
				todo = todo | (1 << i); slots--
			:: else
			fi
		}
	}
}

/* _next_deadline: ``asked`` becomes what time alone would change. */
inline deadlines() {
	if
	:: videos > 0 && !aged -> asked = asked | AGE
	:: else
	fi;
	if
	:: stt_wants && llm_wants && phase != switching && !capped -> asked = asked | CAP
	:: else
	fi;
	for (i : 0 .. N - 1) {
		if
		:: paused[i] && batch[i] > 0 -> asked = asked | PAUSE
		:: else
		fi
	}
}

/* decide, and the step that follows from it. */
inline decide() {
	todo = 0;
	loop = idle;
	if
	:: handover != resting || hold
	:: else ->
		closable();
		if
		:: todo != 0 -> loop = closing
		:: else ->
			view();
			holds();
			looked = looked || owner != switching;
			deadlines();
			if
			:: holder == phase && owner != switching ->
				start();
				if
				:: todo != 0 -> loop = starting
				:: else
				fi
#ifdef BUG_IGNORES_WORK
			:: !(holder == phase && owner != switching) && (holder == llm && llm_wants || holder == stt && stt_wants) ->
#else
#ifdef BUG_TRUSTS_ROWS
			/* As it was: only the tables were asked whether something runs. */
			:: !(holder == phase && owner != switching) && running == 0 && (holder == llm && llm_wants || holder == stt && stt_wants) ->
#else
			:: !(holder == phase && owner != switching) && running == 0 && at_work == 0 && (holder == llm && llm_wants || holder == stt && stt_wants) ->
#endif
#endif
				target = holder;
				handover = begun
			:: else
			fi
		fi
	fi
}
