/* SPDX-License-Identifier: ISC
 *
 * counts.c - what the notifier tells of itself.
 */
#include "notifier.h"

static void write_all(struct buf *out, void *arg)
{
	const struct notifier *n = arg;

	count_add(out, COUNT_NOTIFIER_PUBLISHED, n->did.appended);
	count_add(out, COUNT_NOTIFIER_DUPLICATES, n->did.repeated);
	count_add(out, COUNT_NOTIFIER_TRIMMED, n->did.trimmed);
	count_add(out, COUNT_NOTIFIER_RESETS, n->did.resets);
	count_add(out, COUNT_NOTIFIER_DELAYED, n->did.waited);
	count_add(out, COUNT_NOTIFIER_DROPPED, n->did.dropped);
	count_add(out, COUNT_NOTIFIER_WAITING, n->backlog.count + n->catchup.held.count);
}

struct counts *notifier_counts_open(struct notifier *n)
{
	return counts_open(n->run, write_all, n);
}
