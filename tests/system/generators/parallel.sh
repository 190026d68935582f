#!/usr/bin/env bash
# A client as the reference system's parallel generator is one: many people at once; then, with ids counted up from
# the first id created, each of the first hundred befriends the next, and random pairs befriend at once.
#   parallel.sh HOST:PORT [PEOPLE [RANDOM_FRIENDSHIPS [JOBS]]]
# GNU parallel does it where it is there, as in the reference; xargs otherwise.
set -e
. "$(dirname "${BASH_SOURCE[0]}")/calls.sh"
export EDGE=${1:-localhost:9000} PEOPLE=${2:-600}
FRIENDSHIPS=${3:-2000} JOBS=${4:-8}
NEIGHBOURS=$((PEOPLE <= 100 ? PEOPLE - 2 : 99))
answers=$(mktemp)
trap 'rm -f "$answers"' EXIT

create_person() { create_user "First$1" "Last$1" | jq -c .; }
befriend_next() { add_friend $((FIRST + $1)) $((FIRST + $1 + 1)) | jq -c '{added: .}'; }
befriend_random() { add_friend $((FIRST + RANDOM % PEOPLE)) $((FIRST + RANDOM % PEOPLE)) | jq -c '{added: .}'; }
export -f create_user add_friend create_person befriend_next befriend_random

# Calls the function $1 for each number up to $2, several at a time.
at_once() {
  if command -v parallel >/dev/null; then
    seq "$2" | parallel --jobs "$JOBS" "$1 {1}"
  else
    seq "$2" | xargs -P "$JOBS" -I '{}' bash -c "$1 {}"
  fi
}

wait_until_up
# Each answer is one short line: appending them from several processes does not mix them.
at_once create_person "$PEOPLE" >>"$answers"
jq -c '{created: .}' "$answers"
mapfile -t ids < <(jq .id "$answers" | sort -n)
export FIRST=${ids[0]}
at_once befriend_next "$NEIGHBOURS"
at_once befriend_random "$FRIENDSHIPS"
show_random_people "${ids[@]}"
