/* SPDX-License-Identifier: ISC
 *
 * lws_shim_test.c - the timers' list stays sorted, as the library's own function keeps it.
 */
#include "common/base/attr.h"
#include "lws_shim.h"
#include "common/base/check_run.h"

#include <stdlib.h>

struct timer {
	lws_dll2_t list;
	int at, added;
};

void lws_shim_closing(struct lws *wsi)
{
}

static unsigned compared;

static int compare(const lws_dll2_t *a, const lws_dll2_t *b)
{
	const struct timer *first = lws_container_of(a, struct timer, list), *second = lws_container_of(b, struct timer, list);

	compared++;
	return (first->at > second->at) - (first->at < second->at);
}

static bool in_order(lws_dll2_owner_t *own, unsigned count)
{
	unsigned seen = 0;

	for (lws_dll2_t *d = own->head; d; d = d->next, seen++) {
		const struct timer *t = lws_container_of(d, struct timer, list);
		const struct timer *next = d->next ? lws_container_of(d->next, struct timer, list) : NULL;

		if (d->owner != own || (next ? d->next->prev : own->tail) != d)
			return false;
		if (next && (t->at > next->at || (t->at == next->at && t->added < next->added)))
			return false;
	}
	return seen == count && own->count == count;
}

START_TEST(stays_sorted)
{
	static struct timer timers[300];
	lws_dll2_owner_t own = {0};
	unsigned in = 0;

	srand((unsigned)_i);
	memset(timers, 0, sizeof timers);
	for (int n = 0; n < 1000; n++) {
		struct timer *t = &timers[rand() % (int)countof(timers)];

		if (lws_dll2_is_detached(&t->list)) {
			t->at = rand() % 50;
			t->added = n;
			lws_dll2_add_sorted(&t->list, &own, compare);
			in++;
		} else {
			lws_dll2_remove(&t->list);
			in--;
		}
		ck_assert(in_order(&own, in));
	}
}
END_TEST

/* A request's timer belongs before those of all connections that wait for the next one, a waiting connection's behind them. */
START_TEST(near_either_end_few_are_compared)
{
	static struct timer waiting[1000], requests[8];
	lws_dll2_owner_t own = {0};

	memset(waiting, 0, sizeof waiting);
	memset(requests, 0, sizeof requests);
	for (int n = 0; n < (int)countof(waiting); n++) {
		waiting[n].at = 75000 + n;
		compared = 0;
		lws_dll2_add_sorted(&waiting[n].list, &own, compare);
		ck_assert_uint_le(compared, 4);
	}
	for (int n = 0; n < (int)countof(requests); n++) {
		requests[n].at = 20000 + n;
		compared = 0;
		lws_dll2_add_sorted(&requests[n].list, &own, compare);
		ck_assert_uint_le(compared, 2 * countof(requests) + 2);
	}
	ck_assert(own.head == &requests[0].list && own.tail == &waiting[countof(waiting) - 1].list);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lws_shim");
	TCase *tc = tcase_create("lws_shim");

	tcase_add_loop_test(tc, stays_sorted, 0, 5);
	tcase_add_test(tc, near_either_end_few_are_compared);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
