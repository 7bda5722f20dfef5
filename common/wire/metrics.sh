#!/bin/sh
# Makes metric_table.h out of targets.csv: one row a metric, in the file's order.
set -eu
[ $# -eq 2 ] || { echo "usage: metrics.sh targets.csv metric_table.h" >&2; exit 64; }
{
	echo "/* Generated from targets.csv by metrics.sh. */"
	echo "#define METRIC_TABLE(M) \\"
	awk -F, 'NR > 1 && NF >= 5 {
		name = $1; upper = toupper(name); gsub(/[^A-Z0-9]/, "_", upper)
		printf "\tM(%s, \"%s\", %s, \"%s\", \"%s\") \\\n", upper, name, $3, $4, $5
	}' "$1"
	echo
} >"$2"
