/* SPDX-License-Identifier: ISC
 *
 * log.h - one line an event on stderr: `<6>decider event=batch.committed msg=0190.. turns=12`.
 *
 * The number is the sd-daemon priority (sd-daemon(3)); on a terminal a word takes its place. Values with spaces, quotes
 * or control characters are quoted by log_value's caller or with %s of a value known to have none. Text of a turn is
 * never logged.
 *
 * Three failures, three verbs: fatal() what the operator can fix (exit 78, EX_CONFIG: systemd must not restart it),
 * bug() what a programmer must (abort), and a returned status for everything that a peer, disk or network can cause.
 */
#ifndef CC_BASE_LOG_H
#define CC_BASE_LOG_H

#include "attr.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

enum { EXIT_BAD_CONFIG = 78, EXIT_BAD_USAGE = 64 }; /* sysexits.h: EX_CONFIG, EX_USAGE */

/* Names the process in each line (borrowed, kept) and sets the least urgent level shown. */
void log_init(const char *process, enum log_level most);
void log_set_level(enum log_level most);

/* event is a short dotted name; fmt gives the `k=v` pairs after it and may be "". */
void log_at(enum log_level level, const char *event, const char *fmt, ...) printf_like(3, 4);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Quotes a value for a line: into out (out_bytes with the NUL, cut to fit), with " \ and control characters escaped and
 * double quotes around it. Returns out. */
const char *log_quote(const char *value, char *out, int out_bytes);

no_return void fatal(const char *fmt, ...) printf_like(1, 2);
no_return void bug_at(const char *file, int line, const char *what);
#define bug(what) bug_at(__FILE__, __LINE__, what)

#endif
