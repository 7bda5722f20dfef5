/* SPDX-License-Identifier: ISC
 *
 * engine_bench.c - how fast the engine is: `engine_bench [DATA_DIR]` prints "name figure" lines for
 * tests/bench/cleaning.
 *
 * A turn of 45 words with a window of ten and a glossary of 300 terms, many times over, each time other words; what
 * deciding alone costs, for a turn that is new, for one that was said before, for "yes"; the worst of the 16 KiB inputs
 * that try each stage; opening the engine with its tables.
 */
#include "common/base/attr.h"
#include "common/base/clock.h"
#include "common/base/hist.h"
#include "conf_lines.h"
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TERMS = 300, TURNS = 4000, WORDS = 45, WORD_BYTES = 16, ACKNOWLEDGEMENTS = 10000 };

static const char *const turns[] = {
	"um so we we have about seventy five employees you know and our book marketing is working well but "
	"the paper click "
	"campaigns are uh not what they used to be we get fifty leads a month from checker trade and maybe "
	"ten of them close",
	"i'm the vector of marketing at a roofing company in leeds and we started in nineteen ninety four "
	"with three people and "
	"two vans now we do two point five million pounds a year and i think we could do a lot more with "
	"better leads you know",
	"on tuesday no wait on friday at half past three i could speak to my partner john smith about it and "
	"uh he would want to "
	"know what it costs per month and whether we can stop at any time because the last agency kept us "
	"for a whole year",
};

static const char *const syllables[] = {"bar", "ton", "ver", "mex", "lo", "ri", "can", "del", "fos", "gra",
	"hol", "in", "jor", "kel", "mar", "nor", "pol", "quin", "ros", "sta", "tre", "vul", "wes", "zan"};

static struct glossary_term terms[TERMS];
static char names[TERMS][32];

static void make_terms(void)
{
	unsigned state = 7;

	for (size_t i = 0; i < TERMS; i++) {
		size_t n = 0;

		for (int k = 0; k < 3; k++) {
			state = state * 1664525U + 1013904223U;
			n += (size_t)sprintf(
				names[i] + n, "%s", syllables[(state >> 16) % countof(syllables)]);
		}
		names[i][0] = (char)(names[i][0] - 32);
		terms[i].term = slice_of(names[i], n);
	}
}

static uint32_t random_next(void)
{
	static uint32_t state = 45;

	state = state * UINT32_C(1664525) + UINT32_C(1013904223);
	return state >> 8;
}

/* A word of the turns above. */
static struct slice any_word(void)
{
	struct slice rest = slice_str(turns[random_next() % countof(turns)]), word = rest;

	for (uint32_t n = random_next() % WORDS + 1; n > 0 && slice_cut(&rest, ' ', &word); n--)
		;
	return word;
}

/* A turn that nobody has said: runs of its words were hardly met before. */
static struct slice new_turn(char text[WORDS * WORD_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < WORDS; i++) {
		struct slice word = any_word();

		n += (size_t)snprintf(text + n, WORD_BYTES, "%s%.*s", i ? " " : "", (int)word.n, word.p);
	}
	return slice_of(text, n);
}

/* The thread's own time: what others do on this machine is not the engine's. */
static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t run(struct engine_workspace *ws, struct slice raw, bool window)
{
	struct window_turn before[ENGINE_WINDOW_TURNS];
	struct clean_input in = {.raw = raw,
		.glossary = terms,
		.glossary_count = TERMS,
		.options = {.forced = true, .level = CLEAN_FULL, .formats = FORMAT_ALL}};
	uint64_t start;

	for (size_t i = 0; i < ENGINE_WINDOW_TURNS; i++)
		before[i] = (struct window_turn){
			.seq = (uint32_t)i, .text = slice_str(turns[i % countof(turns)])};
	in.window = before;
	in.window_count = window ? ENGINE_WINDOW_TURNS : 0;
	start = cpu_ns();
	(void)engine_clean(ws, &in, NULL, NULL);
	return cpu_ns() - start;
}

static void time_turns(struct engine_workspace *ws)
{
	char text[WORDS * WORD_BYTES];
	static struct hist h;

	hist_init(&h);
	for (size_t i = 0; i < TURNS; i++) {
		uint64_t ns = run(ws, new_turn(text), true);

		if (i >= countof(turns))
			hist_add(&h, ns);
	}
	printf("turn_p50_ms %.4f\nturn_p99_ms %.4f\n", (double)hist_percentile(&h, 0.5) / 1e6,
		(double)hist_percentile(&h, 0.99) / 1e6);
}

static uint64_t decide(struct engine_workspace *ws, struct slice raw, size_t times)
{
	struct clean_input in = {
		.raw = raw, .glossary = terms, .glossary_count = TERMS, .options = {.formats = FORMAT_ALL}};
	uint64_t start = cpu_ns();

	for (size_t i = 0; i < times; i++)
		(void)engine_decide(ws, &in);
	return cpu_ns() - start;
}

static void time_decisions(struct engine_workspace *ws)
{
	char text[WORDS * WORD_BYTES];
	uint64_t first = 0, again = 0;

	for (size_t i = 0; i < TURNS; i++) {
		struct slice turn = new_turn(text);

		first += decide(ws, turn, 1);
		again += decide(ws, turn, 1);
	}
	printf("decide_first_us %.2f\ndecide_again_us %.2f\ndecide_yes_us %.3f\n", (double)first / TURNS / 1e3,
		(double)again / TURNS / 1e3, (double)decide(ws, SLICE("yes"), ACKNOWLEDGEMENTS) / ACKNOWLEDGEMENTS / 1e3);
}

/* What each stage would like least: one letter, one word, repeats, numbers, words near the glossary,
 * patterns, marks. */
static const char *const fillings[] = {"a", "a ", "the the ", "no wait sorry ", "twenty two hundred ",
	"one two ", "bartonver ", "marloricans ", "checker trade ", "paper click ", "x dot ", "a dot b at ",
	"[noise ", "uh, ", "q one half past ", "... ", "I I'm ", "seven million ", "minus point ",
	"\xE4\xBD\xA0", "e\xCC\x81", "qwzxv ", "book marketing ", "january first "};

static void time_worst(struct engine_workspace *ws)
{
	static char text[ENGINE_TEXT_BYTES];
	uint64_t worst = 0;
	size_t which = 0;

	for (size_t i = 0; i < countof(fillings); i++) {
		size_t n = strlen(fillings[i]), size = sizeof text / n * n;
		uint64_t ns;

		for (size_t k = 0; k < size; k += n)
			memcpy(text + k, fillings[i], n);
		(void)run(ws, slice_of(text, size), true);
		ns = run(ws, slice_of(text, size), true);
		fprintf(stderr, "%8.3f ms  16 KiB of \"%s\"\n", (double)ns / 1e6, fillings[i]);
		if (ns > worst) {
			worst = ns;
			which = i;
		}
	}
	printf("worst_ms %.3f\nworst_case %zu\n", (double)worst / 1e6, which);
}

int main(int argc, char **argv)
{
	uint64_t start = clock_mono_ns();
	struct engine *engine = engine_open(argc > 1 && argv[1][0] ? argv[1] : NULL, NULL);
	struct engine_workspace *ws = engine_workspace_create(engine);

	printf("open_ms %.3f\n", (double)(clock_mono_ns() - start) / 1e6);
	make_terms();
	time_turns(ws);
	time_decisions(ws);
	time_worst(ws);
	engine_workspace_destroy(&ws);
	engine_close(&engine);
	return EXIT_SUCCESS;
}
