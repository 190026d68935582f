# Sourced by both generators: what the reference's scripts do first. Each service is polled through the gateway until
# its health's status is there; `$EDGE` is the gateway's host and port.
wait_until_up() {
  local name status
  for name in user friend recommendation; do
    status=""
    until [ "$status" = '"UP"' ]; do
      status=$(curl -s "http://$EDGE/$name/actuator/health" | jq .status)
      echo "$name-service: ${status:-no answer}"
      [ "$status" = '"UP"' ] || sleep 1
    done
  done
}

# Prints the answer to the creation of a user; the reference sends the charset and lets curl choose the length.
create_user() {
  curl -s -X POST "http://$EDGE/user/v1/users" \
    -H 'Content-Type: application/json; charset=utf-8' \
    -d "{\"firstName\": \"$1\",\"lastName\": \"$2\"}"
}

# An empty body under a JSON content type, as the reference sends it.
add_friend() {
  curl -s -X POST "http://$EDGE/friend/v1/users/$1/commands/addFriend?friendId=$2" \
    -H 'Content-Type: application/json; charset=utf-8' -d ""
}

# What the reference's scripts ask at their end, of random people among "$@".
show_random_people() {
  local ids=("$@")
  pick() { echo "${ids[$((RANDOM % ${#ids[@]}))]}"; }
  curl -s "http://$EDGE/friend/v1/users/$(pick)/friends" | jq -c '{friends: .}'
  curl -s "http://$EDGE/recommendation/v1/users/$(pick)/commands/findMutualFriends?friendId=$(pick)" |
    jq -c '{mutual: .}'
  curl -s "http://$EDGE/recommendation/v1/users/$(pick)/commands/recommendFriends" | jq -c '{recommended: .}'
}
