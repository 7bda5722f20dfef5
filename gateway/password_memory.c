/* SPDX-License-Identifier: ISC
 *
 * password_memory.c - see password_memory.h.
 */
#include "password_memory.h"

#include "password.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE_BYTES = 2 * 1024 * 1024, BLOCK_BYTES = PASSWORD_MEMORY_BYTES + HUGE_PAGE_BYTES /* room to align */ };

void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t n);

static _Thread_local struct {
	bool keeps;
	char *block; /* as it was mapped; NULL: none now */
	char *used;  /* the part that is handed out */
} mine;

static bool map_block(void)
{
	char *block = __real_mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return false;
	mine.block = block;
	mine.used = (char *)(((uintptr_t)block + HUGE_PAGE_BYTES - 1) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1));
	madvise(block, BLOCK_BYTES, MADV_HUGEPAGE); /* without them it is only slower */
	madvise(block, BLOCK_BYTES, MADV_DONTDUMP);
	return true;
}

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	bool hash = !at && fd == -1 && n == PASSWORD_MEMORY_BYTES;

	if (mine.keeps && hash && (mine.block || map_block()))
		return mine.used;
	return __real_mmap(at, n, protection, flags, fd, offset);
}

int __wrap_munmap(void *at, size_t n)
{
	return mine.block && at == mine.used ? 0 : __real_munmap(at, n);
}

void password_memory_keep(void)
{
	mine.keeps = true;
}

void password_memory_release(void)
{
	if (mine.block)
		__real_munmap(mine.block, BLOCK_BYTES);
	mine.block = NULL;
}
