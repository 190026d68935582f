"""Python runtime: what a dashboard of a JVM shows, for Python, of each application and instance."""

from helm.dashboards.edge import SECONDS, VIEWS
from helm.dashboards.panels import Dashboard, Panel, Query, Row, Variable, quantiles, query, rate, share

CHOSEN = 'service=~"$service", process=~"$process", instance=~"$instance"'
# A web server's workers are processes of their own; what is no web server has no such label.
BY = ("service", "process", "instance", "worker")
NAMED = "{{service}} {{process}} {{instance}} {{worker}}"
BY_INSTANCE = ("service", "process", "instance")
OF_INSTANCE = "{{service}} {{process}} {{instance}}"


def _each(metric: str) -> str:
    return f"{metric}{{{CHOSEN}}}"


PROCESS = Row(
    title="Processor and memory",
    panels=(
        Panel(
            title="Processors",
            meaning="How many it takes; Python takes one at most, but for what C does meanwhile.",
            queries=query(rate("process_cpu_seconds_total", *BY, chosen=CHOSEN), NAMED),
        ),
        Panel(
            title="Resident memory",
            meaning="What it has of the machine's memory.",
            queries=query(_each("process_resident_memory_bytes"), NAMED),
            unit="bytes",
        ),
        Panel(
            title="Virtual memory",
            meaning="What it has asked for.",
            queries=query(_each("process_virtual_memory_bytes"), NAMED),
            unit="bytes",
        ),
    ),
)
GARBAGE = Row(
    title="Garbage collector",
    panels=(
        Panel(
            title="Runs",
            meaning="By generation; those of the oldest go through everything.",
            queries=query(
                rate("python_gc_collections_total", *BY_INSTANCE, "generation", chosen=CHOSEN),
                f"{OF_INSTANCE} generation {{{{generation}}}}",
            ),
            unit="cps",
        ),
        Panel(
            title="Freed objects",
            meaning="Cycles that the collector found; most objects go without it.",
            queries=query(rate("python_gc_objects_collected_total", *BY_INSTANCE, chosen=CHOSEN), OF_INSTANCE),
            unit="cps",
        ),
        Panel(
            title="Objects that cannot be freed",
            meaning="Since the start. Not 0: a leak.",
            queries=query(
                f"sum by ({', '.join(BY_INSTANCE)}) ({_each('python_gc_objects_uncollectable_total')})", NAMED
            ),
        ),
    ),
)
LIMITS = Row(
    title="Threads, files, uptime",
    panels=(
        Panel(title="Threads", meaning="Of Python.", queries=query(_each("python_threads"), NAMED)),
        Panel(
            title="File descriptors",
            meaning="Of the most that it may have open.",
            queries=query(f"{_each('process_open_fds')} / {_each('process_max_fds')}", NAMED),
            unit="percentunit",
        ),
        Panel(
            title="Uptime",
            meaning="A line that falls to 0: it was started anew.",
            queries=query(f"time() - {_each('process_start_time_seconds')}", NAMED),
            unit="s",
        ),
        Panel(
            title="Open files",
            meaning="File descriptors, sockets too.",
            queries=query(_each("process_open_fds"), NAMED),
        ),
        Panel(
            title="Loops",
            meaning="Relays, consumers, projectors: how long ago each last went round.",
            queries=query(f"time() - {_each('worker_heartbeat_timestamp_seconds')}", OF_INSTANCE),
            unit="s",
        ),
        Panel(
            title="Clients",
            meaning="Web servers: open connections, by worker.",
            queries=query(_each("web_client_connections"), NAMED),
        ),
    ),
)
REQUESTS = Row(
    title="Requests",
    panels=(
        Panel(
            title="Requests",
            meaning="Of the Django services, by instance; the gateway's are on the page of the edge.",
            queries=query(rate(VIEWS, *BY_INSTANCE, chosen=CHOSEN), OF_INSTANCE),
            unit="reqps",
        ),
        Panel(
            title="Errors",
            meaning="4xx and 5xx.",
            queries=tuple(
                Query(
                    expr=share(
                        rate(VIEWS, *BY_INSTANCE, chosen=f'{CHOSEN}, status=~"{digit}.."'),
                        rate(VIEWS, *BY_INSTANCE, chosen=CHOSEN),
                    ),
                    legend=f"{OF_INSTANCE} {digit}xx",
                )
                for digit in (4, 5)
            ),
            unit="percentunit",
        ),
        Panel(
            title="Duration",
            meaning="Within the service.",
            queries=quantiles(SECONDS, *BY_INSTANCE, chosen=CHOSEN),
            unit="s",
        ),
    ),
)

DASHBOARD = Dashboard(
    name="runtime",
    title="Social network: Python runtime",
    meaning="Processor, memory, garbage, threads, files and requests of each application and instance.",
    variables=(
        Variable(name="service", query="label_values(process_cpu_seconds_total, service)"),
        Variable(name="process", query='label_values(process_cpu_seconds_total{service=~"$service"}, process)'),
        Variable(
            name="instance",
            query='label_values(process_cpu_seconds_total{service=~"$service", process=~"$process"}, instance)',
        ),
    ),
    rows=(PROCESS, GARBAGE, LIMITS, REQUESTS),
)
