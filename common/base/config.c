/* SPDX-License-Identifier: ISC
 *
 * config.c - see config.h.
 *
 * Every source ends in set(): find the key's row, follow a _file suffix, parse by type, check the bounds, store. A value
 * with control characters is refused whatever its type, so that config_print's lines are what config_load reads. Words of
 * the environment that no table here knows are skipped: one environment serves all services, and each knows only its own
 * keys. A secret's value never gets into an error.
 */
#include "config.h"

#include "slice.h"
#include "xalloc.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ENVIRONMENT_PREFIX "CLEANERCTX_"
#define FILE_SUFFIX "_file"

enum { KEY_BYTES = 64 }; /* longer than any key; a longer word is unknown anyway */

struct where {
	const char *name; /* a file's path, a variable, an option, "default of KEY" */
	size_t line;      /* 0: the name says it all */
};

static const struct {
	const char *word;
	bool value;
} bool_words[] = {
	{"true", true}, {"yes", true}, {"on", true}, {"1", true},
	{"false", false}, {"no", false}, {"off", false}, {"0", false},
};

static void *slot(const struct config_part *part, const struct config_key *key)
{
	return (char *)part->values + key->offset;
}

static bool is_text(const struct config_key *key)
{
	return key->type == CONFIG_STRING || key->type == CONFIG_SECRET;
}

static bool bounded(const struct config_key *key)
{
	return key->min != 0 || key->max != 0;
}

static void say_where(struct buf *error, struct where at)
{
	buf_str(error, at.name);
	if (at.line)
		buf_printf(error, ":%zu", at.line);
	buf_str(error, ": ");
}

static bool complain(struct buf *error, struct where at, const char *what)
{
	say_where(error, at);
	buf_str(error, what);
	return false;
}

static void trim(struct slice *s)
{
	for (; s->n && isspace((unsigned char)s->p[0]); s->n--)
		s->p++;
	while (s->n && isspace((unsigned char)s->p[s->n - 1]))
		s->n--;
}

/* "a, b or c" */
static void list_words(struct buf *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

/* "KEY must be 1 to 100" and what was found instead; nothing of a secret. */
static bool refuse(struct buf *error, struct where at, const struct config_key *key, struct slice got)
{
	say_where(error, at);
	buf_printf(error, "%s must be ", key->name);
	if (key->type == CONFIG_BOOL)
		buf_str(error, "true, yes, on, 1, false, no, off or 0");
	else if (key->words)
		list_words(error, key->words);
	else if (bounded(key))
		buf_printf(error, "%lld to %lld%s", (long long)key->min, (long long)key->max, is_text(key) ? " bytes" : "");
	else
		buf_str(error, "a whole number");
	if (is_text(key) && !key->words)
		buf_printf(error, ", got %zu bytes", got.n);
	else
		buf_printf(error, ", got \"%.*s\"", (int)(got.n < KEY_BYTES ? got.n : KEY_BYTES), got.p);
	return false;
}

static bool clean(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7F)
			return false;
	return true;
}

