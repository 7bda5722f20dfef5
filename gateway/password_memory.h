/* SPDX-License-Identifier: ISC
 *
 * password_memory.h - the memory of a password check, kept from one check to the next.
 *
 * libsodium maps PASSWORD_MEMORY_BYTES for each Argon2id hash and unmaps them again: 4864 page faults, which cost as much as
 * half of the hashing (12 of 28 ms here) and hold up the rest of the process. It has no hook for an allocator, so it is linked
 * statically and its calls of mmap and munmap come here (--wrap). A thread that keeps its memory is given the same
 * block each time, of huge pages where there are any. Every other call, and every other size, goes through untouched.
 */
#ifndef CC_GATEWAY_PASSWORD_MEMORY_H
#define CC_GATEWAY_PASSWORD_MEMORY_H

/* From now on this thread keeps its block. What a hash leaves in it stays out of core dumps, and is overwritten by the next. */
void password_memory_keep(void);

/* Gives this thread's block back, until the next check; nothing happens without one. Also before the thread ends. */
void password_memory_release(void);

#endif
