/* SPDX-License-Identifier: ISC
 *
 * NAME      cleanerctx-load - a bounded load on a running gateway, measured from outside
 * SYNOPSIS  cleanerctx-load URL [--users N] [--seconds S] [--logins N]         the seed's mix
 *           cleanerctx-load URL --rate N | --steps RATExSECONDS,.. [options]   turns at a rate
 *
 * The mix: each user has a kept connection and waits 1 to 3 s, so the pace is the users', not the server's;
 * beside them --logins a second sign in. Time is from a request's first byte written to its answer's last
 * byte read. Turns at a rate: an open loop. Turns come as independent people speak (exponential gaps, a
 * seeded generator) whether or not earlier ones are answered; time counts from when a turn was due, so a
 * server that stalls cannot hide it.
 *
 * Prints p50, p95, p99 and the worst of each operation beside its target, and how many times better than the
 * target p99 is. `late` is how much later than meant the client itself was: the part of the figures that may
 * be its own. Exit 1 when a request failed or a target was missed. Refusals with Retry-After are failures
 * too, unless --overload.
 */
#include "common/base/clock.h"
#include "common/base/xalloc.h"
#include "load.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { EXIT_USAGE = 64, GRACE_S = 2 * CONN_ANSWER_S /* the answers under way, and the setup */ };

static const char *const texts[] = {"I'm the vector of marketing", "We have seventy five employees",
	"Our book marketing is working well", "We get about fifty leads per month"};
static const char lumen_body[] =
	"{\"speaker\": \"Lumen\", \"raw_text\": \"Thank you for that information. Can you tell me more?\"}";

double load_random(struct load *l)
{
	return erand48(l->rng);
}

const char *load_turn_body(struct load *l, bool lumen)
{
	static char body[256];

	if (lumen)
		return lumen_body;
	snprintf(body, sizeof body, "{\"speaker\": \"User\", \"raw_text\": \"%s\"}",
		texts[(size_t)(load_random(l) * countof(texts))]);
	return body;
}

bool load_take(struct load *l, enum operation op, const struct reply *reply, const char *broken, int wanted,
	uint64_t began_ns)
{
	if (!reply) {
		figures_fail(&l->figures, op, "%s", broken);
		return false;
	}
	if (reply->status != wanted) {
		figures_fail(&l->figures, op, "%d %.*s", reply->status,
			(int)(reply->body.n < 100 ? reply->body.n : 100), reply->body.p);
		return false;
	}
	hist_add(&l->figures.times[op], reply->ended_ns - began_ns);
	return true;
}

struct signing_in {
	struct load *load;
	void (*done)(struct load *l);
};

static void signed_in(struct conn *c, const struct reply *reply, const char *broken, void *arg)
{
	struct signing_in s = *(struct signing_in *)arg;
	struct slice token = {0};

	free(arg);
	if (load_take(s.load, OP_LOGIN, reply, broken, 200, reply ? reply->began_ns : 0))
		token = reply_member(reply->body, "access_token");
	if (token.n && token.n < LOAD_TOKEN_BYTES) {
		s.load->tokens[s.load->token_count++] = xstrndup(token.p, token.n);
		s.done(s.load);
	}
	conn_destroy(&c);
}

void load_login(struct load *l, void (*done)(struct load *l))
{
	struct signing_in *s = xmalloc(sizeof *s);
	char body[512];

	*s = (struct signing_in){l, done};
	snprintf(body, sizeof body, "{\"email\": \"%s\", \"password\": \"%s\"}", l->options->email,
		l->options->password);
	conn_ask(conn_create(l->loop, &l->options->to),
		&(struct conn_request){.method = "POST", .path = "/api/v1/auth/login", .body = body},
		signed_in, s);
}

/* API keys, one a line. */
static bool read_keys(struct load *l, const char *path)
{
	char line[LOAD_TOKEN_BYTES];
	FILE *f = fopen(path, "re");

	while (f && l->token_count < LOAD_TOKENS && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0])
			l->tokens[l->token_count++] = xstrdup(line);
	}
	if (f)
		fclose(f);
	if (!l->token_count)
		fprintf(stderr, "cleanerctx-load: no keys in %s\n", path);
	return l->token_count > 0;
}

static void begin(struct load *l)
{
	if (l->options->step_count)
		conversations_make(l, rate_start);
	else
		users_start(l);
}

static void on_overdue(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct load *l = timer->data;

	figures_fail(&l->figures, OP_STATUS, "the load did not end by itself");
	ev_break(loop, EVBREAK_ALL);
}

/* A bound on the whole: no load goes on for ever, whatever the server does. */
static void bound(struct load *l, ev_timer *timer)
{
	long seconds = l->options->seconds;

	for (long i = 0; i < l->options->step_count; i++)
		seconds = (i ? seconds : 0) + l->options->steps[i].seconds;
	ev_timer_init(timer, on_overdue, (double)(seconds + GRACE_S), 0);
	timer->data = l;
	ev_timer_start(l->loop, timer);
	ev_unref(l->loop);
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(struct load *l, double took_s)
{
	double share = cpu_s() / took_s * 100;

	if (l->options->step_count)
		rate_report(l, stdout);
	if (l->options->json) {
		fputs("{", stdout);
		figures_json(&l->figures, stdout);
		printf(", \"events\": %llu, \"client_cpu_percent\": %.1f}\n", (unsigned long long)l->events,
			share);
		return;
	}
	figures_print(&l->figures, stdout);
	if (l->options->sockets)
		printf("events that sockets were told: %llu\n", (unsigned long long)l->events);
	printf("this client: %.1f %% of a core\n", share);
}

static struct load load;

int main(int argc, char **argv)
{
	struct options options;
	ev_timer overdue;
	uint64_t begun = clock_mono_ns();

	if (!options_read(&options, argc, argv))
		return EXIT_USAGE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	load.options = &options;
	load.loop = ev_default_loop(EVFLAG_AUTO);
	load.rng[0] = (unsigned short)options.seed;
	load.rng[1] = (unsigned short)(options.seed >> 16);
	load.rng[2] = 0x330e;
	figures_init(&load.figures);
	bound(&load, &overdue);
	if (!options.keys)
		load_login(&load, begin);
	else if (read_keys(&load, options.keys))
		begin(&load);
	else
		return EXIT_USAGE;
	ev_run(load.loop, 0);
	report(&load, (double)(clock_mono_ns() - begun) / 1e9);
	for (size_t i = 0; i < load.token_count; i++)
		free(load.tokens[i]);
	return figures_met(&load.figures) && load.figures.times[OP_USER_TURN].count +
						     load.figures.times[OP_LUMEN_TURN].count +
						     load.figures.times[OP_ACCEPTED].count
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
