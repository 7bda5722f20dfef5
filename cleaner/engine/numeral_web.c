/* SPDX-License-Identifier: ISC
 *
 * numeral_web.c - e-mail and web addresses said in words: "a dot b c at g mail dot com".
 *
 * An address has a "dot" in its domain, with a name after it that domains end in or, when the turn is bare,
 * letters spelled out. Several words before the first dot are a sentence, not a name, and stay apart.
 */
#include "numeral.h"

#include <inttypes.h>
#include <stdio.h>

enum { SPELLED_MOST = 24 }; /* letters of a name that is spelled out; more are no name */

struct spelling {
	char *text;
	size_t n, room;
};

static const char *const endings[] = {"com", "org", "net", "co", "uk", "io", "ai", "edu", "gov", "fr", "de",
	"info", "biz", "eu", "us", "me", "tv", "app", "dev", "ca", "au", "ie", "nl", "js"};

static bool is_ending(struct slice key)
{
	for (size_t i = 0; i < countof(endings); i++)
		if (slice_eq(key, slice_str(endings[i])))
			return true;
	return false;
}

static char connector(struct slice key)
{
	static const struct {
		const char *word;
		char sign;
	} signs[] = {{"dot", '.'}, {"dash", '-'}, {"hyphen", '-'}, {"underscore", '_'}, {"slash", '/'},
		{"colon", ':'}};

	for (size_t i = 0; i < countof(signs); i++)
		if (slice_eq(key, slice_str(signs[i].word)))
			return signs[i].sign;
	return 0;
}

static void put(struct spelling *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n && s->n + 1 < s->room; i++)
		s->text[s->n++] = p[i];
	s->text[s->n] = '\0';
}

static bool is_letter(struct slice key)
{
	return key.n == 1 && key.p[0] >= 'a' && key.p[0] <= 'z';
}

/* "o" among numbers is a zero, among letters a letter. */
static bool is_zero(const struct words *w, size_t i)
{
	bool after = i > 0 && (connector(words_key(w, i - 1)) || (words_classes(w, i - 1) & CLASS_NUMBER));

	return after && (i + 1 == w->count || !is_letter(words_key(w, i + 1)));
}

/* One piece of an address at live word i: a number, a letter or a word. The word after it. */
static size_t put_piece(struct spelling *s, const struct words *w, size_t i)
{
	struct number n;
	char figures[24];

	if (words_is(w, i, "o") || words_is(w, i, "oh")) {
		put(s, words_is(w, i, "oh") || is_zero(w, i) ? "0" : "o", 1);
		return i + 1;
	}
	if (words_is(w, i, "double") && number_read(w, i + 1, &n) && n.value < 10) {
		put(s, (char[]){(char)('0' + n.value), (char)('0' + n.value)}, 2);
		return n.end;
	}
	if (number_read(w, i, &n) && !n.article && !n.ordinal) {
		put(s, figures, (size_t)snprintf(figures, sizeof figures, "%" PRIu64, n.value));
		return n.end;
	}
	put(s, w->live[i]->core.p, w->live[i]->core.n);
	return i + 1;
}

static bool is_plain(const struct words *w, size_t i)
{
	struct slice key = words_key(w, i);

	return !is_letter(key) && !connector(key) && !(words_classes(w, i) & CLASS_NUMBER);
}

/* The domain from live word i: pieces joined by dots. *dots counts them. Stops where it can no longer go on.
 */
static size_t put_domain(struct spelling *s, const struct words *w, size_t i, unsigned *dots)
{
	size_t at = i;
	bool spelled = false; /* inside a run of letters */

	while (at < w->count && w->live[at]->key.n && !words_is(w, at, "at") && s->n + 1 < s->room) {
		char sign = connector(words_key(w, at));
		bool letter = is_letter(words_key(w, at)) || (w->live[at]->classes & CLASS_NUMBER);

		if (sign && at > i && !connector(words_key(w, at - 1))) {
			put(s, &sign, 1);
			*dots += sign == '.';
			at++;
			spelled = false;
		} else if (sign ||
			   (at > i && !connector(words_key(w, at - 1)) && *dots && !(spelled && letter))) {
			break;
		} else {
			spelled = letter;
			at = put_piece(s, w, at);
		}
		if (w->live[at - 1]->trail.n)
			break;
	}
	return at;
}

/* Where the part before "at" begins: back over letters, numbers and what connectors join; a plain word once.
 */
static size_t local_start(const struct words *w, size_t at)
{
	size_t i = at;
	bool word = false;

	while (i > 0 && !w->live[i - 1]->trail.n) {
		struct slice key = words_key(w, i - 1);
		bool small = is_letter(key) || (w->live[i - 1]->classes & CLASS_NUMBER) || connector(key);

		if (!small && (word || (i < at && !connector(words_key(w, i)))))
			break;
		word = !small;
		if (connector(key))
			word = false;
		i--;
	}
	return i;
}

/* May this one word before "at" be a mailbox? Not in "look at", "meet me at", "it's at". */
static bool is_mailbox(const struct words *w, size_t i)
{
	static const char *const never[] = {"look", "looks", "looking", "looked", "work", "works", "working",
		"worked", "buy", "bought", "order", "ordered", "find", "found", "shop", "live", "available",
		"stay", "meet", "met", "page", "site", "website", "account", "arrive", "arrived", "start",
		"started", "up", "out", "be", "been", "more", "today", "now", "that"};
	struct slice key = words_key(w, i);

	if (is_letter(key))
		return true;
	for (size_t k = 0; k < countof(never); k++)
		if (slice_eq(key, slice_str(never[k])))
			return false;
	return !(words_classes(w, i) & CLASS_FUNCTION) && !memchr(key.p, '\'', key.n);
}

