/* SPDX-License-Identifier: ISC
 *
 * password_memory_test.c - a thread that keeps its memory answers as one that does not, without faulting it in each time.
 */
#include "common/base/attr.h"
#include "password.h"
#include "password_memory.h"
#include "common/base/check_run.h"

#include <sodium.h>
#include <sys/resource.h>

enum { TRIES = 5 }; /* the kernel may take a page back meanwhile, not each time */

/* Page faults of one check of `word` against the hash of "a long password". */
static long faults_of(const char *hash, struct slice word, bool right)
{
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	ck_assert_int_eq(password_verify(hash, word), right);
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_minflt - before.ru_minflt;
}

static long least_faults(const char *hash, struct slice word, bool right)
{
	long least = faults_of(hash, word, right);

	for (int i = 1; i < TRIES; i++) {
		long faults = faults_of(hash, word, right);

		least = faults < least ? faults : least;
	}
	return least;
}

START_TEST(keeps_and_gives_back)
{
	const struct slice right = SLICE("a long password"), wrong = SLICE("another password");
	char hash[PASSWORD_HASH_BYTES];
	long mapped;

	ck_assert(password_hash(right, hash));
	mapped = least_faults(hash, right, true);
	password_memory_keep();
	ck_assert_int_lt(least_faults(hash, right, true) * 10, mapped);
	ck_assert_int_lt(least_faults(hash, wrong, false) * 10, mapped);
	password_memory_release();
	password_memory_release();
	ck_assert_int_lt(least_faults(hash, wrong, false) * 10, mapped);
	password_memory_release();
}
END_TEST

/* A hash of other parameters needs another size: mapped and unmapped by libsodium as ever. */
START_TEST(leaves_other_sizes_alone)
{
	char small[crypto_pwhash_STRBYTES];

	ck_assert_int_eq(crypto_pwhash_str_alg(small, "x", 1, 1, 8 * 1024 * 1024, crypto_pwhash_ALG_ARGON2ID13), 0);
	password_memory_keep();
	ck_assert(password_verify(small, SLICE("x")));
	ck_assert(!password_verify(small, SLICE("y")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("password_memory");
	TCase *tc = tcase_create("password_memory");

	if (sodium_init() < 0)
		return 1;
	tcase_add_test(tc, keeps_and_gives_back);
	tcase_add_test(tc, leaves_other_sizes_alone);
	tcase_set_timeout(tc, 60); /* beside other work */
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
