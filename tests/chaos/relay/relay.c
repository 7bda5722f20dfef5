/* SPDX-License-Identifier: ISC
 *
 * relay.c - see relay.h: the rules, their pairs, and what commands do to them.
 */
#include "relay.h"

#include "address.h"
#include "end.h"

#include "common/base/xalloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 65536, BACKLOG = 512, NAME_BYTES = 32 };

struct pair {
	struct rule *rule;
	struct pair *next, **prev;
	struct end ends[2]; /* who came, where it leads */
	bool dead;	    /* for good, though no end hears of it */
	bool ending;	    /* one end has gone: the other gets what waits, then goes */
};

struct rule {
	struct relay *relay;
	char name[NAME_BYTES];
	struct address from, to;
	ev_io accepts;
	int fd; /* -1: refused */
	double delay;
	bool stalled;
	struct pair *pairs;
};

struct relay {
	struct ev_loop *loop;
	struct rule rules[RELAY_RULES];
	size_t count;
};

/* --- pairs --- */

static void pair_free(struct pair *pair)
{
	*pair->prev = pair->next;
	if (pair->next)
		pair->next->prev = pair->prev;
	free(pair);
}

static void pair_close(struct pair *pair, bool reset)
{
	struct ev_loop *loop = pair->rule->relay->loop;

	for (size_t i = 0; i < countof(pair->ends); i++)
		end_close(loop, &pair->ends[i], reset);
	pair_free(pair);
}

/* Reads, or not, as the rule and the other end allow. */
static void steer(struct end *end)
{
	struct pair *pair = end->pair;
	struct ev_loop *loop = pair->rule->relay->loop;
	bool held = pair->rule->stalled && !pair->dead;

	if (end->fd < 0)
		return;
	if (!end->open || !end->other->open || held || pair->ending ||
		end->other->waiting > RELAY_WAITING_BYTES)
		ev_io_stop(loop, &end->reads);
	else
		ev_io_start(loop, &end->reads);
}

/* This end has gone. Of a dead pair the other never hears of it; else it gets what waits, and goes too. */
static void gone(struct end *end)
{
	struct pair *pair = end->pair;

	end_close(pair->rule->relay->loop, end, false);
	if (end->other->fd < 0 || (!pair->dead && !end->other->first)) {
		pair_close(pair, false);
		return;
	}
	pair->ending = !pair->dead;
	steer(end->other);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	static char bytes[READ_BYTES];
	struct end *end = w->data;
	ssize_t n = recv(end->fd, bytes, sizeof bytes, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		gone(end);
	else if (end->pair->dead)
		return;
	else if (!end_give(loop, end->other, bytes, (size_t)n, end->pair->rule->delay))
		pair_close(end->pair, false);
	else if (end->other->waiting > RELAY_WAITING_BYTES)
		steer(end);
}

static void move_on(struct ev_loop *loop, struct end *end)
{
	if (end->pair->rule->stalled && !end->pair->dead)
		return;
	if (!end_flush(loop, end) || (end->pair->ending && !end->first))
		pair_close(end->pair, false);
	else
		steer(end->other);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct end *end = w->data;
	int error = 0;
	socklen_t length = sizeof error;

	if (!end->open) { /* it was connecting */
		ev_io_stop(loop, w);
		if (getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error) {
			pair_close(end->pair, false);
			return;
		}
		end->open = true;
		steer(end);
	}
	if (end->pair->rule->stalled && !end->pair->dead)
		ev_io_stop(loop, w);
	move_on(loop, end);
}

static void on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	move_on(loop, w->data);
}

static void watch(struct end *end)
{
	ev_io_init(&end->reads, on_readable, end->fd, EV_READ);
	ev_io_init(&end->writes, on_writable, end->fd, EV_WRITE);
	ev_timer_init(&end->late, on_late, 0., 0.);
	end->reads.data = end->writes.data = end->late.data = end;
}

