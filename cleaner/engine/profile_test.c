/* SPDX-License-Identifier: ISC
 *
 * profile_test.c - profiles.conf as it is read, a user's after it, and what a profile does to a turn.
 */
#include "common/base/attr.h"
#include "profile.h"
#include "rebuild_test.h"
#include "common/base/check_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct engine *engine;
static struct engine_workspace *ws;
static char folder[] = "/tmp/profile-test-XXXXXX";

static void open_with(const char *data_dir, const char *warning)
{
	char *said = NULL;

	engine = engine_open(data_dir, &said);
	ck_assert_str_eq(said ? said : "", warning);
	free(said);
	ws = engine_workspace_create(engine);
}

static void close_engine(void)
{
	engine_workspace_destroy(&ws);
	engine_close(&engine);
}

static void users_file(const char *text)
{
	char path[sizeof folder + 32];
	FILE *out;

	snprintf(path, sizeof path, "%s/profiles.conf", folder);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
}

static const struct clean_result *clean(const char *raw, const char *profile)
{
	struct clean_input in = {.raw = slice_str(raw),
		.options = {.formats = FORMAT_ALL,
			.verbatim = true,
			.profile = profile ? slice_str(profile) : slice_of(NULL, 0)}};
	const struct clean_result *result = engine_clean(ws, &in, NULL, NULL);
	const char *wrong = rebuild_check(in.raw, result);

	ck_assert_msg(!wrong, "\"%s\": %s", raw, wrong);
	return result;
}

static const struct {
	const char *profile, *raw, *cleaned;
} turns[] = {
	{"apart", "we call our customer 's office", "We call our customer's office."},
	{"apart", "They 're here.", "They're here."},
	{"apart", "That \xE2\x80\x99s it.", "That \xE2\x80\x99s it."},
	{"apart", "'S it 's.", "'S it's."},
	{"apart", "so, 's it", "So, 's it."},
	{NULL, "we call our customer 's office", "We call our customer 's office."},
	{"default", "we call our customer 's office", "We call our customer 's office."},
	{"amazon", "we want mawr of it", "We want more of it."},
	{"amazon", "Mawr of it.", "More of it."},
	{"Amazon", "the non gap figures", "The non-GAAP figures."},
	{"amazon", "this is non, gap it", "This is non, gap it."},
	{"google", "we want mawr of it", "We want mawr of it."},
	{"nobody", "we want mawr of it", "We want mawr of it."},
};

START_TEST(a_turn_as_its_recogniser_is_known)
{
	const struct clean_result *result;

	users_file("[apart]\npieces = 's 're 've 'll 'd 'm 't\n");
	open_with(folder, "");
	result = clean(turns[_i].raw, turns[_i].profile);
	ck_assert_msg(slice_eq(result->cleaned, slice_str(turns[_i].cleaned)), "row %d: \"%s\" gave \"%.*s\"",
		_i, turns[_i].raw, (int)result->cleaned.n, result->cleaned.p);
	close_engine();
}
END_TEST

START_TEST(what_it_is_known_for_decides_that_there_is_work)
{
	struct clean_input in = {.raw = SLICE("We want mawr."), .options = {.profile = SLICE("amazon")}};

	open_with("", "");
	ck_assert_str_eq(engine_decide(ws, &in).reason, "recogniser");
	ck_assert_int_eq(engine_decide(ws, &in).level, CLEAN_LIGHT);
	in.options.profile = slice_of(NULL, 0);
	ck_assert_str_eq(engine_decide(ws, &in).reason, "well_formed");
	close_engine();
}
END_TEST

START_TEST(the_names_end_with_null)
{
	const char *const *names;
	size_t n = 0;

	open_with("", "");
	names = engine_profiles(engine);
	ck_assert_str_eq(names[0], "default");
	for (; names[n]; n++)
		ck_assert(engine_knows_profile(engine, slice_str(names[n])));
	ck_assert_uint_ge(n, 7);
	ck_assert(engine_knows_profile(engine, slice_of(NULL, 0)));
	ck_assert(!engine_knows_profile(engine, SLICE("nobody")));
	close_engine();
}
END_TEST

START_TEST(a_users_file_adds_and_changes)
{
	users_file("[ours]\nlike = amazon\nheard = book mark > bookmark\n\n[google]\nheard = sun > son\n");
	open_with(folder, "");
	ck_assert(slice_eq(clean("a mawr book mark", "ours")->cleaned, SLICE("A more bookmark.")));
	ck_assert(slice_eq(clean("my sun is here", "google")->cleaned, SLICE("My son is here.")));
	close_engine();
}
END_TEST

static const struct {
	const char *text;
	unsigned line;
} bad[] = {
	{"heard = a > b\n", 1},
	{"[ours]\nhear = a > b\n", 2},
	{"[ours]\nheard = a b\n", 2},
	{"[ours]\nheard = > b\n", 2},
	{"[ours]\ncomma = much\n", 2},
	{"[ours]\ncomma = 3\n", 2},
	{"[ours]\nscore = 0.5\n", 2},
	{"[ours]\nmarks = some\n", 2},
	{"[ours]\nlike = nobody\n", 2},
	{"[ours]\nlike = ours\n", 2},
	{"[two words]\n", 1},
	{"[]\n", 1},
};

START_TEST(a_line_that_is_not_understood_is_named)
{
	char warning[128];

	snprintf(warning, sizeof warning, "profiles.conf:%u: not understood; the rest of the file is ignored",
		bad[_i].line);
	users_file(bad[_i].text);
	open_with(folder, warning);
	ck_assert(engine_knows_profile(engine, SLICE("amazon")));
	close_engine();
}
END_TEST

START_TEST(no_more_profiles_than_there_is_room_for)
{
	char text[PROFILE_COUNT * 16];
	size_t n = 0;

	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "[p%u]\n", i);
	users_file(text);
	engine = engine_open(folder, NULL);
	for (n = 0; engine_profiles(engine)[n];)
		n++;
	ck_assert_uint_eq(n, PROFILE_COUNT);
	engine_close(&engine);
}
END_TEST

static void remove_folder(void)
{
	char path[sizeof folder + 32];

	snprintf(path, sizeof path, "%s/profiles.conf", folder);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	Suite *s = suite_create("profile");
	TCase *t = tcase_create("profile");
	int failed;

	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	tcase_add_loop_test(t, a_turn_as_its_recogniser_is_known, 0, (int)countof(turns));
	tcase_add_test(t, what_it_is_known_for_decides_that_there_is_work);
	tcase_add_test(t, the_names_end_with_null);
	tcase_add_test(t, a_users_file_adds_and_changes);
	tcase_add_loop_test(t, a_line_that_is_not_understood_is_named, 0, (int)countof(bad));
	tcase_add_test(t, no_more_profiles_than_there_is_room_for);
	suite_add_tcase(s, t);
	failed = check_run(s, CK_NOFORK);
	remove_folder();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
