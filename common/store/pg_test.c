/* SPDX-License-Identifier: ISC
 *
 * pg_test.c - the pool against a real PostgreSQL: what is committed when, what each failure is called, and
 * coming back.
 */
#include "common/store/pg.h"
#include "common/base/check_run.h"
#include "common/base/clock.h"
#include "common/store/fixture.h"
#include "common/store/pg_class.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const struct pg_stmt insert = {"insert", "INSERT INTO t (id, v) VALUES ($1, $2)", 2};
static const struct pg_stmt count = {"count", "SELECT count(*) FROM t", 0};
static const struct pg_stmt nap = {"nap", "SELECT pg_sleep($1::float8)", 1};
static const struct pg_stmt own_pid = {"own_pid", "SELECT pg_backend_pid()", 0};
static const struct pg_stmt late = {"late", "SELECT v FROM made_later", 0};
static const struct pg_stmt echo = {"echo", "SELECT $1::text[], $2::text, NULL, true, $3::uuid", 3};

/* What a callback saw. */
struct seen {
	size_t calls;
	enum pg_status status;
	int64_t number; /* the first cell of the last statement */
	char sqlstate[6], constraint[64];
	bool all_null;
	size_t by_status[PG_REFUSED + 1];
};

static struct ev_loop *loop;
static struct pg *pg;
static int ups, downs;
static uint64_t connected_ns;

static void on_state(bool up, void *arg)
{
	ups += up;
	downs += !up;
}

static void on_connected(uint64_t took_ns, void *arg)
{
	connected_ns = took_ns;
}

static void see(const struct pg_answer *a, void *arg)
{
	struct seen *seen = arg;
	const PGresult *last = a->results[a->count - 1];

	seen->calls++;
	seen->by_status[a->status]++;
	seen->status = a->status;
	seen->all_null = true;
	for (size_t i = 0; i < a->count; i++)
		seen->all_null = seen->all_null && !a->results[i];
	seen->number = last && PQntuples(last) ? pg_cell_i64(last, 0, 0) : -1;
	snprintf(seen->sqlstate, sizeof seen->sqlstate, "%s", a->sqlstate);
	snprintf(seen->constraint, sizeof seen->constraint, "%s", a->constraint);
}

static bool is_up(void *arg)
{
	return pg_is_up(pg);
}

static bool is_down(void *arg)
{
	return !pg_is_up(pg);
}

static bool answered(void *arg)
{
	return ((struct seen *)arg)->calls > 0;
}

static bool idle(void *arg)
{
	return pg_in_flight(pg) == 0;
}

/* By a connection of its own, at once. */
static int64_t directly(const char *sql)
{
	PGconn *c = PQconnectdb(fixture_conninfo);
	PGresult *r = PQexec(c, sql);
	int64_t v = PQntuples(r) ? atoll(PQgetvalue(r, 0, 0)) : 0;

	ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK, "%s: %s",
		sql, PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
	return v;
}

static bool repeats;

static void open_pool(size_t connections, uint64_t timeout_ms)
{
	struct pg_options options = {.conninfo = fixture_conninfo,
		.connections = connections,
		.timeout_ms = timeout_ms,
		.repeats = repeats,
		.state = on_state,
		.connected = on_connected};

	loop = ev_loop_new(0);
	pg = pg_open(loop, &options);
}

static void open_table(size_t connections, uint64_t timeout_ms)
{
	directly("SET client_min_messages = warning; DROP TABLE IF EXISTS t, made_later; CREATE TABLE t (id "
		 "int PRIMARY KEY, "
		 "v text CONSTRAINT v_short CHECK (length(v) < 9), "
		 "CONSTRAINT v_once UNIQUE (v) DEFERRABLE INITIALLY DEFERRED)");
	open_pool(connections, timeout_ms);
	fixture_until(loop, is_up, NULL);
}

static void close_pool(void)
{
	pg_close(&pg);
	ev_loop_destroy(loop);
}

static void send_insert(const char *id, struct slice v, struct seen *seen)
{
	struct slice params[] = {slice_str(id), v};

	pg_send(pg, &(struct pg_op){&insert, params}, 1, see, seen);
}

