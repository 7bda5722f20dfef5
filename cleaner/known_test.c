/* SPDX-License-Identifier: ISC
 *
 * known_test.c - what is kept of conversations: found again, replaced, bounded, and alive as long as somebody
 * holds it.
 */
#include "known.h"
#include "common/base/check_run.h"

#include <stdlib.h>

static struct uuid id(unsigned n)
{
	struct uuid u = {{0}};

	memcpy(u.b, &n, sizeof n);
	return u;
}

static void set(PGresult *rows, int row, const char *const cells[4])
{
	for (int col = 0; col < 4; col++)
		ck_assert(PQsetvalue(
			rows, row, col, (char *)cells[col], cells[col] ? (int)strlen(cells[col]) : -1));
}

/* As knowledge.sql gives them: versions, two terms of which the first has two spellings, a change that was
 * rejected. */
static PGresult *rows_of(const char *version, const char *term)
{
	PGresult *rows = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	static char names[][5] = {"kind", "a", "b", "c"};
	PGresAttDesc columns[] = {{names[0]}, {names[1]}, {names[2]}, {names[3]}};

	ck_assert(PQsetResultAttrs(rows, 4, columns));
	set(rows, 0, (const char *const[4]){"version", version, "3", "4"});
	set(rows, 1, (const char *const[4]){"conversation", term, "category", "heard one"});
	set(rows, 2, (const char *const[4]){"learned", term, NULL, "heard two"});
	set(rows, 3, (const char *const[4]){"user", "Other", NULL, NULL});
	set(rows, 4, (const char *const[4]){"suppressed", "vector", "director", NULL});
	set(rows, 5, (const char *const[4]){"shared", "We sell boats.", NULL, NULL});
	set(rows, 6, (const char *const[4]){"shared", "Ask for Priya.", NULL, NULL});
	return rows;
}

static struct known *put(struct known_cache *cache, unsigned n, const char *version, const char *term)
{
	struct uuid conversation = id(n);
	PGresult *rows = rows_of(version, term);
	struct known *k = known_put(cache, &conversation, rows);

	PQclear(rows);
	return k;
}

START_TEST(rows_become_what_the_engine_takes)
{
	struct known_cache cache = {0};
	struct known *k = put(&cache, 1, "7", "Acme");
	const struct knowledge *known = &k->knowledge;

	ck_assert_int_eq(known->user_version, 7);
	ck_assert_int_eq(known->conversation_version, 7);
	ck_assert_uint_eq(known->term_count, 2);
	ck_assert(slice_eq(known->terms[0].term, SLICE("Acme")) &&
		  slice_eq(known->terms[0].category, SLICE("category")));
	ck_assert_uint_eq(known->terms[0].sounds_like_count, 2);
	ck_assert(slice_eq(known->terms[0].sounds_like[1], SLICE("heard two")));
	ck_assert_uint_eq(known->terms[1].sounds_like_count, 0);
	ck_assert_uint_eq(known->suppressed_count, 1);
	ck_assert(slice_eq(known->suppressed[0].corrected, SLICE("director")));
	ck_assert(slice_eq(known->shared, SLICE("We sell boats.\nAsk for Priya.")));
	known_release(&k);
	known_clear(&cache);
}
END_TEST

START_TEST(a_holder_outlives_the_cache)
{
	struct known_cache cache = {0};
	struct known *old = put(&cache, 1, "1", "Old"), *now;
	struct uuid conversation = id(1);

	old->taught_seq = 5;
	now = put(&cache, 1, "2", "New");
	ck_assert_uint_eq(cache.count, 1);
	ck_assert_uint_eq(now->taught_seq, 5); /* what was sent stays sent */
	ck_assert(slice_eq(old->knowledge.terms[0].term, SLICE("Old")));
	known_release(&old);
	known_release(&old); /* NULL by now */
	known_forget(&cache, &conversation);
	ck_assert(!known_find(&cache, &conversation));
	ck_assert(slice_eq(now->knowledge.terms[0].term, SLICE("New")));
	known_release(&now);
	ck_assert_uint_eq(cache.bytes, 0);
}
END_TEST

START_TEST(the_longest_unused_goes_first)
{
	struct known_cache cache = {0};
	struct uuid first = id(0), second = id(1);
	struct known *k;

	for (unsigned n = 0; n < KNOWN_CONVERSATIONS; n++) {
		k = put(&cache, n, "1", "Acme");
		known_release(&k);
	}
	k = known_find(&cache, &first);
	ck_assert(k);
	known_release(&k);
	k = put(&cache, KNOWN_CONVERSATIONS, "1", "Acme");
	known_release(&k);
	ck_assert_uint_eq(cache.count, KNOWN_CONVERSATIONS);
	ck_assert(!known_find(&cache, &second));
	k = known_find(&cache, &first);
	ck_assert(k);
	known_release(&k);
	known_clear(&cache);
	ck_assert_uint_eq(cache.count, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("known");
	TCase *t = tcase_create("known");

	tcase_add_test(t, rows_become_what_the_engine_takes);
	tcase_add_test(t, a_holder_outlives_the_cache);
	tcase_add_test(t, the_longest_unused_goes_first);
	suite_add_tcase(s, t);
	return check_run(s, CK_NOFORK);
}
