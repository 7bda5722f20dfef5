/* SPDX-License-Identifier: ISC
 *
 * NAME      cleanerctx-fake-model - answers as a language-model service would, well or badly, without one
 * SYNOPSIS  cleanerctx-fake-model [--port N] [--latency MS] [--fail PERCENT[:CASE]] [--seed N] [--connections
 * N]
 *           [--cert FILE --key FILE] [--cases]
 *
 * Speaks Gemini's generateContent under /v1beta and chat/completions under /v1. Any model whose name begins
 * with "fake" is there; "fake-CASE" answers with that case. Any key that does not begin with "bad" is good.
 */
#include "tests/fake_model/script.h"
#include "tests/fake_model/server.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 64 };

static int usage(void)
{
	fputs("usage: cleanerctx-fake-model [--port N] [--latency MS] [--fail PERCENT[:CASE]] [--seed N]\n"
	      "       [--connections N] [--cert FILE --key FILE] [--cases]\n",
		stderr);
	return EXIT_USAGE;
}

static int list_cases(void)
{
	const char *name;

	for (size_t i = 0; (name = fake_case_name(i)) != NULL; i++)
		puts(name);
	return EXIT_SUCCESS;
}

/* The whole text, a number up to most. */
static bool take_number(const char *text, unsigned long long most, unsigned long long *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *number <= most;
}

static bool take_fail(struct fake_options *o, const char *text)
{
	const char *colon = strchr(text, ':');
	char percent[4]; /* "100" */
	unsigned long long number;

	if ((size_t)snprintf(percent, sizeof percent, "%.*s", colon ? (int)(colon - text) : INT_MAX, text) >= sizeof percent ||
		!take_number(percent, 100, &number) ||
		(colon && (size_t)snprintf(o->fail_case, sizeof o->fail_case, "%s", colon + 1) >= sizeof o->fail_case))
		return false;
	o->fail_percent = (unsigned)number;
	return fake_case_exists(o->fail_case);
}

/* One option with its value; false: it is not one. */
static bool take_option(struct fake_options *o, int option, const char *text)
{
	unsigned long long number;

	switch (option) {
	case 'f':
		return take_fail(o, text);
	case 'C':
		o->cert = text;
		return true;
	case 'K':
		o->key = text;
		return true;
	default:
		break;
	}
	if (!take_number(text, option == 'p' ? 65535 : option == 's' ? ULLONG_MAX : UINT_MAX, &number))
		return false;
	switch (option) {
	case 'p':
		o->port = (int)number;
		break;
	case 'l':
		o->latency_ms = (unsigned)number;
		break;
	case 's':
		o->seed = number;
		break;
	case 'c':
		o->connections = (unsigned)number;
		break;
	}
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, NULL, 'p'}, {"latency", 1, NULL, 'l'},
		{"fail", 1, NULL, 'f'}, {"seed", 1, NULL, 's'}, {"connections", 1, NULL, 'c'},
		{"cert", 1, NULL, 'C'}, {"key", 1, NULL, 'K'}, {"cases", 0, NULL, 'L'}, {NULL, 0, NULL, 0}};
	struct fake_options o = {.fail_case = "503", .seed = 1};
	int c, which;

	while ((c = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (c == '?')
			return usage();
		if (c == 'L')
			return list_cases();
		if (!take_option(&o, c, optarg)) {
			usage();
			fprintf(stderr, "cleanerctx-fake-model: --%s does not take \"%s\"\n", options[which].name, optarg);
			return EXIT_USAGE;
		}
	}
	if (optind < argc || !o.cert != !o.key)
		return usage();
	return fake_serve(&o);
}
