/* SPDX-License-Identifier: ISC
 *
 * take.c - where turns come from: the ready streams, read through the consumer group on a connection that
 * blocks; and entries whose holder has not renewed its lease, taken over from whoever it was.
 *
 * A read asks for half of the free places from each of the two streams, so that neither starves and the bound
 * holds. A lease is renewed on every tick; its time is the entry's idle time in the group, which Redis keeps.
 * A look sees leases that nobody renews before they run out, and the next one comes at the moment when they
 * do. An entry of our own that no lease is for was dropped when Redis did not answer: it is taken again, and
 * is nobody's crash. After Redis was away others have a lease's time to renew theirs. An entry that was delivered more than SUSPECT_DELIVERIES times may be what kills cleaners: such ones are
 * taken one at a time, so that those which were only near it are not counted with it again.
 */
#include "cleaner.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <stdio.h>

enum {
	BLOCK_MS = 5000,   /* a read that finds nothing ends after so long */
	PAUSE_MS = 200,	   /* after an error that a read met */
	LOOK_ENTRIES = 64, /* expired leases seen in one look */
	SUSPECT_DELIVERIES = 2,
	RENEW_ENTRIES = 48, /* in one command: REDIS_ARGS less the others */
	NUMBER_BYTES = 24,
};

static struct slice number(int64_t v, char text[NUMBER_BYTES])
{
	snprintf(text, NUMBER_BYTES, "%lld", (long long)v);
	return slice_str(text);
}

static struct slice consumer(const struct cleaner *c)
{
	return slice_str(service_instance(c->run));
}

static struct slice stream_of(bool high)
{
	return high ? queue_stream_high : queue_stream_normal;
}

static bool starts(const redisReply *reply, const char *code)
{
	return reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, strlen(code)) == 0;
}

/* Makes the group on both streams, on the connection that a read comes on next. Being there already is an
 * error we ignore. */
static void make_groups(struct redis *redis)
{
	for (int high = 0; high < 2; high++)
		redis_send(redis,
			(const struct slice[]){SLICE("XGROUP"), SLICE("CREATE"), stream_of(high), queue_group,
				SLICE("0"), SLICE("MKSTREAM")},
			6, NULL, NULL);
}

/* The conversation and turn of [id, [field, value ..]]. */
static bool read_entry(
	const redisReply *entry, struct slice *id, struct uuid *conversation, struct uuid *turn)
{
	const redisReply *fields =
		entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 ? entry->element[1] : NULL;

	if (!fields)
		return false;
	*id = redis_str(entry->element[0]);
	return fields->type == REDIS_REPLY_ARRAY && fields->elements == 4 &&
	       uuid_parse(redis_str(fields->element[1]), conversation) &&
	       uuid_parse(redis_str(fields->element[3]), turn);
}

static void drop_poison(struct cleaner *c, bool high, struct slice id)
{
	c->take.poison++;
	log_error("queue.poison", "stream=%s entry=%.*s so_far=%llu", high ? "high" : "normal", (int)id.n,
		id.p ? id.p : "", (unsigned long long)c->take.poison);
	if (id.n)
		queue_drop(c->redis, stream_of(high), id, NULL, NULL);
}

static void take_stream(struct cleaner *c, const redisReply *stream)
{
	bool high = slice_eq(redis_str(stream->element[0]), queue_stream_high);
	const redisReply *entries = stream->element[1];

	for (size_t i = 0; i < entries->elements; i++) {
		struct slice id = slice_of(NULL, 0);
		struct uuid conversation, turn;
		struct lease *l;

		if (!read_entry(entries->element[i], &id, &conversation, &turn)) {
			drop_poison(c, high, id);
			continue;
		}
		l = lease_held(c, high, id) ? NULL : lease_new(c, LEASE_CLAIMING, high, id);
		if (l)
			lease_claim(l, &conversation, &turn);
	}
}

static void pause_reading(struct cleaner *c, const char *error)
{
	log_warning("take.error", "error=\"%.100s\"", error);
	ev_timer_stop(service_loop(c->run), &c->take.pause);
	ev_timer_set(&c->take.pause, PAUSE_MS / 1e3, 0);
	ev_timer_start(service_loop(c->run), &c->take.pause);
}

static void on_read(const redisReply *reply, void *arg)
{
	struct cleaner *c = arg;

	c->take.reading = false;
	if (starts(reply, "NOGROUP") || starts(reply, "UNBLOCKED")) /* Redis was wiped */
		make_groups(c->reader);
	else if (reply && reply->type == REDIS_REPLY_ERROR)
		pause_reading(c, reply->str);
	else if (reply && reply->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < reply->elements; i++)
			if (reply->element[i]->type == REDIS_REPLY_ARRAY && reply->element[i]->elements == 2)
				take_stream(c, reply->element[i]);
	cleaner_settled(c);
}

