/* SPDX-License-Identifier: ISC
 *
 * usage.h - memory and processor time of our processes together, from /proc.
 *
 * Ours are this process and whoever is connected to the socket that it binds for timings: each accepted connection's
 * peer is asked of the kernel (SO_PEERCRED), so neither names nor users nor a second installation on the host can
 * mislead it. Connections over tcp:// have no such peer: their processes are not counted.
 *
 * Memory is PSS; of a process whose smaps_rollup we may not read, resident memory, which counts shared pages in full.
 */
#ifndef CC_MONITOR_USAGE_H
#define CC_MONITOR_USAGE_H

#include "common/base/attr.h"
#include "common/base/slice.h"

#include <stdint.h>

enum { USAGE_PROCESSES = 64 }; /* on one host; the rest is not counted */

struct usage_process {
	int32_t pid;
	uint64_t cpu_ticks; /* user and system, since its start */
};

struct usage {
	struct usage_process process[USAGE_PROCESSES]; /* at the last look */
	size_t count;
	uint64_t at_ns; /* of the last look; 0: none yet */
};

struct usage_figures {
	size_t processes;
	uint64_t memory_bytes;
	double cpu_percent; /* of all processors, since the last look; below 0: this was the first */
};

/* Looks. socket_path is the local socket whose peers are ours. */
void usage_look(struct usage *u, const char *socket_path, uint64_t now_ns, struct usage_figures *out);

/* The parts that read text, for the tests. False when it is not what proc(5) describes. */
must_check bool usage_parse_stat(struct slice text, uint64_t *cpu_ticks);
must_check bool usage_parse_pss(struct slice text, uint64_t *bytes);

#endif