/* Does the host [i, end) end as hosts do, in letters spelled out, or as it begins, with a number
 * (192.168.1.1)? */
static bool ends_as_hosts(const struct words *w, size_t i, size_t end)
{
	size_t last = i;

	for (size_t k = i; k + 1 < end && !words_is(w, k, "slash"); k++)
		if (words_is(w, k, "dot"))
			last = k + 1;
	return is_ending(words_key(w, last)) || is_letter(words_key(w, last)) ||
	       (words_classes(w, i) & words_classes(w, last) & CLASS_NUMBER);
}

/* More than this many words before a domain's first dot are a sentence: "at the station and dot came". */
enum { DOMAIN_WORDS = 2 };

static bool is_domain(const struct words *w, size_t i, size_t end)
{
	size_t plain = 0;

	for (size_t k = i; k < end && !words_is(w, k, "dot"); k++)
		plain += is_plain(w, k);
	return plain <= DOMAIN_WORDS || ends_as_hosts(w, i, end);
}

static bool mail_read(const struct words *w, size_t i, struct numeral *out)
{
	struct spelling s = {out->text, 0, sizeof out->text};
	unsigned dots = 0;
	size_t at = i, end;

	while (at < w->count && !words_is(w, at, "at") && at < i + SPELLED_MOST)
		at++;
	if (at == i || !words_is(w, at, "at") || local_start(w, at) != i || at + 2 >= w->count)
		return false;
	if ((at == i + 1 && !is_mailbox(w, i)) || (words_is(w, at + 1, "the") && words_is(w, at + 2, "dot")))
		return false;
	for (size_t k = i; k < at;) {
		char sign = connector(words_key(w, k));

		if (sign)
			put(&s, &sign, 1);
		k = sign ? k + 1 : put_piece(&s, w, k);
	}
	put(&s, "@", 1);
	end = put_domain(&s, w, at + 1, &dots);
	out->end = end;
	return dots > 0 && end > at + 2 && !connector(words_key(w, end - 1)) && is_domain(w, at + 1, end) &&
	       s.n + 1 < s.room;
}

/* "h t t p", "http", "https" with colon slash slash: the word after it; i when there is none. */
static size_t put_scheme(struct spelling *s, const struct words *w, size_t i)
{
	size_t at = i;

	while (at < w->count && is_letter(words_key(w, at)) && at < i + 5)
		at++;
	if (at == i && (words_is(w, i, "http") || words_is(w, i, "https")))
		at++;
	if (!words_is(w, at, "colon") || !words_is(w, at + 1, "slash") || !words_is(w, at + 2, "slash"))
		return i;
	put(s, at > i + 4 || words_is(w, i, "https") ? "https://" : "http://",
		at > i + 4 || words_is(w, i, "https") ? 8 : 7);
	return at + 3;
}

static size_t put_www(struct spelling *s, const struct words *w, size_t i)
{
	if (words_is(w, i, "www") && words_is(w, i + 1, "dot"))
		return put(s, "www.", 4), i + 2;
	if (words_is(w, i, "w") && words_is(w, i + 1, "w") && words_is(w, i + 2, "w") &&
		words_is(w, i + 3, "dot"))
		return put(s, "www.", 4), i + 4;
	return i;
}

/* Is all before the first dot one name? A word, letters and numbers ("n vidia dot com"); several words are a
 * sentence ("go to example dot com"), as is a word before letters ("see c n n dot com"). */
static bool is_one_name(const struct words *w, size_t i)
{
	bool word = false;

	if (words_classes(w, i) & CLASS_ARTICLE && !is_letter(words_key(w, i)))
		return false;
	for (; i < w->count && !words_is(w, i, "dot"); i++) {
		if (word && (is_plain(w, i) || is_letter(words_key(w, i))))
			return false;
		word = is_plain(w, i);
	}
	return true;
}

/* "example dot com", "n b c dot com" within a sentence. */
static bool names_host(const struct words *w, size_t i)
{
	size_t at = i;

	while (at < i + SPELLED_MOST && is_letter(words_key(w, at)))
		at++;
	at += at == i;
	return words_is(w, at, "dot") && is_ending(words_key(w, at + 1)) &&
	       !(words_classes(w, i) & CLASS_NUMBER) && !(at == i + 1 && words_classes(w, i) & CLASS_ARTICLE);
}

static bool url_read(const struct words *w, size_t i, bool bare, struct numeral *out)
{
	struct spelling s = {out->text, 0, sizeof out->text};
	unsigned dots = 0;
	size_t start = put_scheme(&s, w, i), domain = put_www(&s, w, start);

	if (domain == i && !(bare ? is_one_name(w, i) : names_host(w, i)))
		return false;
	out->end = put_domain(&s, w, domain, &dots);
	return dots > 0 && out->end > domain + 1 && s.n + 1 < s.room &&
	       !connector(words_key(w, out->end - 1)) && (domain > i || ends_as_hosts(w, i, out->end));
}

bool web_read(const struct turn *t, size_t i, bool bare, struct numeral *out)
{
	out->format = FORMAT_ELECTRONIC;
	out->score = 0.95;
	return mail_read(&t->words, i, out) || url_read(&t->words, i, bare, out);
}