static bool parse_int(struct slice value, int64_t *out)
{
	char text[24], *end; /* the longest int64_t has 20 characters */

	if (value.n == 0 || value.n >= sizeof text || isspace((unsigned char)value.p[0]))
		return false;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static bool parse_bool(struct slice value, bool *out)
{
	for (size_t i = 0; i < countof(bool_words); i++) {
		if (slice_eq_nocase(value, slice_str(bool_words[i].word))) {
			*out = bool_words[i].value;
			return true;
		}
	}
	return false;
}

static bool within(const struct config_key *key, int64_t n)
{
	return !bounded(key) || (n >= key->min && n <= key->max);
}

static bool among(const struct config_key *key, struct slice value)
{
	const char *const *word = key->words;

	while (word && *word && !slice_eq(slice_str(*word), value))
		word++;
	return !word || *word;
}

/* Parses by type, checks the bounds, stores. */
static bool store(const struct config_part *part, const struct config_key *key, struct slice value, struct where at,
	struct buf *error)
{
	void *to = slot(part, key);
	int64_t number;

	if (!clean(value))
		return complain(error, at, "the value holds a control character");
	if (key->type == CONFIG_BOOL)
		return parse_bool(value, to) || refuse(error, at, key, value);
	if (key->type == CONFIG_INT) {
		if (!parse_int(value, &number) || !within(key, number))
			return refuse(error, at, key, value);
		*(int64_t *)to = number;
		return true;
	}
	if (!within(key, (int64_t)value.n) || !among(key, value))
		return refuse(error, at, key, value);
	free(*(char **)to);
	*(char **)to = xstrndup(value.p ? value.p : "", value.n);
	return true;
}

/* The first line of the file named by path, for KEY_file. */
static bool store_from_file(const struct config_part *part, const struct config_key *key, struct slice path,
	struct where at, struct buf *error)
{
	char *name = xstrndup(path.p ? path.p : "", path.n), *line = NULL;
	size_t size = 0;
	FILE *file = fopen(name, "re");
	ssize_t n = file ? getline(&line, &size, file) : -1;
	bool ok = n >= 0;

	if (!ok) {
		say_where(error, at);
		buf_printf(error, "%s" FILE_SUFFIX ": cannot read \"%s\": %s", key->name, name,
			!file || ferror(file) ? strerror(errno) : "it is empty");
	} else {
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			n--;
		ok = store(part, key, slice_of(line, (size_t)n), at, error);
	}
	if (file)
		fclose(file);
	free(line);
	free(name);
	return ok;
}

static const struct config_key *row_of(const struct config_part *part, struct slice name)
{
	for (const struct config_key *key = part->keys; key && key->name; key++)
		if (slice_eq(slice_str(key->name), name))
			return key;
	return NULL;
}

/* The row that a word sets: the key of that name, or else the one before its _file suffix. */
static const struct config_key *find(const struct config_part *part, struct slice name, bool *from_file)
{
	const struct config_key *key = row_of(part, name);
	size_t suffix = strlen(FILE_SUFFIX);

	*from_file = false;
	if (key || name.n <= suffix || memcmp(name.p + name.n - suffix, FILE_SUFFIX, suffix) != 0)
		return key;
	*from_file = true;
	return row_of(part, slice_of(name.p, name.n - suffix));
}

static bool set(const struct config_part *part, const struct config_key *key, bool from_file, struct slice value,
	struct where at, struct buf *error)
{
	if (from_file)
		return store_from_file(part, key, value, at, error);
	return store(part, key, value, at, error);
}

static bool unknown(const struct config_part *parts, size_t count, struct slice name, const char *section,
	struct where at, struct buf *error)
{
	const char *separator = "; known: ";

	say_where(error, at);
	buf_printf(error, "unknown key \"%.*s\"", (int)(name.n < KEY_BYTES ? name.n : KEY_BYTES), name.p);
	if (section)
		buf_printf(error, " in [%s]", section);
	for (size_t i = 0; i < count; i++) {
		for (const struct config_key *key = parts[i].keys; key && key->name; key++) {
			buf_printf(error, "%s%s", separator, key->name);
			separator = ", ";
		}
	}
	return false;
}

static bool load_presets(const struct config_part *part, struct buf *error)
{
	char name[KEY_BYTES + 16];

	for (const struct config_key *key = part->keys; key && key->name; key++) {
		if (!key->preset)
			continue;
		snprintf(name, sizeof name, "default of %s", key->name);
		if (!store(part, key, slice_str(key->preset), (struct where){name, 0}, error))
			return false;
	}
	return true;
}

/* What the file's lines are read against. */
struct reading {
	const struct config_part *parts;
	size_t count;
	const char *const *known_sections;
	bool in_section;                /* a heading was seen */
	const struct config_part *part; /* the current section's, NULL: another service's */
	struct buf *error;
};

static bool known_section(const struct reading *r, struct slice name)
{
	for (const char *const *known = r->known_sections; known && *known; known++)
		if (slice_eq(slice_str(*known), name))
			return true;
	return r->part != NULL;
}

static bool read_heading(struct reading *r, struct slice line, struct where at)
{
	struct slice name = slice_of(line.p + 1, line.n - 1);
	const char *separator = "; known: ";

	r->part = NULL;
	if (line.p[line.n - 1] == ']')
		name.n--;
	trim(&name);
	for (size_t i = 0; i < r->count; i++)
		if (slice_eq(slice_str(r->parts[i].section), name))
			r->part = &r->parts[i];
	r->in_section = true;
	if (line.p[line.n - 1] == ']' && known_section(r, name))
		return true;
	say_where(r->error, at);
	buf_printf(r->error, "unknown section \"%.*s\"", (int)(line.n < KEY_BYTES ? line.n : KEY_BYTES), line.p);
	for (const char *const *known = r->known_sections; known && *known; known++) {
		buf_printf(r->error, "%s[%s]", separator, *known);
		separator = ", ";
	}
	return false;
}

static bool read_line(struct reading *r, struct slice line, struct where at)
{
	const struct config_key *key;
	const char *equals;
	struct slice name, value;
	bool from_file;

	trim(&line);
	if (line.n == 0 || line.p[0] == '#')
		return true;
	if (line.p[0] == '[')
		return read_heading(r, line, at);
	equals = memchr(line.p, '=', line.n);
	if (!equals)
		return complain(r->error, at, "a line must be KEY = VALUE, [section] or a # comment");
	if (!r->in_section)
		return complain(r->error, at, "a key must come after a [section]");
	if (!r->part)
		return true;
	name = slice_of(line.p, (size_t)(equals - line.p));
	value = slice_of(equals + 1, line.n - name.n - 1);
	trim(&name);
	trim(&value);
	key = find(r->part, name, &from_file);
	if (!key)
		return unknown(r->part, 1, name, r->part->section, at, r->error);
	return set(r->part, key, from_file, value, at, r->error);
}

static bool load_file(struct reading *r, const char *path)
{
	struct where at = {path, 0};
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t n = 0;
	bool ok = file != NULL;

	while (ok && (n = getline(&line, &size, file)) >= 0) {
		at.line++;
		ok = read_line(r, slice_of(line, (size_t)n), at);
	}
	if (!file || (ok && ferror(file))) {
		buf_printf(r->error, "%s: cannot read: %s", path, strerror(errno));
		ok = false;
	}
	if (file)
		fclose(file);
	free(line);
	return ok;
}

static const struct config_key *find_anywhere(const struct config_part *parts, size_t count, struct slice name,
	bool *from_file, const struct config_part **part)
{
	const struct config_key *key = NULL;

	for (size_t i = 0; i < count && !key; i++) {
		*part = &parts[i];
		key = find(*part, name, from_file);
	}
	return key;
}

static bool load_variable(const struct config_part *parts, size_t count, const char *entry, struct buf *error)
{
	size_t prefix = strlen(ENVIRONMENT_PREFIX);
	const char *equals = strchr(entry, '=');
	const struct config_part *part;
	const struct config_key *key;
	char variable[KEY_BYTES + 16], name[KEY_BYTES];
	bool from_file;
	size_t n;

	if (!equals || strncmp(entry, ENVIRONMENT_PREFIX, prefix) != 0)
		return true;
	n = (size_t)(equals - entry) - prefix;
	if (n >= sizeof name)
		return true;
	for (size_t i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)entry[prefix + i]);
	key = find_anywhere(parts, count, slice_of(name, n), &from_file, &part);
	if (!key)
		return true;
	snprintf(variable, sizeof variable, "%.*s", (int)(equals - entry), entry);
	return set(part, key, from_file, slice_str(equals + 1), (struct where){variable, 0}, error);
}

