/* SPDX-License-Identifier: ISC
 *
 * log.c - see log.h. A line is composed whole and written with one write(2), so that processes that share a file do
 * not mix theirs.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_BYTES = 2048 }; /* a longer line is cut: journald's own default is 48 KiB, a reader's patience less */

static const char *log_process = "cleanerctx";
static enum log_level log_most = LOG_LEVEL_INFO;
static bool log_on_terminal;

void log_init(const char *process, enum log_level most)
{
	log_process = process;
	log_most = most;
	log_on_terminal = isatty(STDERR_FILENO) == 1;
}

void log_set_level(enum log_level most)
{
	log_most = most;
}

static const char *level_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "?";
}

static int head(char *line, size_t size, enum log_level level, const char *event)
{
	struct timespec now;
	struct tm tm;
	char at[16];

	if (!log_on_terminal && getenv("JOURNAL_STREAM"))
		return snprintf(line, size, "<%d>%s level=%s event=%s", (int)level, log_process, level_word(level), event);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(at, sizeof at, "%H:%M:%S", &tm);
	if (log_on_terminal)
		return snprintf(line, size, "%s.%03ldZ %s %s event=%s", at, now.tv_nsec / 1000000, log_process,
			level_word(level), event);
	return snprintf(line, size, "<%d>%s.%03ldZ %s level=%s event=%s", (int)level, at, now.tv_nsec / 1000000,
		log_process, level_word(level), event);
}

static void emit(enum log_level level, const char *event, const char *fmt, va_list ap)
{
	char line[LOG_LINE_BYTES];
	int n = head(line, sizeof line - 2, level, event);

	if (fmt[0] && n < LOG_LINE_BYTES - 2) {
		line[n++] = ' ';
		n += vsnprintf(line + n, sizeof line - 1 - (size_t)n, fmt, ap);
	}
	if (n > LOG_LINE_BYTES - 2)
		n = LOG_LINE_BYTES - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nowhere is left to say it */
}

void log_at(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (level > log_most)
		return;
	va_start(ap, fmt);
	emit(level, event, fmt, ap);
	va_end(ap);
}

const char *log_quote(const char *value, char *out, int out_bytes)
{
	char *to = out, *end = out + out_bytes - 2;

	*to++ = '"';
	for (; *value && to + 1 < end; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			*to++ = '\\';
		*to++ = c < 0x20 || c == 0x7F ? ' ' : (char)c;
	}
	*to++ = '"';
	*to = '\0';
	return out;
}

void fatal(const char *fmt, ...)
{
	char text[LOG_LINE_BYTES / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_at(LOG_LEVEL_ERROR, "fatal", "%s", text);
	_exit(EXIT_BAD_CONFIG); /* at exit czmq would tell of each socket that is open, and the last line is what an operator is shown */
}

void bug_at(const char *file, int line, const char *what)
{
	log_at(LOG_LEVEL_ERROR, "bug", "at=%s:%d what=\"%s\"", file, line, what);
	abort();
}
