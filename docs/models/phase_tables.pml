/*
 * Part of phase.pml: the sizes (N of 1 to 3, K of 1 or 2), the state (tables, memory, machine), and each commit as an atomic step.
 *
 * The tables are written by the inlines under "commits" only, each inside a ``d_step``; ``db/store.py`` does each in one
 * transaction. What is ``hidden`` is scratch of one step and no state.
 */

#ifndef N
#define N 2
#endif
#ifndef SIZE
#define SIZE 2
#endif
#ifndef K
#define K 1
#endif
#ifndef RETRIES
#define RETRIES 1
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef PEOPLE
#define PEOPLE 0
#endif

/* ---- the tables ------------------------------------------------------------------------------------------------ */

mtype:phase = { stt, llm, switching };
mtype:state = { absent, stt_pending, stt_processing, stt_retry, llm_pending, llm_processing, llm_retry, completed, failed };
mtype:batch = { none, waiting, transcribing, evaluating };

mtype:phase phase = stt;		/* system_state.current_phase */
mtype:state st[N] = absent;		/* processing_tasks: current_phase and status as one */
byte batch[N];				/* batch_id; batches are numbered from 1, oldest first; 0: none yet */
byte rank[N];				/* created_at, among those of its stage that no batch has */
byte tries[N];				/* retry_count */
bit heard[N];				/* it has a transcript, or needs none */
bit fresh[N];				/* updated_at >= last_phase_switch, for what waits for a model in the STT phase */
bit paused[N];				/* its pause after a failure is not over (pauses.py) */
bit graded[N];				/* rows of ``results`` */
mtype:batch bstate[N + 1] = none;
bit aged;				/* the oldest unbatched task has waited long enough */
bit capped;				/* the phase has lasted longer than its cap */
bit looked;				/* ... which is longer than the moment until its first decision */

/* ---- memory ---------------------------------------------------------------------------------------------------- */

mtype:loop = { dead, recovering, deciding, closing, starting, handing, clearing, idle };
mtype:job = { free, given, working, asking, aborting, good, bad, refused, released, no_server, over, lost };
mtype:handover = { resting, begun, unlocked, said, leaving, left, entered, saved };

mtype:loop loop = dead;
bit wake;				/* ReaderWriterQueueManager._wake */
bit due;				/* a deadline that the loop asked for (WakeAt) has come */
bit hold;				/* _held: an error is shown, nothing is started for a moment */
byte asked;				/* deadlines that the last decision asked for: AGE, CAP, PAUSE */
byte todo;				/* tasks of the commands that are being carried out, as a mask */
mtype:job job[N] = free;		/* JobRunner._jobs */
bit in_stt[N];				/* the stage of that job */
byte failed_on[N];			/* servers that failed on that job's request, as a mask */
mtype:handover handover = resting;	/* SemaphoreController.switch_to, up to where it is */
mtype:phase target = stt;
mtype:phase owner = switching;		/* PhaseLock.owner */
byte held;				/* PhaseLock.held */
bit in_phase;				/* ModelPool._in_phase */
bit well[K] = 1;			/* Member.healthy, or not known yet */
bit to_tell;				/* a row is committed, and wake() is not called yet */
byte to_abort;				/* a task is cancelled in the tables, and its job does not know yet (plus 1) */

/* ---- the machine ----------------------------------------------------------------------------------------------- */

#define NOBODY 0
#define RUNS_ON 255			/* for a client that has gone: after a cancel, or a crash of the daemon */
bit whisper;				/* the Whisper child and its weights; PR_SET_PDEATHSIG ends it with the daemon */
byte transcribing_now;			/* files that it works on */
bit alive[K] = 1;
bit loaded[K];				/* a row in /api/ps */
byte serving[K];			/* task plus 1, NOBODY or RUNS_ON */

byte faults = FAULTS, people = PEOPLE;

hidden byte i, j, b, n, m, stage_stt, stage_llm, videos, pages, running, at_work, first, stt_waits, llm_waits, ready;
hidden byte suspect_of, slots, up, stt_wants, llm_wants, stale, any_fresh, turn_over;
hidden mtype:phase holder;

#define AGE 1
#define CAP 2
#define PAUSE 4
#define in(set, t) (((set) >> (t)) & 1)

#define stt_stage(t) (st[t] == stt_pending || st[t] == stt_processing || st[t] == stt_retry)
#define llm_stage(t) (st[t] == llm_pending || st[t] == llm_processing || st[t] == llm_retry)
#if N == 1
#define some_task(is) (is(0))
#elif N == 2
#define some_task(is) (is(0) || is(1))
#else
#define some_task(is) (is(0) || is(1) || is(2))
#endif
#if K == 1
#define each_server(is) (is(0))
#else
#define each_server(is) (is(0) && is(1))
#endif