static struct seen ask(const struct pg_stmt *stmt, const struct slice *params)
{
	struct seen seen = {0};

	pg_send(pg, &(struct pg_op){stmt, params}, 1, see, &seen);
	ck_assert_uint_eq(seen.calls, 0); /* never inside the call */
	fixture_until(loop, answered, &seen);
	return seen;
}

static void see_committed(const struct pg_answer *a, void *arg)
{
	ck_assert_int_eq(a->status, PG_OK);
	ck_assert_int_eq(directly("SELECT count(*) FROM t"), 2);
	((struct seen *)arg)->calls++;
}

START_TEST(ok_means_that_others_see_it)
{
	struct slice one[] = {SLICE("1"), SLICE("a")}, two[] = {SLICE("2"), slice_of(NULL, 0)};
	struct pg_op ops[] = {{&insert, one}, {&insert, two}};
	struct seen seen = {0};

	open_table(1, 5000);
	ck_assert_int_eq(ups, 1);
	ck_assert_uint_gt(connected_ns, 0);
	pg_send(pg, ops, 2, see_committed, &seen);
	fixture_until(loop, answered, &seen);
	ck_assert_int_eq(directly("SELECT count(*) FROM t WHERE v IS NULL"), 1);
	close_pool();
}
END_TEST

START_TEST(a_failing_statement_takes_back_its_request_and_no_other)
{
	struct slice one[] = {SLICE("1"), SLICE("a")}, two[] = {SLICE("2"), SLICE("b")},
		     long_one[] = {SLICE("3"), SLICE("123456789")};
	struct pg_op good[] = {{&insert, one}}, bad[] = {{&insert, two}, {&insert, long_one}},
		     tail[] = {{&count, NULL}};
	struct seen a = {0}, b = {0}, c = {0};

	open_table(1, 5000);
	pg_send(pg, good, 1, see, &a);
	pg_send(pg, bad, 2, see, &b);
	pg_send(pg, tail, 1, see, &c);
	fixture_until(loop, answered, &c);
	ck_assert_int_eq(a.status, PG_OK);
	ck_assert_int_eq(b.status, PG_CONFLICT);
	ck_assert_str_eq(b.sqlstate, "23514");
	ck_assert_str_eq(b.constraint, "v_short");
	ck_assert(b.all_null);
	ck_assert_int_eq(c.status, PG_OK);
	ck_assert_int_eq(c.number, 1);
	close_pool();
}
END_TEST

START_TEST(a_commit_that_fails_is_a_failure)
{
	struct slice one[] = {SLICE("1"), SLICE("same")}, two[] = {SLICE("2"), SLICE("same")};
	struct pg_op ops[] = {{&insert, one}, {&insert, two}};
	struct seen seen = {0};

	open_table(1, 5000);
	pg_send(pg, ops, 2, see, &seen);
	fixture_until(loop, answered, &seen);
	ck_assert_int_eq(
		seen.status, PG_CONFLICT); /* the deferred constraint is looked at by the Sync's commit */
	ck_assert_str_eq(seen.constraint, "v_once");
	ck_assert(seen.all_null);
	ck_assert_int_eq(ask(&count, NULL).number, 0);
	close_pool();
}
END_TEST

START_TEST(a_nul_byte_is_refused_before_it_is_sent)
{
	struct seen seen = {0};

	open_table(1, 5000);
	send_insert("1", slice_of("a\0b", 3), &seen);
	ck_assert_uint_eq(seen.calls, 0);
	fixture_until(loop, answered, &seen);
	ck_assert_int_eq(seen.status, PG_REFUSED);
	ck_assert_str_eq(seen.sqlstate, "22021");
	close_pool();
}
END_TEST

START_TEST(requests_wait_for_the_first_connection)
{
	open_table(1, 5000);
	close_pool();
	open_pool(2, 5000);
	ck_assert(!pg_is_up(pg));
	ck_assert_int_eq(ask(&count, NULL).status, PG_OK);
	close_pool();
}
END_TEST

