/* SPDX-License-Identifier: ISC
 *
 * lws_shim.c - see lws_shim.h.
 */
#include "lws_shim.h"

#include "common/base/attr.h"
#include "common/base/log.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>

typedef int copy_fn(struct lws *wsi, char *dest, int len, enum lws_token_indexes h);
typedef size_t segment_fn(struct lws_buflist **head, uint8_t **buf);

/* Not in a public header: libwebsockets 4.1's lib/core-net/private-lib-core-net.h. */
void lws_close_free_wsi(struct lws *wsi, enum lws_close_status reason, const char *caller);
typedef void close_fn(struct lws *wsi, enum lws_close_status reason, const char *caller);

void lws_close_free_wsi(struct lws *wsi, enum lws_close_status reason, const char *caller)
{
	static close_fn *fn;

	if (!fn)
		fn = (close_fn *)(uintptr_t)dlsym(RTLD_NEXT, "lws_close_free_wsi");
	if (!fn)
		bug("libwebsockets has no lws_close_free_wsi");
	if (reason != LWS_CLOSE_STATUS_NOSTATUS_CONTEXT_DESTROY)
		lws_shim_closing(wsi);
	fn(wsi, reason, caller);
}

static bool body_is_looked_for; /* one thread: the library's next look is that of lws_http_action */

/* As lws_http_action reckons what is to come (libwebsockets 4.1, server.c:1439). */
static bool library_expects_body(struct lws *wsi)
{
	char length[32];

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) &&
		lws_hdr_copy(wsi, length, sizeof length - 1, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0)
		return atoll(length) > 0;
	return lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) || lws_hdr_total_length(wsi, WSI_TOKEN_PATCH_URI) ||
		lws_hdr_total_length(wsi, WSI_TOKEN_PUT_URI);
}

void lws_shim_headers_done(struct lws *wsi)
{
	body_is_looked_for = library_expects_body(wsi);
}

size_t lws_buflist_next_segment_len(struct lws_buflist **head, uint8_t **buf)
{
	static segment_fn *fn;

	if (!fn)
		fn = (segment_fn *)(uintptr_t)dlsym(RTLD_NEXT, "lws_buflist_next_segment_len");
	if (!fn)
		bug("libwebsockets has no lws_buflist_next_segment_len");
	if (!body_is_looked_for)
		return fn(head, buf);
	body_is_looked_for = false;
	if (buf)
		*buf = NULL;
	return 0;
}

static copy_fn *library_copy(void)
{
	static copy_fn *fn;

	if (!fn)
		fn = (copy_fn *)(uintptr_t)dlsym(RTLD_NEXT, "lws_hdr_copy");
	if (!fn)
		bug("libwebsockets has no lws_hdr_copy");
	return fn;
}

int lws_shim_subprotocols(struct lws *wsi, char *out, int out_bytes)
{
	return library_copy()(wsi, out, out_bytes, WSI_TOKEN_PROTOCOL);
}

/* Takes the members of a comma-separated list that begin with "bearer." out of it, in place. */
static int without_tokens(char *list)
{
	char *to = list;

	for (char *from = list; *from;) {
		size_t blanks = strspn(from, ", \t"), n = strcspn(from + blanks, ",");

		if (strncasecmp(from + blanks, "bearer.", 7) != 0 && n > 0) {
			if (to > list)
				*to++ = ',';
			memmove(to, from + blanks, n);
			to += n;
		}
		from += blanks + n;
	}
	*to = '\0';
	return (int)(to - list);
}

int lws_hdr_copy(struct lws *wsi, char *dest, int len, enum lws_token_indexes h)
{
	char list[4096];
	int n;

	if (h != WSI_TOKEN_PROTOCOL)
		return library_copy()(wsi, dest, len, h);
	if (library_copy()(wsi, list, sizeof list, h) < 0)
		return -1;
	n = without_tokens(list);
	if (n >= len)
		return -1;
	memcpy(dest, list, (size_t)n + 1);
	return n;
}

void lws_shim_send_problem(struct lws *wsi, enum problem problem)
{
	struct buf json, out;

	buf_init(&json, 4096);
	buf_init(&out, 8192);
	problem_write_json(&json, problem, slice_str(problems[problem].advice), (struct slice){0}, (struct slice){0}, NULL);
	buf_printf(&out, "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
		problems[problem].status, problems[problem].title, json.n);
	buf_slice(&out, buf_view(&json));
	if (send(lws_get_socket_fd(wsi), out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)out.n)
		log_debug("http.problem_lost", "problem=%s", problems[problem].name);
	buf_finish(&out);
	buf_finish(&json);
}

/* compare is below 0 where its first belongs before its second. Among equals the new one comes first, as in the library. */
void lws_dll2_add_sorted(lws_dll2_t *d, lws_dll2_owner_t *own, int (*compare)(const lws_dll2_t *d, const lws_dll2_t *i))
{
	lws_dll2_t *after = own->head, *before = own->tail;

	/* While both searches go on there is a place between them. */
	while (after && compare(after, d) < 0 && compare(before, d) >= 0) {
		after = after->next;
		before = before->prev;
	}
	if (after && compare(after, d) >= 0)
		lws_dll2_add_before(d, after);
	else if (before && before->next)
		lws_dll2_add_before(d, before->next);
	else
		lws_dll2_add_tail(d, own);
}

int lws_return_http_status(struct lws *wsi, unsigned int code, const char *html_body)
{
	lws_shim_send_problem(wsi, code == 404 ? PROBLEM_NOT_FOUND : PROBLEM_MALFORMED);
	return 1;
}
