/* SPDX-License-Identifier: ISC
 *
 * llm_fixture_test.h - what the tests of the language-model client share: the fake model server and a real
 * Redis, started once, and questions that remember what they were told. Each test is a process of its own
 * (Check's fork), so each has its own loop and connection.
 */
#ifndef CC_LLM_FIXTURE_TEST_H
#define CC_LLM_FIXTURE_TEST_H

#include "cleaner/llm/llm.h"
#include "common/store/redis.h"

#include <check.h>
#include <ev.h>

enum {
	TURN_MS = 2000,
	GIVE_UP_S = 20,
	MANY = 64, /* questions at once */
};

extern char dir[], base_url[64]; /* a folder for the test's files; the fake's http://ADDRESS:PORT */
extern pid_t fake_pid;
extern struct ev_loop *loop;
extern struct redis *redis;

/* Another fake, at a port of its own, in base_url and fake_pid; with tls from dir/cert.pem and dir/key.pem.
 */
void fake_start(bool tls);
void fake_set(const char *what); /* CASE/VALUE, as tests/fake_model lists them */
long fake_requests(void);	 /* POSTs seen so far by this server */

struct asked {
	enum llm_outcome outcome;
	char text[256];
	bool told, cached, model_down, refuse; /* refuse: the judge's part, played here */
	uint64_t took_ns, call_ns;
	size_t foreign;
	char model[64];
};

extern size_t open_questions; /* asked and not told */

/* Asks raw of llm with ms to its deadline; a is filled when it is told. */
struct llm_waiter *ask(struct llm *llm, struct asked *a, const char *raw, unsigned ms);
void run_until_told(void); /* the loop, until no question is open; fails after GIVE_UP_S */
void run_for(double seconds);

/* A client of the fake; models as the configuration has them. */
struct llm *client(const char *provider, const char *models, uint64_t cache_s, uint64_t gather_ms);

/* The end of main(): the servers, the case tc with its fixtures, the suite. */
int fixture_run(Suite *suite, TCase *tc);

#endif
