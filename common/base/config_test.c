/* SPDX-License-Identifier: ISC
 *
 * config_test.c - sources and their order, every error with its place, reload and print, as case tables.
 */
#include "common/base/check_run.h"
#include "common/base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct common {
	char *redis;
};

struct decider {
	int64_t batch_max;
	bool strict;
	char *name, *key, *level;
};

static const struct config_key common_keys[] = {
	{"redis", CONFIG_STRING, offsetof(struct common, redis), "here", 1, 20, false, "where"},
	{NULL},
};

static const char *const levels[] = {"low", "middle", "high", NULL};

static const struct config_key decider_keys[] = {
	{"batch_max", CONFIG_INT, offsetof(struct decider, batch_max), "50", 1, 100, true, "turns in one commit"},
	{"strict", CONFIG_BOOL, offsetof(struct decider, strict), "no", 0, 0, false, "refuse more"},
	{"name", CONFIG_STRING, offsetof(struct decider, name), "", 0, 0, true, "a name"},
	{"key", CONFIG_SECRET, offsetof(struct decider, key), "", 0, 8, true, "a secret"},
	{"level", CONFIG_STRING, offsetof(struct decider, level), "low", 1, 8, true, "how much", levels},
	{NULL},
};

static const char *const sections[] = {"common", "decider", "cleaner", NULL};

struct loaded {
	struct common common;
	struct decider decider;
	struct config_part parts[2];
	struct buf error;
};

static char path[] = "/tmp/config_test.XXXXXX", other[] = "/tmp/config_test.XXXXXX";

