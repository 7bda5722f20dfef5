/* SPDX-License-Identifier: ISC
 *
 * turn_options.c - see turn_options.h.
 */
#include "turn_options.h"

#include "cleaner/engine/engine.h"
#include "common/base/json_out.h"
#include "common/wire/message.h"

#define FORMAT_NAMES(F)                                                                                      \
	F("cardinal", FORMAT_CARDINAL)                                                                       \
	F("ordinal", FORMAT_ORDINAL) F("money", FORMAT_MONEY) F("date", FORMAT_DATE) F("time", FORMAT_TIME)  \
		F("phone", FORMAT_PHONE) F("electronic", FORMAT_ELECTRONIC) F("measure", FORMAT_MEASURE)     \
			F("punctuation", FORMAT_PUNCTUATION) F("case", FORMAT_CASE)

#define FORMAT_MEMBER(name, bit) {name, SHAPE_BOOL},
static const struct member format_members[] = {FORMAT_NAMES(FORMAT_MEMBER)};
static const struct shape formats_shape = SHAPE(format_members);

#define FORMAT_BIT(name, bit) bit,
static const uint64_t format_bits[] = {FORMAT_NAMES(FORMAT_BIT)};

static const char *const no_profiles[] = {NULL};

enum { MEMBER_PROFILE = 3 };
static struct member members[] = {
	{"deadline_ms", SHAPE_INTEGER, .min = OPTION_DEADLINE_MS_MIN, .max = OPTION_DEADLINE_MS_MAX},
	{"formats", SHAPE_OBJECT, .inner = &formats_shape},
	{"verbatim", SHAPE_BOOL},
	[MEMBER_PROFILE] = {"profile", SHAPE_CHOICE, .choices = no_profiles},
};
const struct shape turn_options_shape = SHAPE(members);

void turn_options_profiles(const char *const *names)
{
	members[MEMBER_PROFILE].choices = names ? names : no_profiles;
}

static uint64_t formats_of(const cJSON *switches)
{
	uint64_t on = FORMAT_ALL;

	for (size_t i = 0; i < countof(format_bits); i++)
		if (cJSON_IsFalse(json_member(switches, format_members[i].name)))
			on &= ~format_bits[i];
	return on;
}

void turn_options_read(const cJSON *json, struct turn_options *out)
{
	static const uint64_t bits[] = {
		TURN_OPT_DEADLINE, TURN_OPT_FORMATS, TURN_OPT_VERBATIM, TURN_OPT_PROFILE};
	const cJSON *deadline = json_member(json, "deadline_ms");

	*out = (struct turn_options){.deadline_ms = OPTION_DEADLINE_MS, .formats = FORMAT_ALL};
	for (size_t i = 0; i < countof(bits); i++)
		if (json_member(json, members[i].name))
			out->set |= bits[i];
	if (deadline)
		out->deadline_ms = (uint64_t)deadline->valuedouble;
	out->formats = formats_of(json_member(json, "formats"));
	out->verbatim = cJSON_IsTrue(json_member(json, "verbatim"));
	out->profile = json_member_text(json, "profile");
}

void turn_options_write_json(const struct turn_options *options, struct buf *out)
{
	buf_char(out, '{');
	if (options->set & TURN_OPT_DEADLINE)
		json_kv_u64(out, "deadline_ms", options->deadline_ms);
	if (options->set & TURN_OPT_FORMATS) {
		json_key(out, "formats");
		buf_char(out, '{');
		for (size_t i = 0; i < countof(format_bits); i++)
			json_kv_bool(out, format_members[i].name, (options->formats & format_bits[i]) != 0);
		buf_char(out, '}');
	}
	if (options->set & TURN_OPT_VERBATIM)
		json_kv_bool(out, "verbatim", options->verbatim);
	if (options->set & TURN_OPT_PROFILE)
		json_kv_str(out, "profile", options->profile);
	buf_char(out, '}');
}