START_TEST(without_a_server_requests_fail_when_it_is_known)
{
	fixture_servers("stop", "postgres");
	open_pool(2, 60000);
	ck_assert_int_eq(ask(&count, NULL).status, PG_DOWN); /* after the first attempts */
	ck_assert_int_eq(ask(&count, NULL).status, PG_DOWN); /* on the next turn */
	close_pool();
	fixture_servers("start", "postgres");
}
END_TEST

static void see_cells(const struct pg_answer *a, void *arg)
{
	struct uuid id;

	ck_assert_int_eq(a->status, PG_OK);
	ck_assert(slice_eq(pg_cell(a->results[0], 0, 0), SLICE("{\"a \\\"b\\\\\",NULL,\"\",7}")));
	ck_assert(slice_eq(pg_cell(a->results[0], 0, 1), SLICE("")));
	ck_assert(pg_cell(a->results[0], 0, 1).p != NULL);
	ck_assert(pg_cell(a->results[0], 0, 2).p == NULL);
	ck_assert(pg_cell_bool(a->results[0], 0, 3));
	ck_assert(pg_cell_uuid(a->results[0], 0, 4, &id));
	ck_assert(!pg_cell_uuid(a->results[0], 0, 1, &id));
	((struct seen *)arg)->calls++;
}

START_TEST(arrays_and_cells_keep_every_byte)
{
	struct slice params[] = {{0}, SLICE(""), SLICE("01900000-0000-7000-8000-000000000000")};
	struct seen seen = {0};
	struct buf array;

	open_table(1, 5000);
	buf_init(&array, 200);
	pg_array_begin(&array);
	pg_array_add(&array, SLICE("a \"b\\"));
	pg_array_add(&array, slice_of(NULL, 0));
	pg_array_add(&array, SLICE(""));
	pg_array_add_i64(&array, 7);
	pg_array_end(&array);
	params[0] = buf_view(&array);
	pg_send(pg, &(struct pg_op){&echo, params}, 1, see_cells, &seen);
	buf_finish(&array); /* values are copied */
	fixture_until(loop, answered, &seen);
	close_pool();
}
END_TEST

START_TEST(a_statement_that_cannot_be_prepared_says_why_and_may_be_later)
{
	struct seen seen;

	open_table(1, 5000);
	seen = ask(&late, NULL);
	ck_assert_int_eq(seen.status, PG_REFUSED);
	ck_assert_str_eq(seen.sqlstate, "42P01");
	directly("CREATE TABLE made_later AS SELECT 7 AS v");
	seen = ask(&late, NULL);
	ck_assert_int_eq(seen.status, PG_OK);
	ck_assert_int_eq(seen.number, 7);
	close_pool();
}
END_TEST

START_TEST(many_requests_wait_and_too_many_are_refused)
{
	struct seen seen = {0};

	open_table(2, 20000);
	ask(&own_pid, NULL);
	for (int i = 0; i < 5000; i++) /* both connections may be up, or one only */
		pg_send(pg, &(struct pg_op){&count, NULL}, 1, see, &seen);
	fixture_until(loop, idle, NULL);
	ev_run(loop, EVRUN_NOWAIT);
	ck_assert_uint_eq(seen.calls, 5000);
	ck_assert_uint_ge(seen.by_status[PG_OK], PG_QUEUE + PG_PIPELINE);
	ck_assert_uint_le(seen.by_status[PG_OK], PG_QUEUE + 2 * PG_PIPELINE);
	ck_assert_uint_eq(seen.by_status[PG_OK] + seen.by_status[PG_DOWN], 5000);
	close_pool();
}
END_TEST

START_TEST(a_statement_over_its_time_is_taken_back_by_the_server)
{
	struct slice seconds[] = {SLICE("30")};
	struct seen seen;

	open_table(1, 1000);
	seen = ask(&nap, seconds);
	ck_assert_int_eq(seen.status, PG_RETRY);
	ck_assert_str_eq(seen.sqlstate, "57014");
	ck_assert(pg_is_up(pg)); /* the connection lives */
	close_pool();
}
END_TEST

