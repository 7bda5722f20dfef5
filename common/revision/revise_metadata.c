/* SPDX-License-Identifier: ISC
 *
 * revise_metadata.c - see revise_metadata.h.
 */
#include "revise_metadata.h"

#include <stdlib.h>
#include <string.h>

enum { CORRECTIONS_BYTES = 8 * 1024 * 1024 };

struct slice metadata_confidence(const cJSON *metadata)
{
	struct slice s = slice_str(
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, "confidence_score")));

	return s.n ? s : SLICE("HIGH");
}

static int rank(struct slice confidence)
{
	return slice_eq(confidence, SLICE("LOW")) ? 0 : slice_eq(confidence, SLICE("MEDIUM")) ? 1 : 2;
}

const char *metadata_confidence_after(const cJSON *metadata, const char *before, const struct revision *r)
{
	static const char *const names[] = {"LOW", "MEDIUM", "HIGH"};
	int was = rank(metadata_confidence(metadata)), now = rank(slice_str(revision_confidence(r)));

	return names[was < rank(slice_str(before)) && was < now ? was : now];
}

static void set(cJSON *object, const char *name, cJSON *value)
{
	if (cJSON_GetObjectItemCaseSensitive(object, name))
		cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
	else
		cJSON_AddItemToObject(object, name, value);
}

void metadata_revise(cJSON *metadata, const struct revision *r, bool applied, const char *confidence,
	const char *source, struct buf *out)
{
	cJSON *all = metadata ? metadata : cJSON_CreateObject();
	struct buf corrections;
	char *text;

	buf_init(&corrections, CORRECTIONS_BYTES);
	revision_json(r, &corrections);
	set(all, "confidence_score", cJSON_CreateString(confidence));
	set(all, "cleaning_applied", cJSON_CreateBool(applied));
	set(all, "source", cJSON_CreateString(source));
	set(all, "corrections", cJSON_CreateRaw(corrections.p));
	if (strcmp(source, "user") == 0)
		set(all, "doubtful", cJSON_CreateArray());
	text = cJSON_PrintUnformatted(all);
	if (text && !corrections.overflow)
		buf_str(out, text);
	else
		out->overflow = true;
	cJSON_free(text);
	buf_finish(&corrections);
	if (!metadata)
		cJSON_Delete(all);
}
