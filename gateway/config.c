/* SPDX-License-Identifier: ISC
 *
 * config.c - the gateway's section of the configuration.
 */
#include "gateway.h"

#include "http.h"
#include "tokens.h"

#include <stddef.h>

#define AT(member) offsetof(struct gateway_config, member)

const struct config_key gateway_keys[] = {
	{"listen", CONFIG_STRING, AT(listen), "127.0.0.1:8080", 3, 255, false, "address of the public interface, host:port; host * is any"},
	{"ops_listen", CONFIG_STRING, AT(ops_listen), "", 0, 255, false,
		"address of /healthz, /readyz and /metrics; empty: on the public one"},
	{"jwt_secret", CONFIG_SECRET, AT(jwt_secret), "", 0, 1024, false,
		"signs access tokens, at least 32 bytes; the same for all gateways"},
	{"jwt_secret_previous", CONFIG_SECRET, AT(jwt_secret_previous), "", 0, 1024, false,
		"the secret before a rotation, which still verifies; empty: none"},
	{"cors_origins", CONFIG_STRING, AT(cors_origins), "", 0, 4096, true,
		"origins of other sites' pages that may call us, comma-separated; * for any"},
	{"bypass_speakers", CONFIG_STRING, AT(bypass_speakers), "Lumen,AI,Assistant", 1, 1024, false,
		"speakers whose turns pass unchanged, comma-separated, as they are written back"},
	{"engine_data", CONFIG_STRING, AT(engine_data), "", 0, 4096, false,
		"folder of the cleaning engine's tables; empty: the built-in rules"},
	{"rate_per_s", CONFIG_INT, AT(rate_per_s), "100", 1, 1000000, false, "requests a user may make a second"},
	{"login_per_min", CONFIG_INT, AT(login_per_min), "10", 1, 100000, false,
		"failed logins a minute for an address of mail; ten times that from a network address"},
	{"pg_connections", CONFIG_INT, AT(pg_connections), "4", 1, 32, false, "connections to PostgreSQL"},
	{"max_connections", CONFIG_INT, AT(max_connections), "4096", 1, 65000, false, "client sockets open at a time"},
	{"address_connections", CONFIG_INT, AT(address_connections), "2048", 0, 65000, false,
		"of them from one network address; 0: any, where all come through a proxy"},
	{"address_connects_per_s", CONFIG_INT, AT(address_connects_per_s), "1000", 0, 1000000, false,
		"new ones a second from one network address; 0: any"},
	{"address_rate_per_s", CONFIG_INT, AT(address_rate_per_s), "5000", 0, 1000000, false,
		"requests a second from one network address, whoever they are of; 0: any"},
	{"user_sockets", CONFIG_INT, AT(user_sockets), "1024", 1, 65000, false,
		"WebSockets and event streams of a user open at a time"},
	{"body_timeout_s", CONFIG_INT, AT(body_timeout_s), "20", 1, 600, false,
		"seconds within which a request's headers, and then its body, must be here"},
	{"idle_timeout_s", CONFIG_INT, AT(idle_timeout_s), "75", 1, 3600, false,
		"seconds that a connection may wait for its next request"},
	{0},
};
