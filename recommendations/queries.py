"""The two questions that neither the users nor the friends service could answer, as one statement each."""

from typing import Any, LiteralString

from recommendations import graph

Record = dict[str, Any]

# Who has no name has not been heard of yet, or was erased.
# Not with oneself: one's friends are no third party's friends.
MUTUAL_FRIENDS: LiteralString = """
MATCH (one:User {userId: $userId}), (other:User {userId: $friendId})
WHERE one <> other
MATCH (one)-[:FRIEND]-(mutual:User)
WHERE mutual.firstName IS NOT NULL AND (mutual)-[:FRIEND]-(other)
RETURN mutual.userId AS id, mutual.firstName AS firstName, mutual.lastName AS lastName,
       mutual.createdAt AS createdAt, mutual.lastModified AS lastModified
ORDER BY id
"""

RECOMMENDED_FRIENDS: LiteralString = """
MATCH (me:User {userId: $userId})-[:FRIEND]-(friend:User)
WITH me, collect(friend) AS friends
UNWIND friends AS friend
WITH me, friends, friend
WHERE friend.firstName IS NOT NULL
MATCH (friend)-[:FRIEND]-(candidate:User)
WITH me, friends, candidate, count(*) AS weight
WHERE candidate.firstName IS NOT NULL AND candidate <> me AND NOT candidate IN friends
WITH candidate, weight
ORDER BY weight DESC, candidate.userId
LIMIT $limit
RETURN candidate.userId AS id, candidate.firstName AS firstName, candidate.lastName AS lastName,
       candidate.createdAt AS createdAt, candidate.lastModified AS lastModified, weight
ORDER BY weight DESC, id
"""


def mutual_friends(user_id: int, friend_id: int) -> list[Record]:
    """Who is a friend of both, by id: users as the users service shows them. Raises graph.Unavailable."""
    return graph.read(MUTUAL_FRIENDS, {"userId": user_id, "friendId": friend_id})


def recommended_friends(user_id: int, *, limit: int) -> list[Record]:
    """Friends of one's friends who are not one's own: `{"user", "weight"}`, most mutual friends first, then by id.

    People whose names are not known yet are neither recommended nor counted. Raises graph.Unavailable.
    """
    found = graph.read(RECOMMENDED_FRIENDS, {"userId": user_id, "limit": limit})
    return [{"weight": row.pop("weight"), "user": row} for row in found]
