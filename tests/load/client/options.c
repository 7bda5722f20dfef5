/* SPDX-License-Identifier: ISC
 *
 * options.c - see options.h.
 */
#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: cleanerctx-load http://ADDRESS:PORT [--email E] [--password P] [--keys FILE] [--seed N]\n"
	"the seed's mix:    [--users 50] [--seconds 60] [--logins 5]\n"
	"turns at a rate:   --rate N [--seconds 60] | --steps RATExSECONDS,..\n"
	"                   [--conversations 100] [--lumen 40] [--accept] [--connections 1024]\n"
	"                   [--overload] [--retry] [--rotate S] [--sockets N] [--reconnect S]\n"
	"what it prints:    [--every S] [--json]\n";

enum { MAX_RATE = 100000, MAX_SECONDS = 24 * 3600 };

static const struct number {
	const char *name;
	size_t offset;
	long preset, least, most;
} numbers[] = {
	{"users", offsetof(struct options, users), 50, 1, 4000},
	{"seconds", offsetof(struct options, seconds), 60, 1, MAX_SECONDS},
	{"logins", offsetof(struct options, logins), 5, 0, 1000},
	{"conversations", offsetof(struct options, conversations), 100, 1, 100000},
	{"connections", offsetof(struct options, connections), 1024, 1, 20000},
	{"lumen", offsetof(struct options, lumen_percent), 40, 0, 100},
	{"rotate", offsetof(struct options, rotate_s), 0, 0, MAX_SECONDS},
	{"sockets", offsetof(struct options, sockets), 0, 0, 4000},
	{"reconnect", offsetof(struct options, reconnect_s), 30, 1, MAX_SECONDS},
	{"every", offsetof(struct options, every_s), 0, 0, MAX_SECONDS},
	{"seed", offsetof(struct options, seed), 1, 0, 1000000000},
};

static const struct {
	const char *name;
	size_t offset; /* of a char * in texts, of a bool in switches */
} texts[] =
	{
		{"email", offsetof(struct options, email)},
		{"password", offsetof(struct options, password)},
		{"keys", offsetof(struct options, keys)},
},
  switches[] = {
	  {"accept", offsetof(struct options, accept)},
	  {"retry", offsetof(struct options, retry)},
	  {"overload", offsetof(struct options, overload)},
	  {"json", offsetof(struct options, json)},
};

enum {
	AT_TEXTS = countof(numbers),
	AT_SWITCHES = AT_TEXTS + countof(texts),
	AT_RATE = AT_SWITCHES + countof(switches),
	AT_STEPS
};

static bool complain(const char *what)
{
	fprintf(stderr, "cleanerctx-load: %s\n%s", what, usage);
	return false;
}

static bool read_url(struct options *o, const char *url)
{
	char host[64];
	unsigned port;
	int end = 0;

	if (sscanf(url, "http://%63[0-9.]:%5u%n", host, &port, &end) != 2 ||
		(url[end] && strcmp(url + end, "/") != 0) || port > 65535 ||
		inet_pton(AF_INET, host, &o->to.sin_addr) != 1)
		return complain("the URL must be http://IPV4-ADDRESS:PORT");
	o->to.sin_family = AF_INET;
	o->to.sin_port = htons((uint16_t)port);
	return true;
}

static bool read_number(struct options *o, const struct number *n, const char *text)
{
	char *end, why[128];
	long value = strtol(text, &end, 10);

	if (end != text && !*end && value >= n->least && value <= n->most) {
		*(long *)((char *)o + n->offset) = value;
		return true;
	}
	snprintf(why, sizeof why, "--%s takes a number from %ld to %ld", n->name, n->least, n->most);
	return complain(why);
}

static bool add_step(struct options *o, long rate, long seconds)
{
	if (rate < 1 || rate > MAX_RATE || seconds < 0 || seconds > MAX_SECONDS ||
		o->step_count == OPTIONS_STEPS)
		return complain("a step is RATExSECONDS, at most 100000x86400, at most 32 of them");
	o->steps[o->step_count++] = (struct step){rate, seconds};
	return true;
}

/* "200x10,400x10" */
static bool read_steps(struct options *o, const char *text)
{
	for (;;) {
		long rate = 0, seconds = 0;
		int end = 0;

		if (sscanf(text, "%ldx%ld%n", &rate, &seconds, &end) != 2)
			rate = 0;
		if (!add_step(o, rate, seconds))
			return false;
		if (!text[end])
			return true;
		text += end + (text[end] == ',');
	}
}

static bool take(struct options *o, int at, char *text)
{
	if (at < AT_TEXTS)
		return read_number(o, &numbers[at], text);
	if (at < AT_SWITCHES)
		*(const char **)((char *)o + texts[at - AT_TEXTS].offset) = text;
	else if (at < AT_RATE)
		*(bool *)((char *)o + switches[at - AT_SWITCHES].offset) = true;
	else if (at == AT_RATE)
		return add_step(o, atol(text), 0); /* its seconds may still come */
	else
		return read_steps(o, text);
	return true;
}

static void fill(struct option *known)
{
	size_t n = 0;

	for (size_t i = 0; i < countof(numbers); i++)
		known[n++] = (struct option){numbers[i].name, required_argument, NULL, 0};
	for (size_t i = 0; i < countof(texts); i++)
		known[n++] = (struct option){texts[i].name, required_argument, NULL, 0};
	for (size_t i = 0; i < countof(switches); i++)
		known[n++] = (struct option){switches[i].name, no_argument, NULL, 0};
	known[n++] = (struct option){"rate", required_argument, NULL, 0};
	known[n++] = (struct option){"steps", required_argument, NULL, 0};
	known[n] = (struct option){0};
}

bool options_read(struct options *o, int argc, char **argv)
{
	struct option known[AT_STEPS + 2];
	int c, at = 0;

	*o = (struct options){.email = "test@example.com", .password = "testpassword"};
	for (size_t i = 0; i < countof(numbers); i++)
		*(long *)((char *)o + numbers[i].offset) = numbers[i].preset;
	fill(known);
	opterr = 0;
	while ((c = getopt_long(argc, argv, "", known, &at)) != -1)
		if (c != 0 || !take(o, at, optarg))
			return c == 0 ? false
				      : complain("an option that I do not know, or without its value");
	if (optind + 1 != argc)
		return complain("one URL, please");
	for (long i = 0; i < o->step_count; i++)
		if (!o->steps[i].seconds)
			o->steps[i].seconds = o->seconds;
	return read_url(o, argv[optind]);
}
