/* SPDX-License-Identifier: ISC
 *
 * kept.c - see kept.h.
 */
#include "kept.h"

#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_BYTES = 128 /* runtime_dir has at most 80 */, TEXT_BYTES = 1024 /* every mode's word is a third of it */ };

static void path_of(const char *folder, const char *ending, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/modes.kept%s", folder, ending);
}

/* A reader sees the old text or the new one. */
static bool replace(const char *path, const char *draft, struct slice text)
{
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text.p ? text.p : "", text.n) == (ssize_t)text.n;

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	return ok && rename(draft, path) == 0;
}

void kept_write(const char *folder, const struct modes *m)
{
	char path[PATH_BYTES], draft[PATH_BYTES];
	struct buf text;

	path_of(folder, "", path);
	path_of(folder, ".new", draft);
	buf_init(&text, TEXT_BYTES);
	modes_said_text(m, &text);
	if (!replace(path, draft, buf_view(&text)))
		log_warning("modes.unkept", "path=%s error=\"%s\"", path, strerror(errno));
	buf_finish(&text);
}

void kept_read(const char *folder, struct modes *m, int64_t now_at)
{
	char path[PATH_BYTES], text[TEXT_BYTES];
	struct mode_override o;
	struct slice rest;
	ssize_t n;
	int fd;

	path_of(folder, "", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) /* none were ever said, or the machine was started again */
		return;
	n = read(fd, text, sizeof text);
	close(fd);
	rest = slice_of(text, n > 0 ? (size_t)n : 0);
	while (mode_override_next(&rest, &o)) {
		modes_say(m, &o, now_at);
		log_info("monitor.mode_kept", "mode=%s on=%d until_us=%lld", mode_names[o.mode], o.on, (long long)o.until_at);
	}
}
