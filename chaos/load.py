"""The load: threads that send the scenario's commands to the gateway, and ask again until each outcome is known."""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from chaos.client import Answer, Client, NoAnswer
from chaos.command import CREATE, DELETE, UPDATE, Command
from chaos.ledger import Ledger
from chaos.scenario import Known, Scenario

GROUPS_A_SECOND, READ_PAUSE, LONGEST_PAUSE = 25.0, 0.1, 1.0
# Apart: while one service is away its senders ask again and again, and the other's go on.
SENDERS = {"users": 5, "friends": 9}
SERVICES = {"/user": "users", "/friend": "friends", "/recommendation": "recommendations", "/eureka": "registry"}
# Decided and refused; anything else above 299 says nothing about what became of the command.
REFUSED = frozenset({400, 404, 405, 412, 415, 422})
# What was done under this key is done; whom its answer told of was deleted since.
DONE_AND_ERASED = 410


def _service(path: str) -> str:
    return SERVICES["/" + path.split("/")[1]]


class Task:
    """A command with its number, and what is known of its outcome."""

    def __init__(self, number: int, command: Command) -> None:
        self.number, self.command = number, command
        self._lock = threading.Lock()
        self._attempts = 0
        self.accepted = self.doubtful = False

    def attempt(self) -> int:
        """The next attempt's number."""
        with self._lock:
            self._attempts += 1
            return self._attempts


class Load:
    """A load on one gateway. `accepted`: how many commands were answered with success so far."""

    def __init__(self, gateway: str, registry: str, ledger: Ledger, seed: int) -> None:
        self.gateway, self.registry, self.ledger = gateway, registry, ledger
        self.known = Known()
        self._scenario = Scenario(seed, self.known)
        self._tasks: dict[str, queue.Queue[Task]] = {name: queue.Queue(number) for name, number in SENDERS.items()}
        self._lock = threading.Lock()
        self._in_flight: Counter[str] = Counter()
        self.accepted = self.sent = 0
        self.doubtful: list[Task] = []
        self._stopping, self._hopeless = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._sender, args=(self._tasks[name],), daemon=True)
            for name, number in SENDERS.items()
            for _ in range(number)
        ]
        self._threads += [threading.Thread(target=self._feed, daemon=True)]
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._reads, self._looks_up)]

    def start(self) -> None:
        """Begin."""
        for thread in (*self._threads, *self._readers):
            thread.start()

    def stop(self, seconds: float) -> bool:
        """No new commands; wait until the outcome of each is known. False: some were not, after so many seconds."""
        self._stopping.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = any(thread.is_alive() for thread in self._threads)
        self._hopeless.set()
        for thread in (*self._threads, *self._readers):
            thread.join(15.0)
        return not late

    def in_flight(self, service: str | None = None) -> int:
        """How many attempts are sent and not answered, at a service or in all."""
        with self._lock:
            return self._in_flight[service] if service else self._in_flight.total()

    def ask_doubtful_again(self) -> None:
        """After the storm: what was refused at last, after an attempt that nobody answered, is asked for once more.
        Nothing of it can still be under way then, so that what is answered now holds."""
        self._hopeless.clear()
        left = [task for task in self.doubtful if not task.accepted]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._settle, left))

    # -- commands ----------------------------------------------------------------------------------------------

    def _feed(self) -> None:
        while not self._stopping.wait(1 / GROUPS_A_SECOND):
            for command in self._scenario.next():
                self._offer(command)
        for name, number in SENDERS.items():
            for _ in range(number):
                self._tasks[name].put(Task(0, Command(kind=CREATE)))

    def _offer(self, command: Command) -> None:
        """Give it to the senders of its service; where they have enough to do, it is not sent at all."""
        tasks, task = self._tasks[_service(command.path)], Task(self.ledger.number(), command)
        with suppress(queue.Full):
            for _ in range(2 if command.twice else 1):
                tasks.put_nowait(task)

    def _sender(self, tasks: "queue.Queue[Task]") -> None:
        client = Client(self.gateway)
        while (task := tasks.get()).number:
            self._until_known(client, task)
        client.close()

    def _settle(self, task: Task) -> None:
        client = Client(self.gateway)
        self._until_known(client, task)
        client.close()

    def _until_known(self, client: Client, task: Task) -> None:
        pause = 0.1
        while not self._attempt(client, task):
            if self._hopeless.wait(random.uniform(pause / 2, pause)):  # noqa: S311 -- spreads retries
                return
            pause = min(LONGEST_PAUSE, pause * 2)

    def _attempt(self, client: Client, task: Task) -> bool:
        """Send the command once; whether its outcome is known now."""
        command, number, attempt = task.command, task.number, task.attempt()
        noted = {"request": number, "attempt": attempt, "kind": command.kind}
        with self._flying(command.path):
            self.ledger.write("send", **(command.noted() | noted))
            try:
                answer = client.send(
                    command.method, command.path, command.body, headers=command.headers(number, attempt)
                )
            except NoAnswer as error:
                self.ledger.write("broken", error=str(error), **noted)
                self._doubt(task)
                return False
            told = {"status": answer.status, "version": answer.version, "body": answer.body}
            self.ledger.write("answer", retryAfter=answer.retry_after, **told, **noted)
        return self._outcome(task, answer)

    def _outcome(self, task: Task, answer: Answer) -> bool:
        if answer.status < 300 or answer.status == DONE_AND_ERASED:
            self._accept(task, answer)
            return True
        if answer.status in REFUSED or (answer.status == 409 and answer.retry_after is None):
            return True
        if answer.status != 409:
            self._doubt(task)
        return False

    def _accept(self, task: Task, answer: Answer) -> None:
        with self._lock:
            self.accepted += not task.accepted
            task.accepted = True
        if task.command.kind == DELETE:
            self.known.left(task.command.user or 0)
        elif task.command.kind in (CREATE, UPDATE) and answer.status != DONE_AND_ERASED:
            self.known.joined(answer.body["id"], answer.version or 1)

    def _doubt(self, task: Task) -> None:
        with self._lock:
            if not task.doubtful:
                task.doubtful = True
                self.doubtful.append(task)

    @contextmanager
    def _flying(self, path: str) -> Iterator[None]:
        service = _service(path)
        with self._lock:
            self._in_flight[service] += 1
            self.sent += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight[service] -= 1

    # -- reads: so that who only answers has work in flight too --------------------------------------------------

    def _reads(self) -> None:
        chooser = random.Random()  # noqa: S311 -- whom to ask about; nothing depends on it
        verbs = ("recommendFriends", "findMutualFriends?friendId={}")

        def path() -> str:
            people = self.known.hot() or [1]
            verb = chooser.choice(verbs).format(chooser.choice(people))
            return f"/recommendation/v1/users/{chooser.choice(people)}/commands/{verb}"

        self._ask(self.gateway, path)

    def _looks_up(self) -> None:
        self._ask(self.registry, lambda: "/eureka/apps")

    def _ask(self, url: str, path: Callable[[], str]) -> None:
        client = Client(url)
        while not self._stopping.wait(READ_PAUSE):
            asked, number = path(), self.ledger.number()
            noted = {"request": number, "attempt": 1, "kind": "read"}
            with self._flying(asked):
                self.ledger.write("send", path=asked, **noted)
                try:
                    self.ledger.write("answer", status=client.send("GET", asked).status, **noted)
                except NoAnswer as error:
                    self.ledger.write("broken", error=str(error), **noted)
        client.close()
