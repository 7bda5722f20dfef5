/* SPDX-License-Identifier: ISC
 *
 * clean_glossary.c - see clean_glossary.h.
 */
#include "clean_glossary.h"
#include "common/base/utf8.h"
#include "common/base/xalloc.h"
#include "conf_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct slice copied(struct slice s)
{
	return slice_of(xstrndup(s.n ? s.p : "", s.n), s.n);
}

static struct glossary_term *glossary_open(struct clean_glossary *g, struct slice term, struct slice category)
{
	g->terms = xrealloc(g->terms, (g->count + 1) * sizeof *g->terms);
	g->terms[g->count] = (struct glossary_term){.term = copied(term), .category = copied(category)};
	return &g->terms[g->count++];
}

static void term_sounds(struct glossary_term *term, struct slice text)
{
	struct slice *list = (struct slice *)term->sounds_like;

	list = xrealloc(list, (term->sounds_like_count + 1) * sizeof *list);
	list[term->sounds_like_count++] = copied(text);
	term->sounds_like = list;
}

static void glossary_line(struct clean_glossary *g, struct slice line)
{
	struct glossary_term *term;
	struct slice head, sound;

	if (!slice_cut(&line, '=', &head) || head.n == 0 || head.p[0] == '#' || !utf8_valid(head, NULL))
		return;
	term = glossary_open(g, head, slice_of(NULL, 0));
	while (slice_cut(&line, ',', &sound))
		if (sound.n && utf8_valid(sound, NULL))
			term_sounds(term, sound);
}

bool clean_glossary_read(struct clean_glossary *g, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int error;

	if (!in)
		return false;
	while ((n = getline(&line, &cap, in)) >= 0)
		glossary_line(g, slice_trim(slice_of(line, (size_t)n - (n > 0 && line[n - 1] == '\n'))));
	error = ferror(in) ? errno : 0;
	free(line);
	if (fclose(in) == 0)
		errno = error;
	return errno == 0;
}

static bool add_object(struct clean_glossary *g, const cJSON *item)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "term");
	const cJSON *category = cJSON_GetObjectItemCaseSensitive(item, "category"), *sound;
	const cJSON *sounds = cJSON_GetObjectItemCaseSensitive(item, "sounds_like");
	struct glossary_term *term;

	if (!cJSON_IsString(name) || (sounds && !cJSON_IsArray(sounds)))
		return false;
	term = glossary_open(g, slice_str(name->valuestring), slice_str(cJSON_GetStringValue(category)));
	cJSON_ArrayForEach(sound, sounds)
	{
		if (!cJSON_IsString(sound))
			return false;
		term_sounds(term, slice_str(sound->valuestring));
	}
	return true;
}

bool clean_glossary_add(struct clean_glossary *g, const cJSON *array)
{
	const cJSON *item;

	if (!array || cJSON_IsNull(array))
		return true;
	if (!cJSON_IsArray(array))
		return false;
	cJSON_ArrayForEach(item, array)
	{
		if (cJSON_IsString(item))
			glossary_open(g, slice_str(item->valuestring), slice_of(NULL, 0));
		else if (!cJSON_IsObject(item) || !add_object(g, item))
			return false;
	}
	return true;
}

void clean_glossary_finish(struct clean_glossary *g)
{
	for (size_t i = 0; i < g->count; i++) {
		for (size_t k = 0; k < g->terms[i].sounds_like_count; k++)
			free((char *)g->terms[i].sounds_like[k].p);
		free((void *)g->terms[i].sounds_like);
		free((char *)g->terms[i].term.p);
		free((char *)g->terms[i].category.p);
	}
	free(g->terms);
	*g = (struct clean_glossary){0};
}
