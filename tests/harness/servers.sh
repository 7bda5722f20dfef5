#!/bin/sh
# SPDX-License-Identifier: ISC
#
# servers.sh start|stop|kill DIR [postgres] [redis] - a throw-away PostgreSQL and Redis for tests of single modules, on
# Unix sockets in DIR (at most 80 bytes; the caller makes it and removes it). Both when none is named. Data is kept from
# stop or kill to the next start, but nothing is synced to disk.
# start returns when they answer. Then: conninfo "host=DIR user=cleanerctx dbname=postgres", URL "unix://DIR/redis.sock",
# process ids in the first line of DIR/pg/postmaster.pid and in DIR/redis.pid. kill is kill -9 of all processes.
set -eu

bin=/usr/lib/postgresql/15/bin
usage() { echo "usage: servers.sh start|stop|kill DIR [postgres] [redis]" >&2; exit 64; }
[ $# -ge 2 ] || usage
verb=$1 dir=$2
shift 2
[ $# -gt 0 ] || set -- postgres redis

# PostgreSQL refuses to run as root.
as_owner() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
	else
		"$@"
	fi
}

# A process that its parent has not yet collected is gone, too.
await_end() {
	for p in "$@"; do
		while grep -qs '^State:.[^ZX]' "/proc/$p/status"; do sleep 0.02; done
	done
}

start_postgres() {
	if [ ! -d "$dir/pg" ]; then
		chmod 755 "$dir"
		mkdir -m 700 "$dir/pg"
		[ "$(id -u)" -ne 0 ] || chown postgres: "$dir/pg"
		as_owner $bin/initdb -D "$dir/pg" -U cleanerctx -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
		mkdir -m 777 "$dir/s"
	fi
	# A socket's folder must be the server's to write in; DIR may not be.
	as_owner $bin/pg_ctl -D "$dir/pg" -w -t 60 -s -l "$dir/pg/log" \
		-o "-c listen_addresses= -c unix_socket_directories=$dir/s -c fsync=off -c shared_buffers=16MB -c max_connections=60" start
	ln -sf "s/.s.PGSQL.5432" "$dir/.s.PGSQL.5432"
}

start_redis() {
	redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --pidfile "$dir/redis.pid" --daemonize yes \
		--appendonly yes --appendfsync no --save "" --logfile "$dir/redis.log" >/dev/null
	until redis-cli -s "$dir/redis.sock" ping 2>/dev/null | grep -q PONG; do sleep 0.02; done
}

stop_postgres() { [ ! -f "$dir/pg/postmaster.pid" ] || as_owner $bin/pg_ctl -D "$dir/pg" -w -s -m immediate stop; }
stop_redis() {
	[ -f "$dir/redis.pid" ] || return 0
	pid=$(cat "$dir/redis.pid")
	! kill -CONT "$pid" 2>/dev/null || kill -TERM "$pid"
	await_end "$pid"
	rm -f "$dir/redis.pid"
}

# Children, too: the shared memory must be nobody's before the next start.
kill_postgres() {
	pid=$(head -1 "$dir/pg/postmaster.pid")
	children=$(pgrep -P "$pid" || true)
	kill -KILL "$pid" $children
	await_end "$pid" $children
	rm -f "$dir/pg/postmaster.pid" "$dir/s/.s.PGSQL.5432.lock"
}
kill_redis() {
	pid=$(cat "$dir/redis.pid")
	kill -KILL "$pid"
	await_end "$pid"
	rm -f "$dir/redis.pid" "$dir/redis.sock"
}

for server in "$@"; do
	case $verb-$server in
	start-postgres | start-redis | stop-postgres | stop-redis | kill-postgres | kill-redis) "${verb}_$server" ;;
	*) usage ;;
	esac
done
