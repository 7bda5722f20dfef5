/* SPDX-License-Identifier: ISC
 *
 * timings.c - see timings.h. One batch is gathered in a fixed array. Its first sample starts the timer that sends it, so an
 * idle process never wakes for nothing; a full batch or a slow operation sends it at once. Without a monitor it is held for as
 * long as one takes to start again, and dropped then: the windows go by when a sample comes, so an old one would count as new.
 */
#include "timings.h"

#include "common/base/clock.h"
#include "common/wire/limits.h"
#include "link.h"
#include "timings_frame.h"

enum {
	SAMPLE_BYTES = 10, /* metric u16, value u64 */
	HOLD_MS = 1000,	   /* a monitor that is started again is there by then */
};

static void timings_flush(void);

static struct {
	struct ev_loop *loop;
	ev_timer timer;
	struct link *link;
	const char *source;
	char samples[LIMIT_TIMING_SAMPLES * SAMPLE_BYTES];
	size_t bytes;
	uint64_t since_ns; /* of the batch's first sample */
	size_t monitors;   /* connected: a PUB without any loses what it is given without a word */
	uint64_t dropped;
} client;

static void start_timer(void)
{
	if (!client.loop)
		return;
	ev_timer_set(&client.timer, TIMINGS_FLUSH_MS / 1e3, 0);
	ev_timer_start(client.loop, &client.timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	if (client.monitors == 0 && clock_mono_ns() - client.since_ns < HOLD_MS * NS_PER_MS)
		start_timer();
	else
		timings_flush();
}

/* What is held goes with the timer: the connection's subscription is heard by then. */
void timings_peer(bool up, void *arg)
{
	if (up)
		client.monitors++;
	else if (client.monitors > 0) /* one whose handshake failed goes without having come */
		client.monitors--;
}

void timings_open(struct ev_loop *loop, struct link *link, const char *source)
{
	ev_timer_init(&client.timer, on_timer, TIMINGS_FLUSH_MS / 1e3, 0);
	client.loop = loop;
	client.link = link;
	client.source = source;
}

void timings_close(void)
{
	timings_flush();
	if (client.loop)
		ev_timer_stop(client.loop, &client.timer);
	client.loop = NULL;
	client.link = NULL;
	client.monitors = 0;
}

static void send_samples(struct slice samples, const struct uuid *turn_id)
{
	struct msg_timings m = {.source = slice_str(client.source), .dropped = client.dropped, .samples = samples};

	if (turn_id)
		m.turn_id = *turn_id;
	if (client.monitors == 0) {
		client.dropped += samples.n / SAMPLE_BYTES;
		return;
	}
	/* A PUB socket never blocks: what a slow monitor misses is the monitor's to miss. */
	link_publish(client.link, SLICE("t"), MSG_TIMINGS, &m);
	client.dropped = 0;
}

static void timings_flush(void)
{
	if (client.loop)
		ev_timer_stop(client.loop, &client.timer);
	if (client.bytes == 0)
		return;
	send_samples(slice_of(client.samples, client.bytes), NULL);
	client.bytes = 0;
}

static void encode(char *to, enum metric metric, uint64_t micro_units)
{
	to[0] = (char)((unsigned)metric & 0xFF);
	to[1] = (char)((unsigned)metric >> 8);
	for (int i = 0; i < 8; i++)
		to[2 + i] = (char)(micro_units >> (8 * i));
}

static bool is_slow(enum metric metric, uint64_t micro_units)
{
	return metrics[metric].lower_is_better && (double)micro_units > metrics[metric].target * 1e6;
}

static void add(enum metric metric, uint64_t micro_units, const struct uuid *turn_id)
{
	bool at_once = client.monitors > 0 && is_slow(metric, micro_units);

	if (turn_id && at_once) {
		char one[SAMPLE_BYTES];

		encode(one, metric, micro_units);
		send_samples(slice_of(one, sizeof one), turn_id);
		return;
	}
	encode(client.samples + client.bytes, metric, micro_units);
	if (client.bytes == 0) {
		client.since_ns = clock_mono_ns();
		start_timer();
	}
	client.bytes += SAMPLE_BYTES;
	if (client.bytes == sizeof client.samples || at_once)
		timings_flush();
}

void timing_ns(enum metric metric, uint64_t ns)
{
	add(metric, ns, NULL);
}

void timing_turn_ns(enum metric metric, uint64_t ns, const struct uuid *turn_id)
{
	add(metric, ns, turn_id);
}

void timing_value(enum metric metric, double value)
{
	add(metric, value > 0 ? (uint64_t)(value * 1e6) : 0, NULL);
}

void timing_since(enum metric metric, uint64_t start_ns)
{
	add(metric, clock_mono_ns() - start_ns, NULL);
}

uint64_t timings_dropped(void)
{
	return client.dropped;
}