static bool load_option(const struct config_part *parts, size_t count, const char *name, const char *value,
	struct buf *error)
{
	const struct config_part *part;
	const struct config_key *key;
	char option[KEY_BYTES + 16];
	bool from_file;

	snprintf(option, sizeof option, "--%.*s", KEY_BYTES, name);
	key = find_anywhere(parts, count, slice_str(name), &from_file, &part);
	if (!key)
		return unknown(parts, count, slice_str(name), NULL, (struct where){option, 0}, error);
	return set(part, key, from_file, slice_str(value), (struct where){option, 0}, error);
}

bool config_load(const struct config_part *parts, size_t count, const char *const *known_sections,
	const struct config_source *from, struct buf *error)
{
	struct reading reading = {parts, count, known_sections, .error = error};

	for (size_t i = 0; i < count; i++)
		if (!load_presets(&parts[i], error))
			return false;
	if (from->file && !load_file(&reading, from->file))
		return false;
	for (char *const *entry = from->environment; entry && *entry; entry++)
		if (!load_variable(parts, count, *entry, error))
			return false;
	for (char *const *pair = from->options; pair && pair[0]; pair += 2)
		if (!load_option(parts, count, pair[0], pair[1] ? pair[1] : "", error))
			return false;
	return true;
}

static bool same(const struct config_key *key, const void *a, const void *b)
{
	const char *x, *y;

	if (key->type == CONFIG_BOOL)
		return *(const bool *)a == *(const bool *)b;
	if (key->type == CONFIG_INT)
		return *(const int64_t *)a == *(const int64_t *)b;
	x = *(char *const *)a;
	y = *(char *const *)b;
	return strcmp(x ? x : "", y ? y : "") == 0;
}

