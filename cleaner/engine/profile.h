/* SPDX-License-Identifier: ISC
 *
 * profile.h - what is known of the recogniser that made a text: how far its marks and capitals may be
 * trusted, which pieces of words it writes apart, what it often writes for something else. Rules are data:
 * profiles.conf, whose head explains the format.
 *
 * A turn always has a profile: without a name, or with one that is not known, the default, whose bounds suit
 * any recogniser.
 */
#ifndef CC_ENGINE_PROFILE_H
#define CC_ENGINE_PROFILE_H

#include "phrase_index.h"

enum { PROFILE_COUNT = 64, PROFILE_NAME_BYTES = 64 }; /* profiles; bytes of a name: more are not understood */

/* From which likelihood on a mark is set, or one that is there removed. */
struct mark_bounds {
	float comma, stop, ask; /* set from here on */
	float none;		/* an existing mark goes from here on; above 1: never */
};

struct turn;
struct profile {
	char *name;		   /* owned */
	struct mark_bounds marked; /* for text that has marks */
	struct mark_bounds bare;   /* for text without */
	bool bare_always;	   /* a stray mark does not make the text a marked one */
	float capital;		   /* text with capitals of its own gains others from here on */
	struct slice pieces;	   /* endings that it writes apart ('s 're), separated by blanks */
	struct profile_word *heard; /* owned: what it writes for something else */
	size_t heard_count;
	float score;		   /* of the rows of heard that are read next */
	struct phrase_index index; /* of heard */
};

/* Holds the default alone; profiles_read adds a file's, whose text must stay. False, with the line, when it
 * is not understood. */
struct profiles *profiles_create(void);
void profiles_destroy(struct profiles **profiles);
bool profiles_read(struct profiles *profiles, struct slice text, unsigned *bad_line) must_check;

/* The profile of this name, in any case; the default when name is empty; NULL when there is none. */
const struct profile *profiles_find(const struct profiles *profiles, struct slice name);

/* The names, "default" first, NULL at the end; the profiles' own. */
const char *const *profiles_names(const struct profiles *profiles);

/* Is there anything for stage_profile? */
bool profile_hits(const struct turn *t);

#endif
