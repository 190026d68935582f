"""What is hit follows from the seed alone, and leaves nobody out."""

from collections import Counter
from itertools import islice

from chaos import plan
from chaos.plan import ANEW, KILL, PAUSE, RESTART, WORKER, Hit

ENGINES = ["PostgreSQL", "Apache Kafka", "Neo4j"]
ROUND = 2 * len(plan.PROCESSES) + len(plan.STANDBYS) + len(ENGINES) + 6


def a_round(seed: int) -> list[Hit]:
    """The first round's hits."""
    return list(islice(plan.hits(seed, ENGINES), ROUND))


def test_a_seed_is_a_plan() -> None:
    assert a_round(7) == a_round(7)
    assert a_round(7) != a_round(8)


def test_in_each_round_every_process_is_killed_twice_every_standby_and_every_engine_once() -> None:
    kills = Counter(hit.target for hit in a_round(7) if hit.how == KILL)
    assert kills == dict.fromkeys(plan.PROCESSES, 2) | dict.fromkeys((*plan.STANDBYS, *ENGINES), 1)


def test_in_each_round_somebody_is_stopped_and_restarted_and_a_topic_is_made_anew() -> None:
    assert Counter(hit.how for hit in a_round(7) if hit.how != KILL) == {PAUSE: 3, RESTART: 1, ANEW: 1, WORKER: 1}


def test_each_web_server_engine_and_topic_has_its_turn_of_what_is_rare() -> None:
    rounds = list(islice(plan.hits(7, ENGINES), len(plan.WEB) * ROUND))
    assert {hit.target for hit in rounds if hit.how == WORKER} == set(plan.WEB)
    assert {hit.target for hit in rounds if hit.how == RESTART} == set(ENGINES)
    assert {hit.target for hit in rounds if hit.how == ANEW} == set(plan.TOPICS)


def test_twenty_minutes_have_more_than_a_hundred_and_twenty_kills_in_them() -> None:
    passed = kills = 0.0
    for hit in plan.hits(7, ENGINES):
        # The killer may wait: on a busy machine some seconds more for each.
        passed += hit.after + 3.0
        if passed > 20 * 60:
            break
        kills += hit.how in (KILL, WORKER)
    assert kills > 120


def test_only_who_is_stopped_is_stopped_for_a_time() -> None:
    assert all((hit.paused > 0) == (hit.how == PAUSE) for hit in a_round(7))
