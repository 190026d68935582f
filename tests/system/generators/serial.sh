#!/usr/bin/env bash
# A client as the reference system's serial generator is one: people one after the other, then random friendships
# among them (some with oneself, some twice), each answer read with jq.
#   serial.sh HOST:PORT [PEOPLE [FRIENDSHIPS]]
set -e
. "$(dirname "${BASH_SOURCE[0]}")/calls.sh"
EDGE=${1:-localhost:9000} PEOPLE=${2:-15} FRIENDSHIPS=${3:-300}
ids=()

wait_until_up
for ((number = 1; number <= PEOPLE; number++)); do
  answer=$(create_user "First$number" "Last$number")
  echo "$answer" | jq -c '{created: .}'
  id=$(echo "$answer" | jq .id)
  [ "$id" = null ] || ids+=("$id")
done
for ((number = 1; number <= FRIENDSHIPS; number++)); do
  one=${ids[$((RANDOM % ${#ids[@]}))]}
  other=${ids[$((RANDOM % ${#ids[@]}))]}
  add_friend "$one" "$other" | jq -c '{added: .}'
done
show_random_people "${ids[@]}"