/* A backend that says nothing: the first request is overdue, what was sent behind it is lost. */
START_TEST(a_silent_server_is_given_up)
{
	struct seen first = {0}, second = {0};
	pid_t backend;

	open_table(1, 500);
	backend = (pid_t)ask(&own_pid, NULL).number;
	ck_assert_int_eq(kill(backend, SIGSTOP), 0);
	pg_send(pg, &(struct pg_op){&count, NULL}, 1, see, &first);
	fixture_until(loop, answered, &first);
	kill(backend, SIGCONT);
	ck_assert_int_eq(first.status, PG_TIMEOUT);
	ck_assert_int_eq(downs, 1);
	fixture_until(loop, is_up, NULL);
	second = ask(&count, NULL);
	ck_assert_int_eq(second.status, PG_OK);
	close_pool();
}
END_TEST

START_TEST(a_killed_backend_is_a_lost_answer_and_a_new_connection)
{
	struct slice seconds[] = {SLICE("30")};
	struct seen slow = {0}, behind = {0};
	char sql[80];

	open_table(1, 60000);
	snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)", (int)ask(&own_pid, NULL).number);
	pg_send(pg, &(struct pg_op){&nap, seconds}, 1, see, &slow);
	pg_send(pg, &(struct pg_op){&count, NULL}, 1, see, &behind);
	directly(sql);
	fixture_until(loop, answered, &behind);
	ck_assert_int_eq(slow.status, PG_LOST);
	ck_assert_int_eq(behind.status, PG_LOST);
	fixture_until(loop, is_up, NULL);
	ck_assert_int_eq(ask(&count, NULL).status, PG_OK);
	close_pool();
}
END_TEST

START_TEST(a_killed_server_is_found_again)
{
	struct slice seconds[] = {SLICE("30")};
	struct seen seen = {0};
	uint64_t back;

	open_table(3, 60000);
	pg_send(pg, &(struct pg_op){&nap, seconds}, 1, see, &seen);
	fixture_servers("kill", "postgres");
	fixture_until(loop, answered, &seen);
	ck_assert_int_eq(seen.status, PG_LOST);
	fixture_until(loop, is_down, NULL);
	ck_assert_int_eq(ask(&count, NULL).status, PG_DOWN);
	fixture_servers("start", "postgres");
	back = clock_mono_ns();
	fixture_until(loop, is_up, NULL);
	printf("up again %.0f ms after the server\n", (double)(clock_mono_ns() - back) / 1e6);
	ck_assert_int_eq(ask(&count, NULL).status, PG_OK);
	ck_assert_int_eq(ups, 2);
	ck_assert_int_eq(downs, 1);
	close_pool();
}
END_TEST

START_TEST(only_what_repeats_is_answered_before_it_is_on_disk)
{
	static const struct pg_stmt waits = {"waits",
		"SELECT (current_setting('synchronous_commit') <> 'off')::integer", 0};

	repeats = _i == 1;
	open_pool(1, 5000);
	repeats = false;
	fixture_until(loop, is_up, NULL);
	ck_assert_int_eq(ask(&waits, NULL).number, _i == 0);
	close_pool();
}
END_TEST

/* As one that has no time: each session takes longer to begin than the first attempt waits. */
START_TEST(a_server_that_is_slow_to_begin_is_waited_for)
{
	directly("ALTER SYSTEM SET pre_auth_delay = 2");
	directly("SELECT pg_reload_conf()");
	open_pool(3, 5000);
	fixture_until(loop, is_up, NULL);
	ck_assert_int_eq(ask(&count, NULL).status, PG_OK);
	close_pool();
	directly("ALTER SYSTEM RESET pre_auth_delay");
	directly("SELECT pg_reload_conf()");
}
END_TEST