void take_more(struct cleaner *c)
{
	int64_t room = (c->config->max_in_flight - (int64_t)c->in_flight) / 2;
	char count[NUMBER_BYTES], block[NUMBER_BYTES];

	if (c->take.reading || room < 1 || !redis_is_up(c->reader) || !redis_is_up(c->redis) ||
		!c->standin.serves || !pg_is_up(c->pg) || ev_is_active(&c->take.pause) || service_is_draining(c->run))
		return;
	c->take.reading = true;
	redis_send(c->reader,
		(const struct slice[]){SLICE("XREADGROUP"), SLICE("GROUP"), queue_group, consumer(c),
			SLICE("COUNT"), number(room, count), SLICE("BLOCK"), number(BLOCK_MS, block),
			SLICE("STREAMS"), queue_stream_high, queue_stream_normal, SLICE(">"), SLICE(">")},
		13, on_read, c);
}

static void on_pause(struct ev_loop *loop, ev_timer *w, int revents)
{
	take_more(w->data);
}

static void on_client(const redisReply *reply, void *arg)
{
	struct cleaner *c = arg;

	if (reply && reply->type == REDIS_REPLY_INTEGER)
		snprintf(c->take.client, sizeof c->take.client, "%lld", reply->integer);
}

void take_reader_up(struct cleaner *c)
{
	redis_send(c->reader, (const struct slice[]){SLICE("CLIENT"), SLICE("ID")}, 2, on_client, c);
	make_groups(c->reader);
	take_more(c);
}

void take_wake(struct cleaner *c)
{
	if (c->take.reading)
		redis_send(c->redis,
			(const struct slice[]){SLICE("CLIENT"), SLICE("UNBLOCK"), slice_str(c->take.client)},
			3, NULL, NULL);
}

static void renew_stream(struct cleaner *c, bool high)
{
	struct slice argv[REDIS_ARGS] = {
		SLICE("XCLAIM"), stream_of(high), queue_group, consumer(c), SLICE("0")};
	size_t n = 5;

	for (int64_t i = 0; i < c->config->max_in_flight; i++) {
		struct lease *l = &c->leases[i];

		if (l->state != LEASE_FREE && l->state != LEASE_TAKING && l->entry[0] && l->high == high)
			argv[n++] = slice_str(l->entry);
		if (n > 5 && (n == 5 + RENEW_ENTRIES || i + 1 == c->config->max_in_flight)) {
			argv[n++] = SLICE("JUSTID");
			redis_send(c->redis, argv, n, NULL, NULL);
			n = 5;
		}
	}
}

void take_renew(struct cleaner *c)
{
	if (c->in_flight == 0)
		return;
	renew_stream(c, true);
	renew_stream(c, false);
}

static bool holds_suspect(const struct cleaner *c)
{
	for (int64_t i = 0; i < c->config->max_in_flight; i++)
		if (c->leases[i].state != LEASE_FREE && c->leases[i].deliveries > SUSPECT_DELIVERIES)
			return true;
	return false;
}

/* XCLAIM's reply: the entry, or nothing when somebody else was faster or it is done. */
static void on_taken(const redisReply *reply, void *arg)
{
	struct lease *l = arg;
	struct uuid conversation, turn;
	struct slice id = slice_of(NULL, 0);

	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 1) {
		lease_end(l);
	} else if (!read_entry(reply->element[0], &id, &conversation, &turn)) {
		drop_poison(l->cleaner, l->high, id);
		lease_end(l);
	} else {
		l->cleaner->did.taken_over++;
		l->cleaner->did.expired += l->expired;
		log_info("lease.taken_over", "deliveries=%llu expired=%d", (unsigned long long)l->deliveries,
			l->expired);
		lease_claim(l, &conversation, &turn);
	}
}

/* Longer than between two renewals of a cleaner that is well. */
static int64_t unrenewed_ms(const struct cleaner *c)
{
	return c->config->lease_ms / 2;
}

/* An entry in the group that nobody has renewed for a while. */
struct pending {
	struct slice entry;
	int64_t idle_ms;
	uint64_t deliveries; /* the next one's number */
	bool dropped;	     /* ours, and dropped by this process */
};