static void pair_make(struct rule *rule, int came, int leads)
{
	struct pair *pair = xcalloc(1, sizeof *pair);

	pair->rule = rule;
	pair->next = rule->pairs;
	pair->prev = &rule->pairs;
	if (pair->next)
		pair->next->prev = &pair->next;
	rule->pairs = pair;
	end_init(&pair->ends[0], pair, &pair->ends[1], came);
	end_init(&pair->ends[1], pair, &pair->ends[0], leads);
	for (size_t i = 0; i < countof(pair->ends); i++)
		watch(&pair->ends[i]);
	pair->ends[0].open = true;
	ev_io_start(rule->relay->loop, &pair->ends[1].writes);
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	struct rule *rule = w->data;
	int leads, came = accept4(rule->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (came < 0)
		return;
	address_no_delay(&rule->from, came);
	leads = address_connect(&rule->to);
	if (leads < 0)
		close(came);
	else
		pair_make(rule, came, leads);
}

/* --- rules --- */

static const char *rule_listen(struct rule *rule)
{
	if (rule->fd >= 0)
		return NULL;
	rule->fd = address_listen(&rule->from, BACKLOG);
	if (rule->fd < 0)
		return "cannot be listened on";
	ev_io_init(&rule->accepts, on_accept, rule->fd, EV_READ);
	rule->accepts.data = rule;
	ev_io_start(rule->relay->loop, &rule->accepts);
	return NULL;
}

static void rule_refuse(struct rule *rule)
{
	if (rule->fd < 0)
		return;
	ev_io_stop(rule->relay->loop, &rule->accepts);
	close(rule->fd);
	rule->fd = -1;
}

struct relay *relay_create(struct ev_loop *loop)
{
	struct relay *relay = xcalloc(1, sizeof *relay);

	relay->loop = loop;
	return relay;
}

const char *relay_add(struct relay *relay, const char *name, const char *from, const char *to)
{
	struct rule *rule = &relay->rules[relay->count];

	if (relay->count == RELAY_RULES || strlen(name) >= sizeof rule->name)
		return "too many rules, or too long a name";
	*rule = (struct rule){.relay = relay, .fd = -1};
	snprintf(rule->name, sizeof rule->name, "%s", name);
	if (!address_read(&rule->from, from) || !address_read(&rule->to, to))
		return "an address is tcp:ADDRESS:PORT or unix:PATH";
	relay->count++;
	return rule_listen(rule);
}

/* --- commands --- */

static const char *do_delay(struct rule *rule, int ms)
{
	rule->delay = ms / 1000.;
	return NULL;
}

static const char *do_stall(struct rule *rule, int ms)
{
	rule->stalled = true;
	return NULL;
}

static const char *do_half_open(struct rule *rule, int ms)
{
	for (struct pair *pair = rule->pairs; pair; pair = pair->next) {
		pair->dead = true;
		for (size_t i = 0; i < countof(pair->ends); i++)
			end_drop(&pair->ends[i]);
	}
	return NULL;
}

static const char *do_reset(struct rule *rule, int ms)
{
	while (rule->pairs)
		pair_close(rule->pairs, true);
	return NULL;
}

static const char *do_refuse(struct rule *rule, int ms)
{
	rule_refuse(rule);
	return do_reset(rule, ms);
}

static const char *do_clear(struct rule *rule, int ms)
{
	rule->delay = 0;
	rule->stalled = false;
	return rule_listen(rule);
}

static const struct {
	const char *word;
	const char *(*effect)(struct rule *rule, int ms);
} commands[] = {
	{"delay", do_delay},
	{"stall", do_stall},
	{"half-open", do_half_open},
	{"reset", do_reset},
	{"refuse", do_refuse},
	{"clear", do_clear},
};

/* What waits goes, or is held, as the rule now says. */
static void settle(struct rule *rule)
{
	struct pair *next;

	for (struct pair *pair = rule->pairs; pair; pair = next) {
		next = pair->next;
		for (size_t i = 0; i < countof(pair->ends); i++) {
			steer(&pair->ends[i]);
			if (pair->ends[i].first && pair->ends[i].open && !rule->stalled)
				ev_feed_event(rule->relay->loop, &pair->ends[i].late, EV_TIMER);
		}
	}
}

const char *relay_command(struct relay *relay, const char *line)
{
	char word[NAME_BYTES], name[NAME_BYTES];
	int ms = 0;

	if (sscanf(line, "%31s %31s %d", word, name, &ms) < 2)
		return "a command is a word and a name";
	for (size_t i = 0; i < relay->count; i++)
		for (size_t k = 0; k < countof(commands); k++)
			if (strcmp(relay->rules[i].name, name) == 0 && strcmp(commands[k].word, word) == 0) {
				const char *wrong = commands[k].effect(&relay->rules[i], ms);

				settle(&relay->rules[i]);
				return wrong;
			}
	return "no such word, or no such name";
}
