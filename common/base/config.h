/* SPDX-License-Identifier: ISC
 *
 * config.h - one declarative table per service: key, type, where it goes, default, bounds, help.
 *
 * Values come from, later ones winning: the table's default, the file (`[common]` and `[service]` sections, `key = value`,
 * `#` comments), the environment (CLEANERCTX_KEY), the command line (--key VALUE). Each key may be given as KEY_file
 * instead: the value is then the first line of that file, for secrets. Every error says where (file:line, or the
 * variable, or the option), what is wrong and what is allowed.
 *
 * Ownership: string values are heap copies owned by the struct; config_release frees them.
 */
#ifndef CC_BASE_CONFIG_H
#define CC_BASE_CONFIG_H

#include "attr.h"
#include "buf.h"

#include <stdint.h>

enum config_type {
	CONFIG_STRING, /* char *; min and max bound its length in bytes */
	CONFIG_SECRET, /* char *; printed as "(set)" */
	CONFIG_INT,    /* int64_t */
	CONFIG_BOOL,   /* bool: true false yes no on off 1 0 */
};

struct config_key {
	const char *name;      /* lower_case */
	enum config_type type;
	size_t offset;         /* offsetof in the service's configuration struct */
	const char *preset;    /* the default, as text */
	int64_t min, max;      /* bounds of an int, or of a string's length; 0, 0: none */
	bool reloadable;       /* SIGHUP takes a new value; others need a restart */
	const char *help;      /* one line, with the unit */
	const char *const *words; /* all that a string may be, NULL at the end; NULL: anything */
};

/* A table, the struct that its offsets are in, and the file section that it reads. */
struct config_part {
	const char *section;           /* "common" or the service's name */
	const struct config_key *keys; /* ends with name NULL */
	void *values;                  /* the struct, zeroed or filled earlier */
};

struct config_source {
	const char *file;          /* path, or NULL */
	char *const *environment;  /* environ, or NULL */
	char *const *options;      /* pairs "key", "value" .., NULL at the end; or NULL */
};

/* Fills every part from its sources. On the first error returns false and writes one line to error (without newline);
 * the values are then a mixture: release them. Sections of other services in the file are skipped, unknown sections
 * are errors: `known_sections` (NULL-terminated) names them all. */
must_check bool config_load(const struct config_part *parts, size_t count, const char *const *known_sections,
	const struct config_source *from, struct buf *error);

/* Takes the reloadable values of `fresh` over into the parts; names each key that changed but needs a restart in
 * `needs_restart` (space-separated). Both sides have the same tables. */
void config_take_reloadable(const struct config_part *parts, struct config_part *fresh, size_t count,
	struct buf *needs_restart);

/* The effective configuration as a file that config_load would take; secrets are hidden. */
void config_print(const struct config_part *parts, size_t count, struct buf *out);

/* The options' help, one line a key. */
void config_help(const struct config_part *parts, size_t count, struct buf *out);

void config_release(const struct config_part *part);

#endif
