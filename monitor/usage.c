/* SPDX-License-Identifier: ISC
 *
 * usage.c - see usage.h. Nothing here waits: /proc is memory.
 */
#include "usage.h"

#include "common/base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PROC_TEXT_BYTES = 4096 }; /* stat and smaps_rollup are under 1 KiB */

static bool read_proc(int32_t pid, const char *name, char text[PROC_TEXT_BYTES], struct slice *out)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, PROC_TEXT_BYTES - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	*out = slice_of(text, (size_t)n);
	return true;
}

/* proc(5): fields 14 and 15. Field 2 is in brackets and may hold anything, brackets too: count from the last one. */
bool usage_parse_stat(struct slice text, uint64_t *cpu_ticks)
{
	const char *at = text.n ? memrchr(text.p, ')', text.n) : NULL;
	unsigned long long user, system;

	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
		return false;
	*cpu_ticks = user + system;
	return true;
}

bool usage_parse_pss(struct slice text, uint64_t *bytes)
{
	const char *at = text.n ? strstr(text.p, "\nPss:") : NULL;
	unsigned long long kib;

	if (!at || sscanf(at, " Pss: %llu kB", &kib) != 1)
		return false;
	*bytes = kib * 1024;
	return true;
}

static uint64_t memory_of(int32_t pid)
{
	char text[PROC_TEXT_BYTES];
	unsigned long long pages;
	struct slice s;
	uint64_t bytes;

	if (read_proc(pid, "smaps_rollup", text, &s) && usage_parse_pss(s, &bytes))
		return bytes;
	if (read_proc(pid, "statm", text, &s) && sscanf(s.p, "%*u %llu", &pages) == 1)
		return pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static bool ticks_of(int32_t pid, uint64_t *ticks)
{
	char text[PROC_TEXT_BYTES];
	struct slice s;

	return read_proc(pid, "stat", text, &s) && usage_parse_stat(s, ticks);
}

/* The process at the other end, if fd is a connection that came in at this path; else 0. */
static int32_t peer_of(int fd, const char *socket_path)
{
	struct sockaddr_un name = {0};
	socklen_t name_size = sizeof name, size;
	struct ucred peer;
	int listening = 1;

	if (getsockname(fd, (struct sockaddr *)&name, &name_size) != 0 || name.sun_family != AF_UNIX ||
		strncmp(name.sun_path, socket_path, sizeof name.sun_path) != 0)
		return 0;
	size = sizeof listening;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening)
		return 0;
	size = sizeof peer;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? (int32_t)peer.pid : 0;
}

static void add(struct usage *u, int32_t pid)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->process[i].pid == pid)
			return;
	if (pid > 0 && u->count < USAGE_PROCESSES)
		u->process[u->count++] = (struct usage_process){.pid = pid};
}

static void find_ours(struct usage *u, const char *socket_path)
{
	DIR *open_files = opendir("/proc/self/fd");
	const struct dirent *entry;

	u->count = 0;
	add(u, (int32_t)getpid());
	while (open_files && (entry = readdir(open_files)) != NULL)
		if (entry->d_name[0] != '.')
			add(u, peer_of(atoi(entry->d_name), socket_path));
	if (open_files)
		closedir(open_files);
}

/* Ticks that a process used since the last look; a new one counts from then on. */
static uint64_t used_since(const struct usage *before, const struct usage_process *now)
{
	for (size_t i = 0; i < before->count; i++)
		if (before->process[i].pid == now->pid && now->cpu_ticks >= before->process[i].cpu_ticks)
			return now->cpu_ticks - before->process[i].cpu_ticks;
	return 0;
}

void usage_look(struct usage *u, const char *socket_path, uint64_t now_ns, struct usage_figures *out)
{
	const struct usage before = *u;
	uint64_t ticks = 0;
	double seconds;

	*out = (struct usage_figures){.cpu_percent = -1};
	find_ours(u, socket_path);
	for (size_t i = 0; i < u->count; i++) {
		if (!ticks_of(u->process[i].pid, &u->process[i].cpu_ticks))
			continue;
		ticks += used_since(&before, &u->process[i]);
		out->memory_bytes += memory_of(u->process[i].pid);
		out->processes++;
	}
	u->at_ns = now_ns;
	if (before.at_ns == 0 || now_ns <= before.at_ns)
		return;
	seconds = (double)(now_ns - before.at_ns) / (double)NS_PER_S;
	out->cpu_percent = 100 * (double)ticks / (double)sysconf(_SC_CLK_TCK) / seconds / (double)sysconf(_SC_NPROCESSORS_ONLN);
}
