/* SPDX-License-Identifier: ISC
 *
 * clock.c - see clock.h.
 */
#include "clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

int64_t clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

void clock_rfc3339(int64_t wall_us, char out[CLOCK_RFC3339_BYTES])
{
	time_t s = (time_t)(wall_us / US_PER_S);
	int ms = (int)(wall_us % US_PER_S / 1000);
	struct tm tm;

	if (wall_us < 0 || wall_us >= CLOCK_YEAR_10000_US) {
		s = 0; /* a year that four digits do not hold is nobody's turn */
		ms = 0;
	}
	gmtime_r(&s, &tm);
	snprintf(out, CLOCK_RFC3339_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(tm.tm_year + 1900) % 10000,
		(unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
		(unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100, (unsigned)ms % 1000);
}

static bool digits(struct slice s, size_t *at, size_t n, int *v)
{
	int value = 0;

	if (s.n - *at < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[*at + i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*at += n;
	*v = value;
	return true;
}

static bool one_of(struct slice s, size_t *at, const char *allowed)
{
	if (*at >= s.n || !s.p[*at] || !strchr(allowed, s.p[*at]))
		return false;
	*at += 1;
	return true;
}

static int64_t fraction_us(struct slice s, size_t *at)
{
	int64_t us = 0, unit = 100000;

	while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9') {
		us += unit * (s.p[*at] - '0');
		unit /= 10;
		*at += 1;
	}
	return us;
}

static bool offset_seconds(struct slice s, size_t *at, int *seconds)
{
	int sign, h, m;

	if (one_of(s, at, "Zz")) {
		*seconds = 0;
		return true;
	}
	if (*at >= s.n)
		return false;
	sign = s.p[*at] == '-' ? -1 : 1;
	if (!one_of(s, at, "+-") || !digits(s, at, 2, &h) || !one_of(s, at, ":") || !digits(s, at, 2, &m) || h > 23 ||
		m > 59)
		return false;
	*seconds = sign * (h * 3600 + m * 60);
	return true;
}

bool clock_parse_rfc3339(struct slice s, int64_t *wall_us)
{
	struct tm tm = {0}, again;
	size_t at = 0;
	int offset, year = 0, month = 0; /* gcc does not see that digits() sets them */
	int64_t us = 0;
	time_t t;

	if (!digits(s, &at, 4, &year) || !one_of(s, &at, "-") || !digits(s, &at, 2, &month) || !one_of(s, &at, "-") ||
		!digits(s, &at, 2, &tm.tm_mday) || !one_of(s, &at, "Tt ") || !digits(s, &at, 2, &tm.tm_hour) ||
		!one_of(s, &at, ":") || !digits(s, &at, 2, &tm.tm_min) || !one_of(s, &at, ":") ||
		!digits(s, &at, 2, &tm.tm_sec))
		return false;
	if (one_of(s, &at, ".")) {
		size_t before = at;

		us = fraction_us(s, &at);
		if (at == before)
			return false;
	}
	if (!offset_seconds(s, &at, &offset) || at != s.n || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	again = tm;
	t = timegm(&again);
	if (month < 1 || month > 12 || again.tm_mday != tm.tm_mday)
		if (tm.tm_sec != 60 || month < 1 || month > 12)
			return false;
	*wall_us = ((int64_t)t - offset) * US_PER_S + us;
	return true;
}
