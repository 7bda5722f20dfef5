/* SPDX-License-Identifier: ISC
 *
 * sched.c - see sched.h. glibc has no wrapper for these calls yet.
 */
#include "sched.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct sched_attr as of its first version, SCHED_ATTR_SIZE_VER0. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

static bool get(struct attributes *a)
{
	*a = (struct attributes){.size = sizeof *a};
	return syscall(SYS_sched_getattr, 0, a, sizeof *a, 0) == 0;
}

static bool set(struct attributes *a)
{
	a->size = sizeof *a;
	a->flags = 0;
	return syscall(SYS_sched_setattr, 0, a, 0) == 0;
}

bool sched_slice(unsigned us)
{
	struct attributes a;

	if (!get(&a))
		return false;
	a.runtime_ns = (uint64_t)us * 1000;
	return set(&a) && sched_slice_now() == us;
}

unsigned sched_slice_now(void)
{
	struct attributes a;

	return get(&a) ? (unsigned)(a.runtime_ns / 1000) : 0;
}

static void session_gives_way(int nice)
{
	int fd = getsid(0) == getpid() ? open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%d", nice);
	close(fd);
}

void sched_give_way(int nice)
{
	struct attributes a;

	if (!get(&a) || a.nice >= nice)
		return;
	a.nice = nice;
	if (set(&a))
		session_gives_way(nice);
}
