/* SPDX-License-Identifier: ISC
 *
 * train_main.c - cleanerctx-train: builds the table of marks and capitals from any text. See
 * cleanerctx-train.1.
 *
 * Reads the texts (one document a line, with the punctuation and case to learn), counts, trains three sparse
 * models (marks, capitals, questions), keeps the weights that fit the size asked for. The same texts, options
 * and seed give the same bytes.
 */
#include "common/base/attr.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "mark_features.h"
#include "ftrl.h"
#include "table.h"
#include "train_text.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WORD_SLOTS = 1 << 20,
	FREQUENCY_MOST = 255,
	LEAST_COUNT = 2,
	BREAK_ONE_IN = 5,
	DICTIONARY_BYTES = 128 * 1024
};

struct seen_word { /* of all texts together; key owned by the reading arena */
	struct slice key;
	uint32_t count, inside,
		capital;   /* inside: not at a sentence's start; capital: of these, not in lower case */
	struct slice form; /* the spelling with capitals seen last but not overruled */
	uint32_t form_votes;
};

enum model { MODEL_MARK, MODEL_CAPITAL, MODEL_ASK, MODEL_COUNT };

struct trainer {
	struct arena arena;
	struct lexicon *lexicon;
	struct train_word **texts;
	size_t *text_words, text_count;
	struct seen_word *words; /* WORD_SLOTS */
	struct ftrl models[MODEL_COUNT];
	uint8_t *dictionary; /* DICTIONARY_BYTES of bits, or NULL */
	bool counting;	     /* first pass */
	uint32_t seed;
	unsigned epochs;
	size_t bytes;
};

static struct seen_word *word_slot(struct trainer *t, struct slice key)
{
	uint32_t at = text_hash(key) & (WORD_SLOTS - 1);

	while (t->words[at].key.p && !slice_eq(t->words[at].key, key))
		at = (at + 1) & (WORD_SLOTS - 1);
	return &t->words[at];
}

static bool has_upper(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (isupper((unsigned char)s.p[i]))
			return true;
	return false;
}

static unsigned frequency_of(uint32_t count)
{
	double f = count < 2 ? 0 : 8 * log2(count);

	return f > FREQUENCY_MOST ? FREQUENCY_MOST : (unsigned)f;
}

/* Boyer and Moore's vote: the spelling that most agree on, in one pass. */
static void vote_form(struct seen_word *seen, struct slice core)
{
	if (seen->form_votes == 0)
		seen->form = core;
	seen->form_votes += slice_eq(seen->form, core) ? 1 : -1U;
}

static void count_words(struct trainer *t, const struct train_word *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct seen_word *seen = word_slot(t, w[i].key);

		seen->key = w[i].key;
		seen->count++;
		if (i == 0 || w[i - 1].ends)
			continue;
		seen->inside++;
		if (!has_upper(w[i].core))
			continue;
		seen->capital++;
		vote_form(seen, w[i].core);
	}
}

static bool read_texts(struct trainer *t, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!in)
		return false;
	while ((n = getline(&line, &cap, in)) > 0) {
		struct slice text = slice_of(line, (size_t)n);

		if (!utf8_valid(text, NULL))
			continue;
		t->texts = xrealloc(t->texts, (t->text_count + 1) * sizeof *t->texts);
		t->text_words = xrealloc(t->text_words, (t->text_count + 1) * sizeof *t->text_words);
		t->text_words[t->text_count] = train_text_read(
			&t->arena, t->lexicon, arena_copy(&t->arena, text), &t->texts[t->text_count]);
		count_words(t, t->texts[t->text_count], t->text_words[t->text_count]);
		t->text_count++;
	}
	free(line);
	return fclose(in) == 0;
}

/* Adds a word list's lower-case words: one a line, as in /usr/share/dict. */
static bool read_dictionary(struct trainer *t, const char *path)
{
	FILE *in = fopen(path, "re");
	char line[256];

	if (!in)
		return false;
	t->dictionary = xcalloc(1, DICTIONARY_BYTES);
	while (fgets(line, sizeof line, in)) {
		struct slice word = slice_of(line, strcspn(line, "\n"));
		uint32_t bits[DICTIONARY_PROBES];

		if (has_upper(word) || memchr(word.p, '\'', word.n) || word.n == 0)
			continue;
		table_dictionary_bits(word, DICTIONARY_BYTES, bits);
		for (unsigned i = 0; i < DICTIONARY_PROBES; i++)
			t->dictionary[bits[i] >> 3] |= (uint8_t)(1U << (bits[i] & 7));
	}
	return fclose(in) == 0;
}

