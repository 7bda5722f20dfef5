#!/bin/sh
# SPDX-License-Identifier: ISC
#
# first.sh [STATE-FOLDER] - the first steps with curl: a conversation, a person's turn, Lumen's turn, what came of them.
# Takes the API key and the address from a running deploy/run (default .run).
set -eu

state=${1:-.run}
url=http://$(sed -n 's/^listen = //p' "$state/cleanerctx.conf")/api/v1

# The key goes to curl through a file descriptor: on the command line every user of the machine could read it.
ask() {
	printf 'header = "Authorization: Bearer %s"\n' "$(sed -n 3p "$state/credentials")" |
		curl --config - --silent --show-error --fail-with-body "$@"
	echo
}

post() {
	ask --json "$2" "$url$1"
}

made=$(post /conversations '{"name": "My first conversation"}')
id=$(printf '%s' "$made" | sed -n 's/.*"id": *"\([0-9a-f-]\{36\}\)".*/\1/p')
echo "conversation $id"

echo "a person's turn, cleaned:"
post "/conversations/$id/turns" '{"speaker": "User", "raw_text": "I'\''m the vector of marketing"}'

echo "Lumen's turn, as it was:"
post "/conversations/$id/turns" '{"speaker": "Lumen", "raw_text": "Nice to meet you. How large is your company?"}'

echo "a turn that is not waited for:"
ask --header 'Prefer: respond-async' --json '{"speaker": "User", "raw_text": "We have seventy five employees"}' \
	"$url/conversations/$id/turns"

echo "how the conversation stands:"
ask "$url/conversations/$id/status"
