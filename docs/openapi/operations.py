"""What each operation of the services can be asked, and what it answers, beside what their code says itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docs.openapi import fields
from docs.openapi.answers import ALWAYS, Answer, Answers, shared, success
from docs.openapi.fields import Field, headers
from docs.openapi.shapes import ANY_ID, reference, several

TOKEN = {"Consistency_Token": "ConsistencyToken", "Consistency_Token_Omitted": "TokenOmitted"}
COMMAND = ("IdempotencyKey", "ConsistencyToken")
KEY_ANSWERS = (409, 410, 422)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """`parameters`: names of components. `query`: its own. `errors`: statuses beside those that can always come.

    `body`: the schema of the JSON body; `serializer`: whose declaration that is.
    """

    id: str
    success: Mapping[int, Answer]
    parameters: tuple[str, ...] = ()
    query: tuple[Field, ...] = ()
    errors: tuple[int, ...] = ()
    body: Mapping[str, Any] | None = None
    serializer: str | None = None
    path: Mapping[str, Any] = field(default_factory=lambda: ANY_ID)

    def answers(self) -> Answers:
        """All answers by status."""
        own = {str(status): answer for status, answer in self.success.items()}
        return dict(sorted({**own, **shared(*ALWAYS, *self.errors)}.items()))


def link(operation: str, description: str, *, body: Any = None, **parameters: str) -> dict[str, Any]:
    """From an answer to an operation that can follow it; `parameters` are runtime expressions."""
    found: dict[str, Any] = {"operationId": operation, "description": description, "parameters": parameters}
    return found | ({"requestBody": body} if body is not None else {})


def _reading(schema: Mapping[str, Any], *, links: Mapping[str, Any] | None = None) -> Mapping[int, Answer]:
    return {200: success("It is so.", dict(schema), fields=headers(ETag="ETag", **TOKEN), links=links)}


def _listing(schema: Mapping[str, Any], description: str) -> Mapping[int, Answer]:
    return {200: success(description, dict(schema), fields=headers(ETag="ETag", Link="Link"))}


def _feed(service: str, cursor: str) -> Operation:
    page = success("A page, or an endless stream.", several("FeedItem"), fields=headers(Link="Link"))
    page["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    return Operation(
        id=f"{service}Feed",
        success={200: page},
        query=(
            fields.query(
                "cursor", {"type": "string", "pattern": cursor}, "Of an item or a `Link`; `end`: what comes."
            ),
            fields.limit(100, 500),
            fields.query("stream", {"type": "string", "maxLength": 200, "pattern": NO_NUL}, "Of this stream only."),
            fields.query("type", {"type": "string", "maxLength": 100, "pattern": NO_NUL}, "Of this type only."),
        ),
        errors=(410,),
    )


def _history(name: str) -> Operation:
    return Operation(
        id=name,
        success=_listing(several("HistoryEntry"), "The events, the first first."),
        parameters=("IfNoneMatch",),
        query=(fields.limit(100, 1000), fields.query("after", ANY_ID, "Those behind this version.")),
        errors=(304, 404),
    )


SEQUENCE = "^(end|[0-9]{0,18})$"
PLACES = "^(end|[A-Za-z0-9_-]{0,4000})$"
NO_NUL = "^[^\\u0000]*$"
USER_LINKS = {
    "read": link("readUser", "The user.", userId="$response.body#/id"),
    "update": link("updateUser", "Change it.", userId="$response.body#/id"),
    "delete": link("deleteUser", "Erase it.", userId="$response.body#/id"),
    "history": link("userHistory", "How it came about.", userId="$response.body#/id"),
    "befriend": link("addFriend", "Befriend somebody.", userId="$response.body#/id"),
    "befriended": link("addFriend", "Be befriended.", friendId="$response.body#/id"),
    "friends": link("listFriends", "Friends.", userId="$response.body#/id"),
    "recommended": link("recommendFriends", "Whom to know.", userId="$response.body#/id"),
}
FRIEND_LINKS = {
    "read": link("readFriendRecord", "The record.", friendshipId="$response.body#/id"),
    "history": link("friendHistory", "How it came about.", friendshipId="$response.body#/id"),
    "end": link("removeFriend", "End it.", userId="$response.body#/userId", friendId="$response.body#/friendId"),
    "mutual": link(
        "findMutualFriends", "Common friends.", userId="$response.body#/userId", friendId="$response.body#/friendId"
    ),
    "friends": link("listFriends", "All friends.", userId="$response.body#/userId"),
}
USERS = {
    "GET /v1/users": Operation(
        id="listUsers",
        success=_listing(several("User"), "A page of users by id."),
        parameters=("IfNoneMatch",),
        query=(
            fields.limit(50, 200),
            fields.CURSOR,
            fields.query("name", {"type": "string", "pattern": NO_NUL}, "The beginning of a name, in any case."),
        ),
        errors=(304,),
    ),
    "POST /v1/users": Operation(
        id="createUser",
        success={
            201: success("The new user.", reference("User"), fields=headers(ETag="ETag", **TOKEN), links=USER_LINKS)
        },
        parameters=COMMAND,
        errors=(415, *KEY_ANSWERS),
        body=reference("UserInput"),
        serializer="users.serializers.UserInput",
    ),
    "GET /v1/users/{userId}": Operation(
        id="readUser",
        success=_reading(reference("User"), links=USER_LINKS),
        parameters=("IfNoneMatch", "ConsistencyToken"),
        query=(fields.AS_OF,),
        errors=(304, 404),
    ),
    "PUT /v1/users/{userId}": Operation(
        id="updateUser",
        success=_reading(reference("User")),
        parameters=("IfMatch", *COMMAND),
        errors=(404, 412, 415, *KEY_ANSWERS),
        body={
            "allOf": [
                reference("UserInput"),
                {
                    "type": "object",
                    "properties": {"id": {"type": ["integer", "null"], "description": "That of the path, if any."}},
                },
            ]
        },
        serializer="users.serializers.UserInput",
    ),
    "DELETE /v1/users/{userId}": Operation(
        id="deleteUser",
        success={204: success("It is erased.", fields=headers(**TOKEN))},
        parameters=("IfMatch", *COMMAND),
        errors=(404, 412, *KEY_ANSWERS),
    ),
    "GET /v1/users/{userId}/history": _history("userHistory"),
    "GET /v1/events": _feed("user", SEQUENCE),
}
FRIENDS = {
    "POST /v1/users/{userId}/commands/addFriend": Operation(
        id="addFriend",
        success={
            201: success(
                "They are friends.",
                reference("FriendRecord"),
                fields=headers(ETag="ETag", **TOKEN),
                links=FRIEND_LINKS,
            )
        },
        parameters=COMMAND,
        query=(fields.FRIEND_ID,),
        errors=(404, *KEY_ANSWERS),
    ),
    "POST /v1/users/{userId}/commands/removeFriend": Operation(
        id="removeFriend",
        success={204: success("They are friends no longer.", fields=headers(ETag="ETag", **TOKEN))},
        parameters=("IfMatch", *COMMAND),
        query=(fields.FRIEND_ID,),
        errors=(404, 412, *KEY_ANSWERS),
    ),
    "GET /v1/users/{userId}/friends": Operation(
        id="listFriends",
        success=_listing(several("FriendRecord"), "The friends, by their ids."),
        parameters=("IfNoneMatch",),
        query=(fields.limit(None, 1000), fields.CURSOR),
        errors=(304,),
    ),
    "GET /v1/friends/{friendshipId}": Operation(
        id="readFriendRecord",
        success=_reading(reference("FriendRecord"), links=FRIEND_LINKS),
        parameters=("IfNoneMatch", "ConsistencyToken"),
        query=(fields.AS_OF,),
        errors=(304, 404),
    ),
    "GET /v1/friends/{friendshipId}/history": _history("friendHistory"),
    "GET /v1/events": _feed("friend", SEQUENCE),
}
GRAPH = headers(ETag="ETag", Projection_Lag="ProjectionLag", Preference_Applied="PreferenceApplied")
WAITING = ("IfNoneMatch", "AwaitedToken", "Prefer")
RECOMMENDATIONS = {
    "GET /v1/users/{userId}/commands/findMutualFriends": Operation(
        id="findMutualFriends",
        success={200: success("Friends of both, by id.", several("User"), fields=GRAPH)},
        parameters=WAITING,
        query=(fields.FRIEND_ID,),
        errors=(304,),
    ),
    "GET /v1/users/{userId}/commands/recommendFriends": Operation(
        id="recommendFriends",
        success={200: success("The most mutual friends first.", several("Recommendation"), fields=GRAPH)},
        parameters=WAITING,
        query=(fields.limit(20, 100),),
        errors=(304,),
    ),
    "GET /v1/events": _feed("recommendation", PLACES),
}
OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "users": USERS,
    "friends": FRIENDS,
    "recommendations": RECOMMENDATIONS,
}