static bool in_dictionary(const struct trainer *t, struct slice key)
{
	uint32_t bits[DICTIONARY_PROBES];
	bool in = t->dictionary != NULL;

	table_dictionary_bits(key, DICTIONARY_BYTES, bits);
	for (unsigned i = 0; in && i < DICTIONARY_PROBES; i++)
		in = t->dictionary[bits[i] >> 3] & 1U << (bits[i] & 7);
	return in;
}

static void give(struct trainer *t, enum model model, const uint64_t *hashes, size_t n, unsigned class)
{
	if (t->counting)
		ftrl_count(&t->models[model], hashes, n);
	else
		ftrl_add(&t->models[model], hashes, n, class);
}

static void see_marks(struct trainer *t, const struct train_word *w, const struct token *tokens, size_t n)
{
	uint64_t hashes[FEATURES_MARK > FEATURES_ASK ? FEATURES_MARK : FEATURES_ASK];
	struct distance d = {0};
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n)
			give(t, MODEL_MARK, hashes, features_mark(tokens, n, i, d, hashes), w[i].mark);
		d.mark = w[i].mark != TRAIN_NONE ? 0 : d.mark + 1;
		d.sentence = w[i].ends ? 0 : d.sentence + 1;
		if (!w[i].ends)
			continue;
		give(t, MODEL_ASK, hashes, features_ask(tokens, from, i + 1, hashes), w[i].asks);
		from = i + 1;
	}
}

static void see_capitals(struct trainer *t, const struct train_word *w, const struct token *tokens, size_t n)
{
	uint64_t hashes[FEATURES_CAPITAL];

	for (size_t i = 1; i < n; i++) {
		if (w[i - 1].ends || slice_eq(w[i].key, SLICE("i")))
			continue;
		give(t, MODEL_CAPITAL, hashes,
			features_capital(tokens, n, i, has_upper(w[i - 1].core), hashes),
			has_upper(w[i].core));
	}
}

/* Texts are long, turns are short: cut at some sentence ends, so that the table knows how turns begin and
 * end. */
static void see_text(struct trainer *t, const struct train_word *w, size_t n, uint32_t *state)
{
	struct token *tokens = xmalloc((n + 1) * sizeof *tokens);
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		tokens[i] = token_of(w[i].key, w[i].classes, frequency_of(word_slot(t, w[i].key)->count),
			in_dictionary(t, w[i].key));
		*state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
		if (i + 1 < n && !(w[i].ends && (*state >> 16) % BREAK_ONE_IN == 0))
			continue;
		see_marks(t, w + from, tokens + from, i + 1 - from);
		see_capitals(t, w + from, tokens + from, i + 1 - from);
		from = i + 1;
	}
	free(tokens);
}

static void see_all(struct trainer *t, bool counting)
{
	uint32_t state = t->seed;

	t->counting = counting;
	for (size_t i = 0; i < t->text_count; i++)
		see_text(t, t->texts[i], t->text_words[i], &state);
}

struct kept {
	uint64_t hash;
	float weights[TABLE_WEIGHTS];
	float worth; /* how much the texts would miss it */
};

static int by_worth(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->worth != y->worth)
		return x->worth < y->worth ? 1 : -1;
	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static size_t keep_weights(const struct trainer *t, struct kept **kept)
{
	size_t n = 0, room = 0;

	*kept = NULL;
	for (int m = 0; m < MODEL_COUNT; m++) {
		const struct ftrl *model = &t->models[m];

		for (size_t i = 0; i < model->capacity; i++) {
			struct kept k = {.hash = model->features[i].hash};

			for (unsigned c = 0; k.hash && c < model->classes; c++) {
				k.weights[c] = (float)ftrl_weight(model, &model->features[i], c);
				k.worth += fabsf(k.weights[c]);
			}
			if (k.worth == 0)
				continue;
			k.worth *= sqrtf((float)model->features[i].count);
			if (n == room)
				*kept = xrealloc(*kept, (room = room ? room * 2 : 4096) * sizeof **kept);
			(*kept)[n++] = k;
		}
	}
	qsort(*kept, n, sizeof **kept, by_worth);
	return n;
}

struct listed_word {
	uint32_t hash;
	uint8_t frequency;
};