/* Swaps, so that each side still owns exactly one string. */
static void swap(const struct config_key *key, void *a, void *b)
{
	size_t n = key->type == CONFIG_BOOL ? sizeof(bool) : key->type == CONFIG_INT ? sizeof(int64_t) : sizeof(char *);
	char held[sizeof(int64_t)];

	memcpy(held, a, n);
	memcpy(a, b, n);
	memcpy(b, held, n);
}

void config_take_reloadable(const struct config_part *parts, struct config_part *fresh, size_t count,
	struct buf *needs_restart)
{
	for (size_t i = 0; i < count; i++) {
		for (const struct config_key *key = parts[i].keys; key && key->name; key++) {
			void *mine = slot(&parts[i], key), *its = slot(&fresh[i], key);

			if (same(key, mine, its))
				continue;
			if (key->reloadable)
				swap(key, mine, its);
			else
				buf_printf(needs_restart, "%s%s", needs_restart->n ? " " : "", key->name);
		}
	}
}

static void print_key(const struct config_part *part, const struct config_key *key, struct buf *out)
{
	const void *value = slot(part, key);
	const char *text = is_text(key) ? *(char *const *)value : NULL;

	if (key->type == CONFIG_SECRET && text && *text) { /* a comment: reading it back must not make "(set)" the secret */
		buf_printf(out, "# %s = (set)\n", key->name);
		return;
	}
	buf_printf(out, "%s =", key->name);
	if (key->type == CONFIG_INT)
		buf_printf(out, " %lld", (long long)*(const int64_t *)value);
	else if (key->type == CONFIG_BOOL)
		buf_str(out, *(const bool *)value ? " true" : " false");
	else if (text && *text)
		buf_printf(out, " %s", text);
	buf_char(out, '\n');
}

void config_print(const struct config_part *parts, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s[%s]\n", i ? "\n" : "", parts[i].section);
		for (const struct config_key *key = parts[i].keys; key && key->name; key++)
			print_key(&parts[i], key, out);
	}
}

void config_help(const struct config_part *parts, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s[%s]\n", i ? "\n" : "", parts[i].section);
		for (const struct config_key *key = parts[i].keys; key && key->name; key++) {
			buf_printf(out, "  --%-22s %s", key->name, key->help);
			if (key->preset && *key->preset)
				buf_printf(out, "; default %s", key->preset);
			if (key->type == CONFIG_INT && bounded(key))
				buf_printf(out, "; %lld to %lld", (long long)key->min, (long long)key->max);
			buf_char(out, '\n');
		}
	}
}

void config_release(const struct config_part *part)
{
	for (const struct config_key *key = part->keys; key && key->name; key++) {
		if (!is_text(key))
			continue;
		free(*(char **)slot(part, key));
		*(char **)slot(part, key) = NULL;
	}
}
