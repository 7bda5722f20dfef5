/* SPDX-License-Identifier: ISC
 *
 * link_curve.h - CURVE (ZeroMQ's encryption, RFC 26/ZMTP) for tcp:// endpoints.
 *
 * One key pair serves the whole installation: who holds its secret is one of us. A binder takes only peers whose public
 * key is the installation's own (answered by a small ZAP handler, RFC 27), a connector only a binder that proves it.
 */
#ifndef CC_SERVICE_LINK_CURVE_H
#define CC_SERVICE_LINK_CURVE_H

#include "service.h"

#include <czmq.h>

/* Before bind or connect. A tcp:// endpoint that leaves loopback without keys is fatal(): transcripts never travel in
 * clear. ipc:// and loopback need none. */
void link_curve_apply(zsock_t *socket, const struct service_common *common, bool binds, const char *endpoint);

/* The ZAP handler, on the loop, for processes that bind with CURVE; does nothing without keys. */
void link_curve_start(struct service_run *run);
void link_curve_stop(struct service_run *run);

#endif