static void write_file(const char *to, const char *text)
{
	FILE *f = fopen(to, "w");

	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static bool load(struct loaded *l, const char *file, char *const *environment, char *const *options)
{
	struct config_source from = {file ? path : NULL, environment, options};

	*l = (struct loaded){.parts = {{"common", common_keys}, {"decider", decider_keys}}};
	l->parts[0].values = &l->common;
	l->parts[1].values = &l->decider;
	buf_init(&l->error, 1000);
	if (file)
		write_file(path, file);
	return config_load(l->parts, 2, sections, &from, &l->error);
}

static void unload(struct loaded *l)
{
	config_release(&l->parts[0]);
	config_release(&l->parts[1]);
	buf_finish(&l->error);
}

START_TEST(later_sources_win)
{
	static const struct {
		const char *file;
		const char *environment[2], *options[3];
		int64_t want;
	} rows[] = {
		{"", {NULL}, {NULL}, 50},
		{"# c\n[decider]\n batch_max =  7 \n", {NULL}, {NULL}, 7},
		{"[decider]\nbatch_max=7\n", {"CLEANERCTX_BATCH_MAX=8"}, {NULL}, 8},
		{"[decider]\nbatch_max=7\n", {"CLEANERCTX_BATCH_MAX=8"}, {"batch_max", "9"}, 9},
		{"[cleaner]\nnot_mine = 1\n[decider]\nbatch_max=7", {"CLEANERCTX_NOT_MINE=8"}, {NULL}, 7},
	};
	struct loaded l;

	ck_assert_msg(load(&l, rows[_i].file, (char *const *)rows[_i].environment, (char *const *)rows[_i].options),
		"row %d: %s", _i, l.error.p);
	ck_assert_int_eq(l.decider.batch_max, rows[_i].want);
	ck_assert_str_eq(l.common.redis, "here");
	unload(&l);
}
END_TEST

static const struct {
	const char *file, *environment, *option, *value, *want; /* want: the error, after the file's name if it has a line */
} refused[] = {
	{"[decider]\nx = 1\n", NULL, NULL, NULL, ":2: unknown key \"x\" in [decider]; known: batch_max, strict, name, key, level"},
	{"[decider]\nbatch_max = abc\n", NULL, NULL, NULL, ":2: batch_max must be 1 to 100, got \"abc\""},
	{"[decider]\nbatch_max =\n", NULL, NULL, NULL, ":2: batch_max must be 1 to 100, got \"\""},
	{"[decider]\nbatch_max = 7x\n", NULL, NULL, NULL, ":2: batch_max must be 1 to 100, got \"7x\""},
	{"[decider]\nbatch_max = 99999999999999999999\n", NULL, NULL, NULL,
		":2: batch_max must be 1 to 100, got \"99999999999999999999\""},
	{"\n\n[decider]\nstrict = maybe\n", NULL, NULL, NULL,
		":4: strict must be true, yes, on, 1, false, no, off or 0, got \"maybe\""},
	{"[decider]\nkey = 123456789\n", NULL, NULL, NULL, ":2: key must be 0 to 8 bytes, got 9 bytes"},
	{"[decider]\nlevel = lo\n", NULL, NULL, NULL, ":2: level must be low, middle or high, got \"lo\""},
	{"[decider]\nname = a\tb\x01\n", NULL, NULL, NULL, ":2: the value holds a control character"},
	{"[decidr]\n", NULL, NULL, NULL, ":1: unknown section \"[decidr]\"; known: [common], [decider], [cleaner]"},
	{"[decider\n", NULL, NULL, NULL, ":1: unknown section \"[decider\"; known: [common], [decider], [cleaner]"},
	{"batch_max = 1\n", NULL, NULL, NULL, ":1: a key must come after a [section]"},
	{"[decider]\nnonsense\n", NULL, NULL, NULL, ":2: a line must be KEY = VALUE, [section] or a # comment"},
	{"[decider]\nname_file = /nonexistent/x\n", NULL, NULL, NULL,
		":2: name_file: cannot read \"/nonexistent/x\": No such file or directory"},
	{"", "CLEANERCTX_BATCH_MAX=0", NULL, NULL, "CLEANERCTX_BATCH_MAX: batch_max must be 1 to 100, got \"0\""},
	{"", NULL, "batch_max", "101", "--batch_max: batch_max must be 1 to 100, got \"101\""},
	{"", NULL, "bach_max", "1",
		"--bach_max: unknown key \"bach_max\"; known: redis, batch_max, strict, name, key, level"},
};

START_TEST(errors_say_where_and_what_is_allowed)
{
	char *environment[] = {(char *)refused[_i].environment, NULL};
	char *options[] = {(char *)refused[_i].option, (char *)refused[_i].value, NULL};
	struct loaded l;
	const char *said;

	ck_assert(!load(&l, refused[_i].file, environment, options));
	said = l.error.p;
	if (refused[_i].want[0] == ':') {
		ck_assert(strncmp(said, path, strlen(path)) == 0);
		said += strlen(path);
	}
	ck_assert_msg(strcmp(said, refused[_i].want) == 0, "row %d: %s", _i, said);
	unload(&l);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct config_source from = {.file = "/nonexistent/cleanerctx.conf"};
	struct loaded l;

	ck_assert(load(&l, NULL, NULL, NULL));
	ck_assert(!config_load(l.parts, 2, sections, &from, &l.error));
	ck_assert_str_eq(l.error.p, "/nonexistent/cleanerctx.conf: cannot read: No such file or directory");
	unload(&l);
}
END_TEST

START_TEST(a_value_from_its_own_file_in_all_three_sources)
{
	char line[100], variable[100], *environment[] = {NULL, NULL};
	const char *options[] = {NULL, NULL, NULL};
	struct loaded l;

	write_file(other, "s3cret\nmore\n");
	snprintf(line, sizeof line, "[decider]\nkey_file = %s\n", _i == 0 ? other : "");
	snprintf(variable, sizeof variable, "CLEANERCTX_KEY_FILE=%s", other);
	if (_i == 1)
		environment[0] = variable;
	if (_i == 2) {
		options[0] = "key_file";
		options[1] = other;
	}
	ck_assert_msg(load(&l, _i == 0 ? line : "", environment, (char *const *)options), "%s", l.error.p);
	ck_assert_str_eq(l.decider.key, "s3cret");
	unload(&l);
}
END_TEST

START_TEST(print_reads_back_and_hides_secrets)
{
	struct loaded l, again;
	struct buf out;

	ck_assert(load(&l, "[common]\nredis = there\n[decider]\nbatch_max=3\nstrict=on\nkey=hush\nname=a = #b\n", NULL, NULL));
	buf_init(&out, 1000);
	config_print(l.parts, 2, &out);
	ck_assert_str_eq(out.p, "[common]\nredis = there\n\n[decider]\nbatch_max = 3\nstrict = true\nname = a = #b\n"
				"# key = (set)\nlevel = low\n");
	ck_assert(load(&again, out.p, NULL, NULL));
	ck_assert_int_eq(again.decider.batch_max, 3);
	ck_assert_str_eq(again.decider.name, "a = #b");
	ck_assert_str_eq(again.decider.key, "");
	buf_finish(&out);
	unload(&l);
	unload(&again);
}
END_TEST

START_TEST(reload_takes_what_may_change_and_names_the_rest)
{
	struct loaded l, fresh;
	struct buf said;

	ck_assert(load(&l, "[decider]\nbatch_max=3\nname=old\n", NULL, NULL));
	ck_assert(load(&fresh, "[common]\nredis=x\n[decider]\nbatch_max=4\nname=new\nstrict=1\n", NULL, NULL));
	buf_init(&said, 1000);
	config_take_reloadable(l.parts, fresh.parts, 2, &said);
	ck_assert_str_eq(said.p, "redis strict");
	ck_assert_int_eq(l.decider.batch_max, 4);
	ck_assert_str_eq(l.decider.name, "new");
	ck_assert_str_eq(l.common.redis, "here");
	ck_assert(!l.decider.strict);
	buf_finish(&said);
	unload(&l);
	unload(&fresh);
}
END_TEST

START_TEST(help_names_every_key_its_default_and_bounds)
{
	struct loaded l;
	struct buf out;

	ck_assert(load(&l, NULL, NULL, NULL));
	buf_init(&out, 1000);
	config_help(l.parts, 2, &out);
	ck_assert(strstr(out.p, "--batch_max              turns in one commit; default 50; 1 to 100\n") != NULL);
	ck_assert(strstr(out.p, "--name                   a name\n") != NULL);
	buf_finish(&out);
	unload(&l);
}
END_TEST

static void make_files(void)
{
	int a = mkstemp(path), b = mkstemp(other);

	ck_assert(a >= 0 && b >= 0);
	close(a);
	close(b);
}

static void remove_files(void)
{
	unlink(path);
	unlink(other);
}

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_add_unchecked_fixture(tc, make_files, remove_files);
	tcase_add_loop_test(tc, later_sources_win, 0, 5);
	tcase_add_loop_test(tc, errors_say_where_and_what_is_allowed, 0, (int)countof(refused));
	tcase_add_test(tc, a_file_that_is_not_there);
	tcase_add_loop_test(tc, a_value_from_its_own_file_in_all_three_sources, 0, 3);
	tcase_add_test(tc, print_reads_back_and_hides_secrets);
	tcase_add_test(tc, reload_takes_what_may_change_and_names_the_rest);
	tcase_add_test(tc, help_names_every_key_its_default_and_bounds);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_FORK_GETENV);
}
