"""The contract's errors, each case with all its variants."""

from collections.abc import Mapping

from tests.contract.table import CREATE, UPDATE, Row, json_of, names, with_id_of

BAD_NAMES: Mapping[str, object] = {
    "null": None,
    "empty": "",
    "blank": " \u2003 ",
    "a number": 7,
    "a boolean": True,
    "a list": ["Ann"],
    "an object": {"name": "Ann"},
    "256 characters": "a" * 256,
    "a NUL": "An\x00n",
    "a line break": "An\nn",
    "a tab": "An\tn",
    "a bell": "An\x07n",
    "a DEL": "An\x7fn",
    "a C1 control": "An\x85n",
}
NAMES: Mapping[str, object] = {"firstName": "Ann", "lastName": "Lee"}
BOTH = frozenset({"firstName", "lastName"})


def _bad_names() -> list[Row]:
    rows = []
    for call in (CREATE, UPDATE):
        for what, value in BAD_NAMES.items():
            for name in sorted(BOTH):
                body = json_of({**NAMES, name: value})
                rows.append(Row(case=f"{name} is {what}", call=call, body=body, status=400, names=frozenset({name})))
            both = json_of(dict.fromkeys(BOTH, value))
            rows.append(Row(case=f"both names are {what}", call=call, body=both, status=400, names=BOTH))
        for name in sorted(BOTH):
            body = json_of({other: NAMES[other] for other in BOTH - {name}})
            rows.append(Row(case=f"{name} missing", call=call, body=body, status=400, names=frozenset({name})))
        rows.append(Row(case="both names missing", call=call, body=json_of({}), status=400, names=BOTH))
    return rows


BAD_BODIES: Mapping[str, bytes] = {
    "empty": b"",
    "cut off": b'{"firstName": "Ann"',
    "not JSON": b"firstName=Ann&lastName=Lee",
    "not UTF-8": b'{"firstName": "\xff", "lastName": "Lee"}',
    "half a surrogate pair": rb'{"firstName": "An\ud800n", "lastName": "Lee"}',
    "a list": b'[{"firstName": "Ann", "lastName": "Lee"}]',
    "a string": b'"Ann Lee"',
    "a number": b"7",
    "null": b"null",
}


def _bad_bodies() -> list[Row]:
    rows = [
        Row(case=f"body {what}", call=call, body=body, status=400)
        for call in (CREATE, UPDATE)
        for what, body in BAD_BODIES.items()
    ]
    kinds = ("text/plain", "application/xml", "application/x-www-form-urlencoded", "application/octet-stream", None)
    return rows + [
        Row(case=f"content type {kind}", call=call, body=names(), content_type=kind, status=415)
        for call in (CREATE, UPDATE)
        for kind in kinds
    ]


BAD_NUMBERS = ("abc", "1.5", "1e3", "1_0", "0x1", "9223372036854775808", "1" + "0" * 40)
FRIEND_COMMANDS = (
    "POST /friend/v1/users/{user}/commands/addFriend{query}",
    "POST /friend/v1/users/{user}/commands/removeFriend{query}",
    "GET /recommendation/v1/users/{user}/commands/findMutualFriends{query}",
)


def _bad_ids() -> list[Row]:
    rows = []
    queries = ["", "?friendId=", *(f"?friendId={number}" for number in (*BAD_NUMBERS, "0", "-1", "-" + "9" * 30))]
    for command in FRIEND_COMMANDS:
        for query in queries:
            call = command.replace("{user}", "{ann}").replace("{query}", query)
            rows.append(Row(case="friendId", call=call, status=400))
    paths = [
        "GET /user/v1/users/{user}",
        "DELETE /user/v1/users/{user}",
        "GET /friend/v1/users/{user}/friends",
        "GET /friend/v1/friends/{user}",
        "GET /recommendation/v1/users/{user}/commands/recommendFriends",
        *(command.replace("{query}", "?friendId={bob}") for command in FRIEND_COMMANDS),
    ]
    for path in paths:
        rows += [Row(case="path id", call=path.replace("{user}", number), status=400) for number in BAD_NUMBERS]
    update = "PUT /user/v1/users/{user}"
    return rows + [
        Row(case="path id", call=update.replace("{user}", number), body=names(), status=400) for number in BAD_NUMBERS
    ]