#define is_open(t) (stt_stage(t) || llm_stage(t))
#define is_waiting(t) (st[t] == stt_pending || st[t] == stt_retry || st[t] == llm_pending || st[t] == llm_retry)

/* No STT work and language-model work at once, and no weights of both. */
inline exclusive() {
	for (j : 0 .. K - 1) {
		assert(!(transcribing_now && serving[j]));
		assert(!(whisper && loaded[j]))
	};
	skip					/* (a d_step must not end with a loop) */
}

/* A deadline wakes the loop if it waits for it; one that passes before the wait does not, as in ``_pause``. */
#define ring(deadline) due = due || (loop == idle && (asked & deadline))

/* ---- commits (each is part of one atomic step) ------------------------------------------------------------------- */

/* Move a batch on as far as its tasks' states say; a done one is forgotten. */
inline follow(id, started) {
	b = id;
	if
	:: b > 0 ->
		stage_stt = 0; stage_llm = 0;
		for (j : 0 .. N - 1) {
			stage_stt = stage_stt + (batch[j] == b && stt_stage(j));
			stage_llm = stage_llm + (batch[j] == b && llm_stage(j))
		}
		if
		:: bstate[b] == waiting && started -> bstate[b] = transcribing
		:: bstate[b] == waiting && !started && stage_stt == 0 -> bstate[b] = evaluating
		:: else
		fi;
		if
		:: bstate[b] == waiting || stage_stt > 0
		:: else -> bstate[b] = evaluating
		fi;
		if
		:: bstate[b] == evaluating && stage_llm == 0 ->
			for (j : 0 .. N - 1) {
				batch[j] = batch[j] - (batch[j] > b)
			}
			for (j : b .. N - 1) {
				bstate[j] = bstate[j + 1]
			}
			bstate[N] = none
		:: else
		fi
	:: else
	fi
}

#define touch(t) fresh[t] = (phase == stt && (st[t] == llm_pending || st[t] == llm_retry))

/* A transition of a task that has not ended. */
inline move(t, next) {
	assert(is_open(t));
	st[t] = next;
	touch(t)
}

/* The last transition of a task. */
inline finish(t, next) {
	assert(is_open(t));
	if
	:: batch[t] == 0 ->
		aged = aged && !(stt_stage(t) && rank[t] == 0);
		for (j : 0 .. N - 1) {
			rank[j] = rank[j] - (j != t && is_open(j) && batch[j] == 0 && stt_stage(j) == stt_stage(t) && rank[j] > rank[t])
		}
	:: else
	fi;
	if
	:: next == completed -> assert(!graded[t]); graded[t] = 1
	:: else
	fi;
	st[t] = next;
	m = batch[t];
	batch[t] = 0; rank[t] = 0; tries[t] = 0; fresh[t] = 0; paused[t] = 0;
	follow(m, true)
}

/* The outcome of a piece of work: a compare-and-swap on the state and the lease (``is_mine``). */
inline commit(t, outcome, of_stt) {
#ifdef BUG_NO_SWAP
	stale = false;
#else
	stale = !(of_stt && st[t] == stt_processing || !of_stt && st[t] == llm_processing);
#endif
	if
	:: stale
	:: !stale && outcome == good && of_stt ->
		heard[t] = 1; move(t, llm_pending); follow(batch[t], true)
	:: !stale && outcome == good && !of_stt -> finish(t, completed)
	:: !stale && outcome == bad && tries[t] < RETRIES ->
#ifndef BUG_ENDLESS_RETRIES
		tries[t]++;
#endif
		if
		:: of_stt -> move(t, stt_retry)
		:: else -> move(t, llm_retry)
		fi;
		paused[t] = 1
	:: !stale && (outcome == refused || outcome == bad && tries[t] == RETRIES) -> finish(t, failed)
	:: !stale && (outcome == released || outcome == no_server) ->
		if
		:: of_stt -> move(t, stt_pending)
		:: else -> move(t, llm_pending)
		fi;
		paused[t] = (outcome == no_server)
	fi
}

/* The machine's phase; last_phase_switch is now. */
inline set_phase(next) {
	phase = next;
	capped = 0; looked = 0;
	for (j : 0 .. N - 1) {
		fresh[j] = 0
	}
}

/* At start: what the dead process held is released. */
inline recover() {
	for (i : 0 .. N - 1) {
		if
#ifndef BUG_FORGETS_HELD
		:: st[i] == stt_processing -> move(i, stt_pending)
		:: st[i] == llm_processing -> move(i, llm_pending)
#endif
		:: else
		fi
	}
#ifdef BUG_FORGETS_SWITCHING
	/* The table's phase is believed: a hand-over that a crash cut is taken for done. */
	if
	:: phase == switching -> phase = stt
	:: else
	fi;
	owner = phase;
	whisper = (phase == stt);
	in_phase = (phase == llm);
	exclusive()
#endif
}
