/* SPDX-License-Identifier: ISC
 *
 * options.h - a service's command line and where its configuration comes from: --config FILE, --check-config,
 * --print-config, --help, --version, and --KEY VALUE for every key of its tables.
 */
#ifndef CC_SERVICE_OPTIONS_H
#define CC_SERVICE_OPTIONS_H

#include "common/base/log.h"
#include "service.h"

enum { OPTIONS_PAIRS = 64 }; /* --KEY VALUE pairs on one command line: more than there are keys */

struct options {
	struct config_part parts[2];           /* [common] and the service's own */
	const char *file;                      /* borrowed from argv, or the default path, or NULL */
	char *pairs[OPTIONS_PAIRS * 2 + 1];    /* key, value ..; keys are owned, values borrowed from argv */
	size_t pair_count;
};

/* Reads argv and fills common and the service's config. False: *code is the exit code (0 after --help and its like). */
must_check bool options_take(struct options *o, const struct service *service, struct service_common *common, int argc,
	char **argv, int *code);

/* Reads the same sources again; false leaves all as it was and says why. On success `said` names what needs a restart. */
must_check bool options_reload(struct options *o, struct buf *said);

/* For tools that are no service: the [common] values from `file` (NULL: the default path if it is there), the environment
 * and pairs (key, value .., NULL; may be NULL). False: one line in error. Release with options_common_release. */
must_check bool options_common(struct service_common *common, const char *file, char *const *pairs, struct buf *error);
void options_common_release(struct service_common *common);

enum log_level options_log_level(const char *word); /* a word that the configuration took */

void options_release(struct options *o); /* also the values */

#endif
