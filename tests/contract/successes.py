"""The contract's successes."""

from tests.contract import shapes
from tests.contract.table import CREATE, JSON, Row, names, with_id_of

# Of a stream that nobody follows: nothing is waited for.
TOKEN = '"order-1";service=orders;version=1'
ADD = "POST /friend/v1/users/{new1}/commands/addFriend?friendId={new2}"

SUCCESSES = (
    Row(case="create", call=CREATE, body=names(), status=201, shape=shapes.user),
    Row(case="create, longest names", call=CREATE, body=names("a" * 255, "é" * 255), status=201, shape=shapes.user),
    Row(case="create, unknown fields", call=CREATE, body=names(age=7, tags=[]), status=201, shape=shapes.user),
    Row(
        case="create, charset",
        call=CREATE,
        body=names("Žofie", "李"),
        content_type="application/json; charset=utf-8",
        status=201,
        shape=shapes.user,
    ),
    Row(case="create, id taken", call=CREATE, body=with_id_of("ann"), status=201, shape=shapes.user),
    Row(case="create, id odd", call=CREATE, body=names(id="mine"), status=201, shape=shapes.user),
    Row(case="read", call="GET /user/v1/users/{ann}", shape=shapes.user),
    Row(case="update", call="PUT /user/v1/users/{new}", body=with_id_of("new"), shape=shapes.user),
    Row(case="update, no id", call="PUT /user/v1/users/{new}", body=names(), shape=shapes.user),
    Row(case="update, unknown fields", call="PUT /user/v1/users/{new}", body=names(age=7), shape=shapes.user),
    *(
        Row(case=f"delete, {kind}", call="DELETE /user/v1/users/{new}", content_type=kind, status=204, shape=None)
        for kind in (None, JSON, "text/plain")
    ),
    *(
        Row(case=f"add a friend, {kind}", call=ADD, content_type=kind, status=201, shape=shapes.friend)
        for kind in (None, JSON, "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded")
    ),
    Row(
        case="remove a friend",
        call="POST /friend/v1/users/{new1}/commands/removeFriend?friendId={new_friend_of_new1}",
        status=204,
        shape=None,
    ),
    Row(case="friends", call="GET /friend/v1/users/{ann}/friends", shape=shapes.friends),
    Row(case="friends, none", call="GET /friend/v1/users/{new}/friends", shape=shapes.empty),
    Row(case="a friend record", call="GET /friend/v1/friends/{friendship}", shape=shapes.friend),
    Row(
        case="mutual friends",
        call="GET /recommendation/v1/users/{ann}/commands/findMutualFriends?friendId={cid}",
        shape=shapes.users,
    ),
    Row(
        case="mutual friends, none",
        call="GET /recommendation/v1/users/{ann}/commands/findMutualFriends?friendId={new}",
        shape=shapes.empty,
    ),
    Row(
        case="recommendations",
        call="GET /recommendation/v1/users/{ann}/commands/recommendFriends",
        shape=shapes.recommendations,
    ),
    Row(
        case="recommendations, none",
        call="GET /recommendation/v1/users/{new}/commands/recommendFriends",
        shape=shapes.empty,
    ),
    Row(
        case="recommendations of an unknown user",
        call="GET /recommendation/v1/users/{unknown}/commands/recommendFriends",
        shape=shapes.empty,
    ),
    *(
        Row(
            case="mutual friends of an unknown user",
            call=f"GET /recommendation/v1/users/{one}/commands/findMutualFriends?friendId={other}",
            shape=shapes.empty,
        )
        for one, other in (("{unknown}", "{ann}"), ("{ann}", "{unknown}"))
    ),
    Row(case="feed of users", call="GET /user/v1/events?limit=2", shape=shapes.feed),
    Row(case="feed of one user", call="GET /user/v1/events?stream=user-{ann}", shape=shapes.feed),
    Row(case="feed of friends", call="GET /friend/v1/events?type=FRIEND_ADDED", shape=shapes.feed),
    Row(case="feed of recommendations", call="GET /recommendation/v1/events?limit=2", shape=shapes.log_feed),
    *(
        Row(case="feed, from now on", call=f"GET /{prefix}/v1/events?cursor=end&stream=nobody", shape=shapes.empty)
        for prefix in ("user", "friend", "recommendation")
    ),
    *(
        Row(case="health", call=f"GET {prefix}/actuator/health", shape=shapes.up)
        for prefix in ("", "/user", "/friend", "/recommendation")
    ),
    *(
        Row(case=f"{what} with a token", call=call, shape=shape, headers={"Consistency-Token": TOKEN})
        for what, call, shape in (
            ("a user", "GET /user/v1/users/{ann}", shapes.user),
            ("a friend record", "GET /friend/v1/friends/{friendship}", shapes.friend),
            (
                "recommendations",
                "GET /recommendation/v1/users/{ann}/commands/recommendFriends",
                shapes.recommendations,
            ),
        )
    ),
    Row(case="routes", call="GET /actuator/gateway/routes", shape=shapes.routes),
)