static void take_over(struct cleaner *c, bool high, const struct pending *p)
{
	char least[NUMBER_BYTES];
	struct lease *l;

	if (p->deliveries > SUSPECT_DELIVERIES && holds_suspect(c))
		return;
	l = lease_new(c, LEASE_TAKING, high, p->entry);
	if (!l)
		return;
	l->deliveries = p->deliveries;
	l->expired = !p->dropped;
	redis_send(c->redis,
		(const struct slice[]){SLICE("XCLAIM"), stream_of(high), queue_group, consumer(c),
			number(p->dropped ? unrenewed_ms(c) : c->config->lease_ms, least),
			slice_str(l->entry)},
		6, on_taken, l);
}

/* A row of XPENDING: [entry, consumer, idle ms, deliveries]. Ours from before this process began was left by
 * the one that died. */
static bool read_pending(const struct cleaner *c, const redisReply *row, uint64_t now_ns, struct pending *p)
{
	if (row->type != REDIS_REPLY_ARRAY || row->elements != 4)
		return false;
	*p = (struct pending){.entry = redis_str(row->element[0]),
		.idle_ms = row->element[2]->integer,
		.deliveries = (uint64_t)row->element[3]->integer + 1};
	p->dropped = slice_eq(redis_str(row->element[1]), consumer(c)) &&
		     (uint64_t)p->idle_ms * NS_PER_MS < now_ns - c->take.began_ns;
	return p->entry.n > 0;
}

static void look_at(struct cleaner *c, double after_ms)
{
	if (ev_is_active(&c->take.expiry) &&
		ev_timer_remaining(service_loop(c->run), &c->take.expiry) * 1e3 <= after_ms)
		return;
	ev_timer_stop(service_loop(c->run), &c->take.expiry);
	ev_timer_set(&c->take.expiry, after_ms / 1e3, 0);
	ev_timer_start(service_loop(c->run), &c->take.expiry);
}

static void judge_pending(struct cleaner *c, bool high, const struct pending *p, uint64_t now_ns)
{
	int64_t up_ms = (int64_t)((now_ns - c->take.up_ns) / NS_PER_MS);
	int64_t idle_ms = p->idle_ms < up_ms ? p->idle_ms : up_ms, lease_ms = c->config->lease_ms;

	if (lease_held(c, high, p->entry))
		return;
	if (p->dropped || idle_ms >= lease_ms)
		take_over(c, high, p);
	else
		look_at(c, (double)(lease_ms - idle_ms + 1));
}

static void on_look(struct cleaner *c, bool high, const redisReply *reply)
{
	uint64_t now_ns = clock_mono_ns();

	if (starts(reply, "NOGROUP"))
		make_groups(c->redis);
	if (!reply || reply->type != REDIS_REPLY_ARRAY || service_is_draining(c->run))
		return;
	for (size_t i = 0; i < reply->elements; i++) {
		struct pending p;

		if (read_pending(c, reply->element[i], now_ns, &p))
			judge_pending(c, high, &p, now_ns);
	}
}

static void on_look_high(const redisReply *reply, void *arg)
{
	on_look(arg, true, reply);
}

static void on_look_normal(const redisReply *reply, void *arg)
{
	struct cleaner *c = arg;

	c->take.looking = false;
	on_look(c, false, reply);
}

void take_look(struct cleaner *c)
{
	char idle[NUMBER_BYTES], count[NUMBER_BYTES];

	if (c->take.looking || !redis_is_up(c->redis) || !c->standin.serves || !pg_is_up(c->pg) || service_is_draining(c->run))
		return;
	c->take.looking = true;
	for (int high = 1; high >= 0; high--)
		redis_send(c->redis,
			(const struct slice[]){SLICE("XPENDING"), stream_of(high), queue_group, SLICE("IDLE"),
				number(unrenewed_ms(c), idle), SLICE("-"), SLICE("+"),
				number(LOOK_ENTRIES, count)},
			8, high ? on_look_high : on_look_normal, c);
}

void take_redis_up(struct cleaner *c)
{
	c->take.up_ns = clock_mono_ns();
	take_renew(c);
}

static void on_expiry(struct ev_loop *loop, ev_timer *w, int revents)
{
	take_look(w->data);
}

void take_open(struct cleaner *c)
{
	c->take.began_ns = clock_mono_ns();
	ev_timer_init(&c->take.pause, on_pause, 0, 0);
	ev_timer_init(&c->take.expiry, on_expiry, 0, 0);
	c->take.pause.data = c->take.expiry.data = c;
}

void take_close(struct cleaner *c)
{
	ev_timer_stop(service_loop(c->run), &c->take.pause);
	ev_timer_stop(service_loop(c->run), &c->take.expiry);
}
