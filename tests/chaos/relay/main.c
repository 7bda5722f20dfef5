/* SPDX-License-Identifier: ISC
 *
 * NAME      cleanerctx-relay - forwards connections, and misbehaves when told
 * SYNOPSIS  cleanerctx-relay NAME FROM TO [NAME FROM TO ..]
 *
 * The fault harness' network. It says "ready", then takes a command a line from standard input, and ends with
 * it.
 */
#include "relay.h"

#include "common/base/sched.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 64, LINE_BYTES = 4096 };

static struct {
	struct relay *relay;
	char line[LINE_BYTES]; /* what of a command has come */
	size_t n;
} input;

static void take_lines(void)
{
	char *from = input.line, *end;

	while ((end = memchr(from, '\n', (size_t)(input.line + input.n - from))) != NULL) {
		const char *wrong;

		*end = '\0';
		wrong = relay_command(input.relay, from);
		if (wrong)
			fprintf(stderr, "cleanerctx-relay: %s: %s\n", from, wrong);
		from = end + 1;
	}
	input.n -= (size_t)(from - input.line);
	memmove(input.line, from, input.n);
}

static void on_input(struct ev_loop *loop, ev_io *w, int revents)
{
	ssize_t n = read(STDIN_FILENO, input.line + input.n, sizeof input.line - input.n);

	if (n <= 0) { /* the end, or a line that is too long */
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	input.n += (size_t)n;
	take_lines();
}

int main(int argc, char **argv)
{
	struct ev_loop *loop = ev_default_loop(0);
	ev_io commands;

	if (argc < 4 || argc % 3 != 1) {
		fputs("usage: cleanerctx-relay NAME FROM TO [NAME FROM TO ..]\n", stderr);
		return EXIT_USAGE;
	}
	(void)sched_slice(SCHED_SHORT_US); /* a network would not wait for a processor */
	input.relay = relay_create(loop);
	for (int i = 1; i < argc; i += 3) {
		const char *wrong = relay_add(input.relay, argv[i], argv[i + 1], argv[i + 2]);

		if (wrong) {
			fprintf(stderr, "cleanerctx-relay: %s: %s\n", argv[i], wrong);
			return EXIT_FAILURE;
		}
	}
	ev_io_init(&commands, on_input, STDIN_FILENO, EV_READ);
	ev_io_start(loop, &commands);
	puts("ready");
	fflush(stdout);
	ev_run(loop, 0);
	return EXIT_SUCCESS;
}
