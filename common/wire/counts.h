/* SPDX-License-Identifier: ISC
 *
 * counts.h - what processes count and every gateway's /metrics shows, as one table: names after cleanerctx_, and their help.
 *
 * A name in _total only grows from the process' start; any other goes up and down. Base units. Which series a name has, by its
 * labels, is the sender's to say; there are few, and never one a user, conversation or turn.
 */
#ifndef CC_WIRE_COUNTS_H
#define CC_WIRE_COUNTS_H

/* C(UPPER, name, help) */
#define COUNT_TABLE(C) \
	C(DECIDER_BATCHES, "decider_batches_total", "Group commits that went through.") \
	C(DECIDER_ACCEPTED, "decider_turns_accepted_total", "New turns stored, by what became of them: done, queued, paused.") \
	C(DECIDER_BYPASSED, "decider_turns_bypassed_total", "New turns of the agent, stored as they came.") \
	C(DECIDER_REPEATED, "decider_turns_repeated_total", "Turns that were stored before: a gateway asked again.") \
	C(DECIDER_REFUSED, "decider_turns_refused_total", \
		"Turns not stored, by why: full, postgres (away or failed), closed (no such conversation, or completed).") \
	C(DECIDER_RETRIES, "decider_postgres_retries_total", "Group commits tried again: failed for now, or outcome unknown.") \
	C(DECIDER_REQUEUED, "decider_turns_requeued_total", "Turns that the sweep put into the queue, which had lost them.") \
	C(DECIDER_ANNOUNCED_AGAIN, "decider_results_announced_again_total", \
		"Results that the sweep sent to the notifier again.") \
	C(QUEUE_READY, "queue_ready", "Turns first in their conversation, waiting or in hand, by priority. Of all deciders the same.") \
	C(QUEUE_TURNS, "queue_turns", "Turns in the queue, those in hand among them.") \
	C(QUEUE_IN_FLIGHT, "queue_in_flight", "Turns that a cleaner has in hand.") \
	C(QUEUE_OLDEST, "queue_oldest_seconds", "Age of the entry that has been ready or in hand for longest.") \
	C(QUEUE_DEAD, "queue_dead_letters", "Turns given up that stand in the dead letters.") \
	C(CLEANER_TURNS, "cleaner_turns_total", "Turns committed, by state: done, failed.") \
	C(CLEANER_TAKEOVERS, "cleaner_takeovers_total", "Turns taken over that nobody renewed, one's own dropped ones among them.") \
	C(CLEANER_CRASHES, "cleaner_crashes_total", "Turns taken over whose lease ran out: their cleaner died or stood still.") \
	C(CLEANER_RETRIES, "cleaner_retries_total", "Turns given back to the queue.") \
	C(CLEANER_DEAD, "cleaner_dead_letters_total", "Turns given up, by cause.") \
	C(CLEANER_FENCED, "cleaner_fenced_off_total", "Turns that somebody else had taken meanwhile: nothing was changed.") \
	C(CLEANER_PG_RETRIES, "cleaner_postgres_retries_total", "Steps of turns that PostgreSQL could not do, tried again.") \
	C(NOTIFIER_PUBLISHED, "notifier_events_published_total", "New events, in their logs and sent to who listens.") \
	C(NOTIFIER_DUPLICATES, "notifier_duplicates_total", "Results that the log had: their event was published again.") \
	C(NOTIFIER_TRIMMED, "notifier_events_trimmed_total", "Events that left a full log.") \
	C(NOTIFIER_RESETS, "notifier_log_resets_total", "Times that all logs began anew: Redis had lost events.") \
	C(NOTIFIER_DELAYED, "notifier_results_delayed_total", "Results that came while Redis was away, and waited for it.") \
	C(NOTIFIER_DROPPED, "notifier_results_dropped_total", "Results without an event: no room to wait, or refused for good.") \
	C(NOTIFIER_WAITING, "notifier_results_waiting", "Results on their way into the log.") \
	C(MONITOR_TIMINGS, "monitor_timings_total", "Timings taken.") \
	C(MONITOR_LOST, "monitor_timings_dropped_total", "Timings that their senders could not send.") \
	C(MONITOR_REFUSED, "monitor_messages_refused_total", "Messages that do not decode or name what is not known.") \
	C(MONITOR_LINES_LOST, "monitor_lines_dropped_total", "Lines that standard output could not take at once.") \
	C(MONITOR_ALERTS, "monitor_alerts_total", "Lines told, by kind.") \
	C(MONITOR_OPEN, "monitor_alerts_open", "Alerts of missed targets that are open, by severity.") \
	C(MONITOR_SUPPRESSED, "monitor_alerts_suppressed_total", "Slow operations over what is told a second.") \
	C(MODEL_CALLS, "model_calls_total", "Calls of a language model, by outcome.") \
	C(MODEL_TOKENS, "model_tokens_total", "Tokens of its calls, by type.") \
	C(MODEL_TURNS, "model_turns_total", "Turns for which a model was to be asked, by outcome.") \
	C(MODEL_SAVED, "model_calls_saved_total", "Turns that needed no call, by what saved it.") \
	C(MODEL_BATCHED, "model_batched_turns_total", "Turns that shared a call.") \
	C(MODEL_HEDGES, "model_hedges_total", "Second calls beside slow ones.") \
	C(MODEL_HEDGES_WON, "model_hedges_won_total", "Second calls that answered first.") \
	C(MODEL_LATE, "model_late_turns_total", "Turns answered before their model was, by what became of its answer.") \
	C(MODEL_RETRIES, "model_retries_total", "Calls made again.") \
	C(MODEL_PROBES, "model_probes_total", "Calls that tried whether a model is back.") \
	C(MODEL_BREAKER, "model_breaker_open", "1 while a model is not asked.") \
	C(TIMINGS_DROPPED, "process_timings_dropped", "Timings that could not be sent to the monitor yet.")

#define COUNT_ENUM(UPPER, name, help) COUNT_##UPPER,
enum count { COUNT_TABLE(COUNT_ENUM) COUNT_COUNT };
#undef COUNT_ENUM

extern const struct count_row {
	const char *name, *help;
} count_rows[COUNT_COUNT];

#endif
