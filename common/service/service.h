/* SPDX-License-Identifier: ISC
 *
 * service.h - the frame that every process runs in: options, configuration, signals, sd_notify and watchdog, drain, the
 * control subscription. A service's main declares a struct service and calls service_main.
 *
 * Order of life: options -> configuration -> start() -> [service_ready() once its dependencies answer] -> loop ->
 * SIGTERM/SIGINT -> drain() -> [service_drained(), or DRAIN_MS passed] -> stop() -> exit 0. SIGHUP re-reads the
 * configuration and calls reload(). One libev loop, one thread.
 */
#ifndef CC_SERVICE_SERVICE_H
#define CC_SERVICE_SERVICE_H

#include "common/base/config.h"
#include "common/wire/topology.h"

#include <ev.h>

struct service_run; /* the running process; one per process */

struct service {
	const char *name;              /* "decider": section, log name, man page */
	const char *summary;           /* one line for --help */
	const struct config_key *keys; /* its own section's table */
	void *config;                  /* the struct that keys fill: static storage of the service */
	int gives_way;                 /* nice, while there are too few processors for all (sched.h); 0: to nobody */
	bool (*check)(struct buf *error); /* judges and prepares what no table can, also for --check-config; may be NULL */
	bool (*start)(struct service_run *run);  /* opens everything; false: said why, exit 1 */
	void (*drain)(struct service_run *run);  /* stop taking, finish what is held, then service_drained; may be NULL */
	void (*stop)(struct service_run *run);   /* frees everything; the loop no longer runs */
	void (*reload)(struct service_run *run); /* new reloadable values are in config; may be NULL */
	void (*modes)(struct service_run *run);  /* the monitor's modes, or words on them, changed; may be NULL */
};

/* The [common] section, the same for all. */
struct service_common {
	char *runtime_dir;   /* sockets; default $RUNTIME_DIRECTORY or /run/cleanerctx */
	char *log_level;     /* error warning info debug */
	char *postgres;      /* libpq conninfo */
	char *redis;         /* unix:///path or redis://host:port/db */
	char *endpoints[LINK_COUNT]; /* comma-separated; @run@ is runtime_dir */
	char *curve_secret_key; /* Z85, 40 characters; empty: no CURVE (ipc:// on one machine) */
	char *curve_public_key;
	char *instance;      /* tells several of one service apart in logs and timings: "cleaner-2" */
};

/* A service's main is its table and this call. argv as main's; returns the exit code: 0 after a drain, 1 when it could
 * not start or failed, 64 bad usage, 78 bad configuration. */
int service_main(const struct service *service, int argc, char **argv);

struct ev_loop *service_loop(struct service_run *run);
const struct service_common *service_common(struct service_run *run);
const char *service_name(struct service_run *run);     /* "decider" */
const char *service_instance(struct service_run *run); /* "decider" or the configured instance name */

/* Dependencies answer: READY=1, and system.backend_startup is measured. Later calls change STATUS only. */
void service_ready(struct service_run *run, const char *status);
bool service_is_ready(struct service_run *run);
bool service_is_draining(struct service_run *run);
void service_drained(struct service_run *run); /* ends the loop */
void service_fail(struct service_run *run);    /* ends the loop, exit 1: what can only be mended by a restart */

bool service_mode(struct service_run *run, const char *mode); /* is this remediation mode on? An operator's word ends in time, with or without the monitor */
bool service_modes_heard(struct service_run *run);            /* has the monitor told them yet? */
struct slice service_overrides(struct service_run *run);      /* an operator's words on modes: modes.h; borrowed */

/* To the monitor, under a topic of `timings`. Never waits: what cannot be sent is lost. */
void service_tell_monitor(struct service_run *run, struct slice topic, enum msg_kind kind, const void *fields);

enum { SERVICE_DRAIN_MS = 4000 }; /* a stop ends within 5 s: the issue; one second is left for stop() */

#endif
