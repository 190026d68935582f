"""A service with py-eureka-client, as its own documentation starts it. Does what it reads, a word a line:

`show`: one line of JSON, for each instance of the app that it looks at: id, status, port, metadata;
`away`: says that it is out of service; `leave`: leaves the registry and ends.

    python -m tests.integration.registry.stranger REGISTRY_URL APP PORT LOOKS_AT
"""

import asyncio
import json
import sys

from py_eureka_client.eureka_client import EurekaClient


async def run(url: str, app: str, port: int, looks_at: str) -> None:
    """Until it is told to leave."""
    client = EurekaClient(
        eureka_server=f"{url}/eureka/",
        app_name=app,
        instance_port=port,
        instance_ip="127.0.0.1",
        instance_host="127.0.0.1",
        renewal_interval_in_secs=1,
        duration_in_secs=15,
        metadata={"colour": "<blue>"},
    )
    await client.start()
    while (word := (await asyncio.to_thread(sys.stdin.readline)).strip()) not in {"leave", ""}:
        if word == "away":
            await client.status_update("OUT_OF_SERVICE")
        found = client.applications.get_application(looks_at).instances if word == "show" else []
        rows = [(one.instanceId, one.status, one.port.port, one.metadata.get("colour")) for one in found]
        sys.stdout.write(json.dumps(rows) + "\n")
        sys.stdout.flush()
    await client.stop()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
