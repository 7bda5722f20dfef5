/* SPDX-License-Identifier: ISC
 *
 * turn_options.c - see turn_options.h.
 */
#include "turn_options.h"

#include "cleaner/engine/engine.h"
#include "common/base/json_out.h"
#include "common/wire/message.h"

static const struct {
	const char *name;
	uint32_t bit;
} kinds[] = {
	{"cardinal", FORMAT_CARDINAL},
	{"ordinal", FORMAT_ORDINAL},
	{"money", FORMAT_MONEY},
	{"date", FORMAT_DATE},
	{"time", FORMAT_TIME},
	{"phone", FORMAT_PHONE},
	{"electronic", FORMAT_ELECTRONIC},
	{"measure", FORMAT_MEASURE},
	{"punctuation", FORMAT_PUNCTUATION},
	{"case", FORMAT_CASE},
};

static void read_formats(struct members *m, struct turn_options *out)
{
	const char *known[countof(kinds) + 1] = {NULL};
	char pointer[INVALID_POINTER_BYTES];
	const cJSON *object;
	struct members switches;

	if (!member_object(m, "formats", &object))
		return;
	for (size_t i = 0; i < countof(kinds); i++)
		known[i] = kinds[i].name;
	member_pointer(m, "formats", -1, pointer);
	members_begin(&switches, object, pointer, known, m->errors);
	for (size_t i = 0; i < countof(kinds); i++) {
		bool on;

		if (member_bool(&switches, kinds[i].name, &on) && !on)
			out->formats &= ~(uint64_t)kinds[i].bit;
	}
	out->set |= TURN_OPT_FORMATS;
}

void turn_options_defaults(struct turn_options *out)
{
	*out = (struct turn_options){.deadline_ms = OPTION_DEADLINE_MS, .formats = FORMAT_ALL};
}

bool turn_options_read(
	const cJSON *json, const char *pointer, struct turn_options *out, struct invalid *errors)
{
	static const char *const known[] = {"deadline_ms", "formats", "verbatim", "profile", NULL};
	static const struct text_rule profile = {.max_bytes = OPTION_PROFILE_BYTES};
	size_t before = errors->count;
	struct members m;
	int64_t ms;

	turn_options_defaults(out);
	members_begin(&m, json, pointer, known, errors);
	if (member_int(&m, "deadline_ms", OPTION_DEADLINE_MS_MIN, OPTION_DEADLINE_MS_MAX, &ms)) {
		out->deadline_ms = (uint64_t)ms;
		out->set |= TURN_OPT_DEADLINE;
	}
	read_formats(&m, out);
	if (member_bool(&m, "verbatim", &out->verbatim))
		out->set |= TURN_OPT_VERBATIM;
	if (member_text(&m, "profile", &profile, &out->profile))
		out->set |= TURN_OPT_PROFILE;
	return errors->count == before;
}

void turn_options_write_json(const struct turn_options *options, struct buf *out)
{
	buf_char(out, '{');
	if (options->set & TURN_OPT_DEADLINE)
		json_kv_u64(out, "deadline_ms", options->deadline_ms);
	if (options->set & TURN_OPT_FORMATS) {
		json_key(out, "formats");
		buf_char(out, '{');
		for (size_t i = 0; i < countof(kinds); i++)
			json_kv_bool(out, kinds[i].name, (options->formats & kinds[i].bit) != 0);
		buf_char(out, '}');
	}
	if (options->set & TURN_OPT_VERBATIM)
		json_kv_bool(out, "verbatim", options->verbatim);
	if (options->set & TURN_OPT_PROFILE)
		json_kv_str(out, "profile", options->profile);
	buf_char(out, '}');
}
