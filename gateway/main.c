/* SPDX-License-Identifier: ISC
 *
 * main.c - cleanerctx-gateway.
 */
#include "gateway.h"

int main(int argc, char **argv)
{
	static const struct service service = {
		.name = "gateway",
		.summary = "Speaks HTTP and WebSocket to clients, and knows who they are.",
		.keys = gateway_keys,
		.config = &gateway_config,
		.check = gateway_check,
		.start = gateway_start,
		.drain = gateway_drain,
		.stop = gateway_stop,
		.modes = gateway_modes,
	};

	return service_main(&service, argc, argv);
}