def _wrong_methods() -> list[Row]:
    offered = {
        "PATCH /user/v1/users": {"POST"},
        "DELETE /user/v1/users": {"GET", "POST"},
        "POST /user/v1/users/{ann}": {"GET", "PUT", "DELETE"},
        "PATCH /user/v1/users/{ann}": {"GET", "PUT", "DELETE"},
        "GET /friend/v1/users/{ann}/commands/addFriend?friendId={bob}": {"POST"},
        "PUT /friend/v1/users/{ann}/commands/removeFriend?friendId={bob}": {"POST"},
        "POST /friend/v1/users/{ann}/friends": {"GET"},
        "DELETE /friend/v1/friends/{friendship}": {"GET"},
        "POST /recommendation/v1/users/{ann}/commands/findMutualFriends?friendId={bob}": {"GET"},
        "POST /recommendation/v1/users/{ann}/commands/recommendFriends": {"GET"},
        "POST /user/v1/events": {"GET"},
        "DELETE /recommendation/v1/events": {"GET"},
        "POST /user/actuator/health": {"GET", "HEAD"},
        "PUT /actuator/health": {"GET", "HEAD"},
        "DELETE /actuator/gateway/routes": {"GET", "HEAD"},
        "POST /docs/openapi.json": {"GET", "HEAD"},
    }
    return [
        Row(case="wrong method", call=call, status=405, allow=frozenset(allow)) for call, allow in offered.items()
    ]


ERRORS = (
    *_bad_names(),
    *_bad_bodies(),
    *_bad_ids(),
    *_wrong_methods(),
    Row(case="read of an unknown id", call="GET /user/v1/users/{unknown}", status=404),
    Row(case="read of the largest id", call="GET /user/v1/users/9223372036854775807", status=404),
    Row(case="deletion of an unknown id", call="DELETE /user/v1/users/{unknown}", status=404),
    Row(case="update of an unknown id", call="PUT /user/v1/users/{unknown}", body=names(), status=404),
    Row(
        case="id in the body differs from the path",
        call=UPDATE,
        body=with_id_of("bob"),
        status=400,
    ),
    Row(case="befriend oneself", call="POST /friend/v1/users/{ann}/commands/addFriend?friendId={ann}", status=400),
    Row(case="friend record unknown", call="GET /friend/v1/friends/{unknown}", status=404),
    *(
        Row(
            case="friendship exists",
            call=f"POST /friend/v1/users/{one}/commands/addFriend?friendId={other}",
            status=409,
        )
        for one, other in (("{ann}", "{bob}"), ("{bob}", "{ann}"))
    ),
    Row(
        case="remove a friendship that does not exist",
        call="POST /friend/v1/users/{ann}/commands/removeFriend?friendId={new}",
        status=404,
    ),
    *(
        Row(
            case="limit of recommendations",
            call=f"GET /recommendation/v1/users/{{ann}}/commands/recommendFriends?limit={limit}",
            status=400,
        )
        for limit in ("0", "-1", "101", "many")
    ),
    *(
        Row(case="page of a history", call=f"GET {path}/history?{query}", status=400, names=frozenset({name}))
        for path in ("/user/v1/users/{ann}", "/friend/v1/friends/{friendship}")
        for query, name in (("limit=0", "limit"), ("limit=1001", "limit"), ("after=x", "after"))
    ),
    *(
        Row(case="a token that is none", call=call, body=body, status=400, headers={"Consistency-Token": "user-1"})
        for call, body in (
            (CREATE, names()),
            (UPDATE, names()),
            ("GET /user/v1/users/{ann}", None),
            ("POST /friend/v1/users/{new1}/commands/addFriend?friendId={new2}", None),
            ("GET /friend/v1/friends/{friendship}", None),
            ("GET /recommendation/v1/users/{ann}/commands/recommendFriends", None),
            ("GET /recommendation/v1/users/{ann}/commands/findMutualFriends?friendId={bob}", None),
        )
    ),
    *(
        Row(case="feed", call=f"GET /{prefix}/v1/events?{query}", status=400, names=frozenset({name}))
        for prefix in ("user", "friend", "recommendation")
        for name, query in (("cursor", "cursor=@"), ("limit", "limit=0"), ("limit", "limit=501"))
    ),
    Row(case="feed, a cursor beyond its end", call="GET /user/v1/events?cursor=9223372036854775807", status=410),
    *(
        Row(case="no such route", call=f"GET {path}", status=404)
        for path in (
            "/nowhere",
            "/user/v1/nothing",
            "/friend/v1/nothing",
            "/recommendation/v1/nothing",
            "/users/v1/users",
        )
    ),
)
