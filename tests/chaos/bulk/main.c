/* SPDX-License-Identifier: ISC
 *
 * NAME      cleanerctx-talkers - the fault harness' clients that speak over HTTP
 * SYNOPSIS  cleanerctx-talkers
 *
 * What it is to do stands on standard input, a line each; the load ends with its end. What became of each try
 * is a line on standard output.
 */
#include "talker.h"

#include "common/base/sched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 1024, OUTPUT_BYTES = 1 << 16 };

static struct talking talking;

static bool take_text(const char *line)
{
	unsigned n = talking.text_count;

	if (n == TALKER_TEXTS ||
		sscanf(line, "text %7s %127[^\n]", talking.speakers[n], talking.texts[n]) != 2)
		return false;
	talking.text_count++;
	return true;
}

static bool take_talker(const char *line)
{
	char conversation[40], token[TALKER_TOKEN_BYTES];
	unsigned number, port;

	return sscanf(line, "talker %u %u %39s %511s", &number, &port, conversation, token) == 4 &&
	       talker_add(&talking, number, port, conversation, token);
}

/* Up to and with the line "go SEED PERIOD_MS". False: something was wrong with a line. */
static bool take_orders(void)
{
	char line[LINE_BYTES];
	long seed, period_ms;

	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "go %ld %ld", &seed, &period_ms) == 2) {
			talking.period_s = (double)period_ms / 1000;
			talking_start(&talking, seed);
			return talking.text_count > 0 && talking.count > 0;
		}
		if (!take_text(line) && !take_talker(line)) {
			fprintf(stderr, "cleanerctx-talkers: not understood: %s", line);
			return false;
		}
	}
	return false;
}

static void on_input(struct ev_loop *loop, ev_io *w, int revents)
{
	char ignored[64];

	if (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
		return;
	ev_io_stop(loop, w);
	talking_stop(&talking);
}

int main(void)
{
	ev_io input;

	(void)sched_slice(SCHED_SHORT_US); /* its own lateness would be in every figure */
	setvbuf(stdin, NULL, _IONBF, 0); /* what follows the orders is the loop's */
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BYTES);
	talking.loop = ev_default_loop(0);
	if (!take_orders())
		return EXIT_FAILURE;
	ev_io_init(&input, on_input, STDIN_FILENO, EV_READ);
	ev_io_start(talking.loop, &input);
	ev_run(talking.loop, 0);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