static int by_hash(const void *a, const void *b)
{
	const struct listed_word *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static size_t list_words(const struct trainer *t, struct listed_word **list)
{
	size_t n = 0, unique = 0;

	*list = xmalloc(WORD_SLOTS * sizeof **list);
	for (size_t i = 0; i < WORD_SLOTS; i++)
		if (t->words[i].count >= LEAST_COUNT)
			(*list)[n++] = (struct listed_word){
				text_hash(t->words[i].key), (uint8_t)frequency_of(t->words[i].count)};
	qsort(*list, n, sizeof **list, by_hash);
	for (size_t i = 0; i < n; i++)
		if (unique == 0 || (*list)[unique - 1].hash != (*list)[i].hash)
			(*list)[unique++] = (*list)[i];
	return unique;
}

/* Not lower case, and not merely a capital in front. */
static bool is_special_form(struct slice form)
{
	for (size_t i = 0; i < form.n; i++)
		if ((unsigned char)form.p[i] >= 0x80)
			return false;
	return form.n > 1 && form.n < 40 && has_upper(slice_of(form.p + 1, form.n - 1));
}

static void write_forms(const struct trainer *t, struct buf *forms)
{
	for (size_t i = 0; i < WORD_SLOTS; i++) {
		const struct seen_word *seen = &t->words[i];

		if (seen->capital < 2 || seen->form_votes == 0 || !is_special_form(seen->form))
			continue;
		buf_slice(forms, seen->form);
		buf_char(forms, '\0');
	}
}

static float largest(const struct kept *kept, size_t n)
{
	float most = 0;

	for (size_t i = 0; i < n; i++)
		for (unsigned c = 0; c < TABLE_WEIGHTS; c++)
			most = fmaxf(most, fabsf(kept[i].weights[c]));
	return most > 0 ? most : 1;
}

static void place(uint32_t *slots, const struct table_head *head, const struct kept *k)
{
	uint32_t at = table_slot_start(k->hash, head->slots);
	int weights[TABLE_WEIGHTS];

	for (unsigned c = 0; c < TABLE_WEIGHTS; c++)
		weights[c] = (int)lrintf(k->weights[c] / head->step);
	for (unsigned probe = 0; probe < TABLE_PROBES; probe++) {
		if (slots[at] == 0) {
			slots[at] = table_slot_pack(k->hash, weights);
			return;
		}
		at = at + 1 == head->slots ? 0 : at + 1;
	}
}

static bool write_table(const struct trainer *t, const char *path)
{
	struct kept *kept;
	struct listed_word *words;
	struct buf forms;
	struct table_head head = {.magic = TABLE_MAGIC, .version = TABLE_VERSION, .seed = t->seed};
	size_t n = keep_weights(t, &kept), fixed, most;
	uint32_t *slots;
	FILE *out = fopen(path, "wbe");
	bool ok = out != NULL;

	buf_init(&forms, 1024 * 1024);
	write_forms(t, &forms);
	head.words = (uint32_t)list_words(t, &words);
	head.form_bytes = (uint32_t)forms.n;
	head.dictionary = t->dictionary ? DICTIONARY_BYTES : 0;
	fixed = sizeof head + (size_t)head.words * 5 + head.dictionary + forms.n;
	most = t->bytes > fixed + 4096 ? (t->bytes - fixed) / 4 : 1024;
	head.slots = (uint32_t)(n + n / 8 + 16 < most ? n + n / 8 + 16 : most);
	if (n > (size_t)head.slots * 8 / 9)
		n = (size_t)head.slots * 8 / 9;
	head.step = largest(kept, n) / 127;
	for (unsigned c = 0; c < 2; c++)
		head.bias[c] = (float)ftrl_weight(&t->models[MODEL_MARK], &t->models[MODEL_MARK].bias, c);
	head.bias[BIAS_CAPITAL] =
		(float)ftrl_weight(&t->models[MODEL_CAPITAL], &t->models[MODEL_CAPITAL].bias, 0);
	head.bias[BIAS_ASK] = (float)ftrl_weight(&t->models[MODEL_ASK], &t->models[MODEL_ASK].bias, 0);
	slots = xcalloc(head.slots, sizeof *slots);
	for (size_t i = 0; i < n; i++)
		place(slots, &head, &kept[i]);
	printf("%u words, %zu weights, %u bytes of spellings, step %.4f\n", head.words, n, head.form_bytes,
		(double)head.step);
	ok = ok && fwrite(&head, sizeof head, 1, out) == 1 && fwrite(slots, 4, head.slots, out) == head.slots;
	for (uint32_t i = 0; ok && i < head.words; i++)
		ok = fwrite(&words[i].hash, 4, 1, out) == 1;
	for (uint32_t i = 0; ok && i < head.words; i++)
		ok = fputc(words[i].frequency, out) != EOF;
	ok = ok && (!t->dictionary || fwrite(t->dictionary, DICTIONARY_BYTES, 1, out) == 1);
	ok = ok && (forms.n == 0 || fwrite(forms.p, 1, forms.n, out) == forms.n);
	if (out && fclose(out) != 0)
		ok = false;
	buf_finish(&forms);
	free(slots);
	free(words);
	free(kept);
	return ok;
}

static void train(struct trainer *t)
{
	static const char *const names[MODEL_COUNT] = {"marks", "capitals", "questions"};

	see_all(t, true);
	for (int m = 0; m < MODEL_COUNT; m++)
		ftrl_keep(&t->models[m], LEAST_COUNT);
	see_all(t, false);
	for (int m = 0; m < MODEL_COUNT; m++)
		for (unsigned e = 0; e < t->epochs; e++) {
			printf("%s: pass %u of %u over %zu examples, %zu features: loss %.4f\n", names[m],
				e + 1, t->epochs, t->models[m].example_count, t->models[m].used,
				ftrl_epoch(&t->models[m], t->seed + e));
			fflush(stdout);
		}
}

static const char usage[] =
	"usage: cleanerctx-train [--out FILE] [--bytes N] [--epochs N] [--seed N] [--words FILE] TEXT ..\n"
	"  TEXT      one document a line, with the punctuation and case to learn\n"
	"  --out     the table (default marks.table)\n"
	"  --bytes   its largest size (default 2500000)\n"
	"  --epochs  passes over the texts (default 6)\n"
	"  --seed    sets the order of learning and where turns are cut (default 1)\n"
	"  --words   a dictionary, one word a line, whose lower-case words are known though no text has "
	"them\n"
	"  --l1      how hard small weights are pressed to nothing (default 1)\n";

static int train_files(struct trainer *t, char **paths, const char *out)
{
	for (; *paths; paths++)
		if (!read_texts(t, *paths)) {
			fprintf(stderr, "cleanerctx-train: %s: %s\n", *paths, strerror(errno));
			return EXIT_FAILURE;
		}
	train(t);
	if (!write_table(t, out)) {
		fprintf(stderr, "cleanerctx-train: %s: %s\n", out, strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"out", required_argument, NULL, 'o'},
		{"bytes", required_argument, NULL, 'b'},
		{"l1", required_argument, NULL, 'l'},
		{"epochs", required_argument, NULL, 'e'},
		{"seed", required_argument, NULL, 's'},
		{"words", required_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct trainer t = {.seed = 1, .epochs = 6, .bytes = 2500000};
	const char *out = "marks.table";
	double l1 = 1;
	int c, status;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout) < 0;
		if (c == '?')
			return fputs(usage, stderr), 64;
		out = c == 'o' ? optarg : out;
		t.bytes = c == 'b' ? strtoul(optarg, NULL, 10) : t.bytes;
		t.epochs = c == 'e' ? (unsigned)strtoul(optarg, NULL, 10) : t.epochs;
		t.seed = c == 's' ? (uint32_t)strtoul(optarg, NULL, 10) : t.seed;
		if (c == 'w' && !read_dictionary(&t, optarg))
			return fprintf(stderr, "cleanerctx-train: %s: %s\n", optarg, strerror(errno)),
			       EXIT_FAILURE;
		l1 = c == 'l' ? strtod(optarg, NULL) : l1;
	}
	if (optind == argc)
		return fputs(usage, stderr), 64;
	arena_init(&t.arena);
	t.lexicon = lexicon_create();
	t.words = xcalloc(WORD_SLOTS, sizeof *t.words);
	ftrl_init(&t.models[MODEL_MARK], 2, l1, 1);
	ftrl_init(&t.models[MODEL_CAPITAL], 1, l1, 1);
	ftrl_init(&t.models[MODEL_ASK], 1, l1, 1);
	status = train_files(&t, argv + optind, out);
	for (int m = 0; m < MODEL_COUNT; m++)
		ftrl_finish(&t.models[m]);
	arena_finish(&t.arena);
	lexicon_destroy(&t.lexicon);
	free(t.words);
	free(t.dictionary);
	free(t.texts);
	free(t.text_words);
	return status;
}