/* As a server is that was the primary until a moment ago. */
START_TEST(a_read_only_server_is_left_for_another)
{
	struct slice params[] = {SLICE("1"), SLICE("a")};
	struct seen seen;

	open_table(1, 5000);
	directly("ALTER ROLE cleanerctx SET default_transaction_read_only = on");
	close_pool();
	ups = downs = 0;
	open_pool(1, 5000);
	fixture_until(loop, is_up, NULL);
	seen = ask(&insert, params);
	ck_assert_int_eq(seen.status, PG_RETRY);
	ck_assert_str_eq(seen.sqlstate, "25006");
	fixture_until(loop, is_down, NULL);
	directly("BEGIN READ WRITE; ALTER ROLE cleanerctx RESET default_transaction_read_only; COMMIT");
	fixture_until(loop, is_up, NULL);
	while (ask(&insert, params).status != PG_OK) /* it may have come back before the role was changed */
		;
	close_pool();
}
END_TEST

START_TEST(closing_answers_everybody)
{
	struct slice seconds[] = {SLICE("30")};
	struct seen sent = {0}, refused = {0};

	open_table(1, 5000);
	pg_send(pg, &(struct pg_op){&nap, seconds}, 1, see, &sent);
	send_insert("1", slice_of("\0", 1), &refused);
	close_pool();
	ck_assert_int_eq(sent.status, PG_LOST);
	ck_assert_int_eq(refused.status, PG_REFUSED);
}
END_TEST

static const struct {
	const char *sqlstate;
	enum pg_status status;
	bool ends;
} classes[] = {
	{"40001", PG_RETRY, false},
	{"40P01", PG_RETRY, false},
	{"40003", PG_LOST, true},
	{"25006", PG_RETRY, true},
	{"57P01", PG_RETRY, true},
	{"57014", PG_RETRY, false},
	{"53100", PG_RETRY, false},
	{"53300", PG_RETRY, false},
	{"55P03", PG_RETRY, false},
	{"23505", PG_CONFLICT, false},
	{"23503", PG_CONFLICT, false},
	{"08006", PG_LOST, true},
	{"42601", PG_REFUSED, false},
	{"22P02", PG_REFUSED, false},
	{"55000", PG_REFUSED, false},
	{"", PG_REFUSED, false},
};

START_TEST(sqlstates)
{
	ck_assert_int_eq(pg_class(classes[_i].sqlstate), classes[_i].status);
	ck_assert_int_eq(pg_class_ends_connection(classes[_i].sqlstate), classes[_i].ends);
}
END_TEST

static void start(void)
{
	fixture_start("postgres");
}

int main(void)
{
	Suite *suite = suite_create("pg");
	TCase *tc = tcase_create("pool"), *pure = tcase_create("classes");

	tcase_add_unchecked_fixture(tc, start, fixture_stop);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, ok_means_that_others_see_it);
	tcase_add_test(tc, a_failing_statement_takes_back_its_request_and_no_other);
	tcase_add_test(tc, a_commit_that_fails_is_a_failure);
	tcase_add_test(tc, a_nul_byte_is_refused_before_it_is_sent);
	tcase_add_test(tc, requests_wait_for_the_first_connection);
	tcase_add_test(tc, without_a_server_requests_fail_when_it_is_known);
	tcase_add_test(tc, arrays_and_cells_keep_every_byte);
	tcase_add_test(tc, a_statement_that_cannot_be_prepared_says_why_and_may_be_later);
	tcase_add_test(tc, many_requests_wait_and_too_many_are_refused);
	tcase_add_test(tc, a_statement_over_its_time_is_taken_back_by_the_server);
	tcase_add_test(tc, a_silent_server_is_given_up);
	tcase_add_test(tc, a_killed_backend_is_a_lost_answer_and_a_new_connection);
	tcase_add_test(tc, a_killed_server_is_found_again);
	tcase_add_loop_test(tc, only_what_repeats_is_answered_before_it_is_on_disk, 0, 2);
	tcase_add_test(tc, a_server_that_is_slow_to_begin_is_waited_for);
	tcase_add_test(tc, a_read_only_server_is_left_for_another);
	tcase_add_test(tc, closing_answers_everybody);
	tcase_add_loop_test(pure, sqlstates, 0, (int)countof(classes));
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, pure);
	return check_run(suite, CK_FORK_GETENV);
}
