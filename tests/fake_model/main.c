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

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

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

static bool take_fail(struct fake_options *o, const char *text)
{
	return sscanf(text, "%u:%31s", &o->fail_percent, o->fail_case) >= 1 && o->fail_percent <= 100 &&
	       fake_case_exists(o->fail_case);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, NULL, 'p'}, {"latency", 1, NULL, 'l'},
		{"fail", 1, NULL, 'f'}, {"seed", 1, NULL, 's'}, {"connections", 1, NULL, 'c'},
		{"cert", 1, NULL, 'C'}, {"key", 1, NULL, 'K'}, {"cases", 0, NULL, 'L'}, {NULL, 0, NULL, 0}};
	struct fake_options o = {.fail_case = "503", .seed = 1};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			o.port = atoi(optarg);
			break;
		case 'l':
			o.latency_ms = (unsigned)atoi(optarg);
			break;
		case 's':
			o.seed = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			o.connections = (unsigned)atoi(optarg);
			break;
		case 'C':
			o.cert = optarg;
			break;
		case 'K':
			o.key = optarg;
			break;
		case 'L':
			return list_cases();
		case 'f':
			if (take_fail(&o, optarg))
				break;
			/* fall through */
		default:
			return usage();
		}
	}
	if (optind < argc || !o.cert != !o.key)
		return usage();
	return fake_serve(&o);
}
