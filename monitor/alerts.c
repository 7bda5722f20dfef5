/* SPDX-License-Identifier: ISC
 *
 * alerts.c - cleanerctx-alerts: shows the monitor's stream, as JSON lines or as columns.
 *
 * Its options are the services' (the configuration file tells where the stream is and its keys), and a few words of its
 * own that are rewritten into such options. It waits for a monitor that is not there, and for one that comes back.
 */
#include "columns.h"

#include "common/service/link.h"
#include "common/service/link_curve.h"
#include "common/service/options.h"

#include <czmq.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS_BYTES = 256 * 1024, HIGH_WATER_MARK = 1000, RECONNECT_MAX_MS = 500, KINDS_BYTES = 64 };

static struct alerts_config {
	bool json;
	char *kind;
	int64_t count;
} config;

static const struct config_key keys[] = {
	{"kind", CONFIG_STRING, offsetof(struct alerts_config, kind), "slow,alert", 1, KINDS_BYTES, false,
		"which lines, comma-separated: slow, alert, snapshot"},
	{"json", CONFIG_BOOL, offsetof(struct alerts_config, json), "no", 0, 0, false,
		"JSON lines as they come, instead of columns"},
	{"count", CONFIG_INT, offsetof(struct alerts_config, count), "0", 0, INT32_MAX, false,
		"end after so many lines; 0: never"},
	{NULL},
};

static const struct service tool = {
	.name = "alerts",
	.summary = "shows what the monitor tells: slow operations, alerts, and each second's figures",
	.keys = keys,
	.config = &config,
};

/* This tool's shorter words for options that the frame reads. */
static const struct {
	const char *word, *option;
} words[] = {{"--json", "--json=yes"}, {"--endpoint", "--alerts"}, {"-n", "--count"}}; /* --json=no stays as it is */

static const char *const kinds[] = {"slow", "alert", "snapshot"};

/* A word, or WORD=VALUE; the few bytes live as long as the process. */
static void rewrite(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		for (size_t w = 0; w < countof(words); w++) {
			size_t n = strlen(words[w].word);
			char *longer;

			if (strncmp(argv[i], words[w].word, n) != 0 || (argv[i][n] && (argv[i][n] != '=' || w == 0)))
				continue;
			if (asprintf(&longer, "%s%s", words[w].option, argv[i] + n) > 0)
				argv[i] = longer;
		}
	}
}

static bool subscribe(zsock_t *socket, const char *kind, size_t n)
{
	for (size_t i = 0; i < countof(kinds); i++) {
		if (strlen(kinds[i]) == n && memcmp(kinds[i], kind, n) == 0) {
			zsock_set_subscribe(socket, kinds[i]);
			return true;
		}
	}
	fprintf(stderr, "cleanerctx-alerts: --kind: unknown kind \"%.*s\"; known: slow, alert, snapshot\n", (int)n, kind);
	return false;
}

static bool subscribe_all(zsock_t *socket)
{
	for (const char *at = config.kind; *at; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ", ");

		if (n && !subscribe(socket, at, n))
			return false;
		at += n;
	}
	return true;
}

static zsock_t *connect_all(const struct service_common *common)
{
	zsock_t *socket = zsock_new(ZMQ_SUB);
	const char *list = common->endpoints[LINK_ALERTS];
	char endpoint[LINK_ENDPOINT_BYTES];

	zsock_set_rcvhwm(socket, HIGH_WATER_MARK);
	zsock_set_reconnect_ivl_max(socket, RECONNECT_MAX_MS);
	while (link_next_endpoint(&list, common->runtime_dir, endpoint)) {
		link_curve_apply(socket, common, false, endpoint);
		if (zsock_connect(socket, "%s", endpoint) != 0)
			fatal("event=alerts.endpoint endpoint=%s error=\"cannot connect: %s\"", endpoint, zmq_strerror(zmq_errno()));
	}
	return socket;
}

/* The JSON of a message on the stream; borrowed from it. */
static bool json_of(zmsg_t *msg, struct slice *json)
{
	struct slice frames[MSG_FRAMES_MAX];
	union msg_any any;
	enum msg_kind kind;
	size_t count = 0;

	zmsg_first(msg); /* the topic */
	for (zframe_t *f = zmsg_next(msg); f && count < countof(frames); f = zmsg_next(msg))
		frames[count++] = slice_of((const char *)zframe_data(f), zframe_size(f));
	if (!msg_decode(frames, count, &kind, &any) || kind != MSG_ALERT)
		return false;
	*json = any.alert.json;
	return true;
}

/* False: the line is none of ours. */
static bool show(struct slice json, bool colour, struct buf *out)
{
	buf_reset(out);
	if (!config.json)
		return columns_of(json, colour, out);
	if (memchr(json.p ? json.p : "", '\n', json.n))
		return false;
	buf_slice(out, json);
	buf_char(out, '\n');
	return true;
}

static bool put(const struct buf *out)
{
	return fwrite(out->p, 1, out->n, stdout) == out->n && fflush(stdout) == 0;
}

static int follow(zsock_t *socket, bool colour)
{
	int64_t shown = 0;
	struct buf out;
	bool ok = true;
	zmsg_t *msg;

	buf_init(&out, ROWS_BYTES);
	if (!config.json && strstr(config.kind, "slow")) {
		columns_heading(&out, colour);
		ok = put(&out);
	}
	while (ok && (config.count == 0 || shown < config.count) && (msg = zmsg_recv(socket)) != NULL) {
		struct slice json;

		if (json_of(msg, &json) && show(json, colour, &out)) {
			ok = put(&out);
			shown++;
		}
		zmsg_destroy(&msg);
	}
	buf_finish(&out);
	if (!ok)
		fprintf(stderr, "cleanerctx-alerts: cannot write: %s\n", strerror(errno));
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	struct service_common common = {0};
	struct options options;
	zsock_t *socket;
	int code;

	log_init("alerts", LOG_LEVEL_WARNING);
	rewrite(argc, argv);
	if (options_take(&options, &tool, &common, argc, argv, &code)) {
		zsys_handler_set(NULL); /* Ctrl-C ends it as it ends any filter */
		socket = connect_all(&common);
		code = subscribe_all(socket) ? follow(socket, colour) : EXIT_BAD_USAGE;
		zsock_destroy(&socket);
		zsys_shutdown();
	}
	options_release(&options);
	return code;
}
