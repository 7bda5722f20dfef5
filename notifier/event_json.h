/* SPDX-License-Identifier: ISC
 *
 * event_json.h - an event as clients see it, in the two parts around its id, which only the log can give.
 * Pure.
 */
#ifndef CC_NOTIFIER_EVENT_JSON_H
#define CC_NOTIFIER_EVENT_JSON_H

#include "common/base/buf.h"
#include "common/wire/message.h"

enum { EVENT_ONCE_BYTES = 64 };

/* head: `{"type":"turn:processed","event_id":"`, tail: `","conversation_id":.., "at":..[,"turn":..][,body]}`.
 * False for a kind that is none. */
must_check bool event_json(const struct msg_result *m, struct buf *head, struct buf *tail);

/* What has its effect once: `turn:revision:kind` for durable results, "deleted" for a conversation's last, "" for others. */
void event_once(const struct msg_result *m, char out[EVENT_ONCE_BYTES]);

/* What makes it no news any more, when it has happened: its turn is done, where it says that it is accepted, or where it stands in the
 * queue. They come from the decider, that it is done from a cleaner, and may be faster. "" for others. */
void event_unless(const struct msg_result *m, char out[EVENT_ONCE_BYTES]);

#endif
