/* SPDX-License-Identifier: ISC
 *
 * link_curve.c - see link_curve.h.
 *
 * libzmq asks inproc://zeromq.zap.01 whom to let in; a REP socket there on our loop answers 200 to the installation's
 * own public key and 400 to any other. The request is (version, id, domain, address, identity, mechanism, key).
 */
#include "link_curve.h"

#include "common/base/attr.h"
#include "common/base/log.h"

#include <ev.h>
#include <string.h>

enum { Z85_KEY_CHARACTERS = 40, KEY_BYTES = 32, ZAP_FRAMES = 7 };

static struct {
	zsock_t *socket;
	ev_io io;
	ev_prepare prepare;
	uint8_t public_key[KEY_BYTES];
} zap;

static bool has_keys(const struct service_common *common)
{
	return strlen(common->curve_secret_key) == Z85_KEY_CHARACTERS &&
		strlen(common->curve_public_key) == Z85_KEY_CHARACTERS;
}

static bool needs_keys(const char *endpoint)
{
	static const char *const open[] = {"ipc://", "inproc://", "tcp://127.", "tcp://localhost", "tcp://[::1]"};

	for (size_t i = 0; i < countof(open); i++)
		if (strncmp(endpoint, open[i], strlen(open[i])) == 0)
			return false;
	return true;
}

void link_curve_apply(zsock_t *socket, const struct service_common *common, bool binds, const char *endpoint)
{
	if (!has_keys(common)) {
		if (needs_keys(endpoint))
			fatal("event=link.curve endpoint=%s error=\"leaves this machine without keys; set curve_public_key and "
			      "curve_secret_key_file (40 characters each, made by curve_keygen)\"", endpoint);
		return;
	}
	if (strncmp(endpoint, "tcp://", 6) != 0)
		return;
	zsock_set_curve_publickey(socket, common->curve_public_key);
	zsock_set_curve_secretkey(socket, common->curve_secret_key);
	if (binds) {
		zsock_set_zap_domain(socket, "cleanerctx");
		zsock_set_curve_server(socket, 1);
	} else {
		zsock_set_curve_serverkey(socket, common->curve_public_key);
	}
}

static void answer(zmsg_t *request)
{
	zframe_t *frames[ZAP_FRAMES] = {NULL};
	size_t count = 0;
	bool ours;

	for (zframe_t *f = zmsg_first(request); f; f = zmsg_next(request))
		if (count < ZAP_FRAMES)
			frames[count++] = f;
	ours = count == ZAP_FRAMES && zframe_streq(frames[5], "CURVE") && zframe_size(frames[6]) == KEY_BYTES &&
		memcmp(zframe_data(frames[6]), zap.public_key, KEY_BYTES) == 0;
	if (!ours)
		log_warning("link.refused", "reason=\"a peer with another key\"");
	zstr_sendm(zap.socket, "1.0");
	zmq_send(zsock_resolve(zap.socket), count > 1 ? zframe_data(frames[1]) : (const void *)"", count > 1 ? zframe_size(frames[1]) : 0,
		ZMQ_SNDMORE);
	zstr_sendm(zap.socket, ours ? "200" : "400");
	zstr_sendm(zap.socket, ours ? "OK" : "unknown key");
	zstr_sendm(zap.socket, "");
	zstr_send(zap.socket, "");
}

static void drain(void)
{
	while (zap.socket && zsock_events(zap.socket) & ZMQ_POLLIN) {
		zmsg_t *request = zmsg_recv(zap.socket);

		if (!request)
			return;
		answer(request);
		zmsg_destroy(&request);
	}
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	drain();
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	drain();
}

void link_curve_start(struct service_run *run)
{
	const struct service_common *common = service_common(run);

	if (!has_keys(common))
		return;
	if (!zmq_z85_decode(zap.public_key, common->curve_public_key))
		fatal("event=link.curve error=\"curve_public_key is no Z85 key\"");
	zap.socket = zsock_new(ZMQ_REP);
	if (!zap.socket || zsock_bind(zap.socket, "inproc://zeromq.zap.01") < 0)
		fatal("event=link.curve error=\"cannot answer for authentication: %s\"", zmq_strerror(zmq_errno()));
	zsock_set_sndtimeo(zap.socket, 0);
	ev_io_init(&zap.io, on_io, (int)zsock_fd(zap.socket), EV_READ);
	ev_prepare_init(&zap.prepare, on_prepare);
	ev_io_start(service_loop(run), &zap.io);
	ev_prepare_start(service_loop(run), &zap.prepare);
}

void link_curve_stop(struct service_run *run)
{
	if (!zap.socket)
		return;
	ev_io_stop(service_loop(run), &zap.io);
	ev_prepare_stop(service_loop(run), &zap.prepare);
	zsock_destroy(&zap.socket);
}
