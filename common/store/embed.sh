#!/bin/sh
# embed.sh INPUT OUTPUT.h - makes a file a C string: accept.sql becomes `static const char accept_sql[]`; a .lua file has
# its SHA-1 beside it, as Redis computes it: `claim_lua_sha`; a .txt file its SHA-256, which names it: `NAME_txt_sha256`.
set -eu
[ $# -eq 2 ] || { echo "usage: embed.sh INPUT OUTPUT.h" >&2; exit 64; }
name=$(basename "$1" | tr -c 'A-Za-z0-9\n' '_')
{
	echo "/* Generated from $(basename "$1") by embed.sh. */"
	echo "static const char ${name}[] ="
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$1"
	echo "	;"
	case $1 in
	*.lua) echo "static const char ${name}_sha[] = \"$(sha1sum <"$1" | cut -c1-40)\";" ;;
	*.txt) echo "static const char ${name}_sha256[] = \"$(sha256sum <"$1" | cut -c1-64)\";" ;;
	esac
} >"$2"
