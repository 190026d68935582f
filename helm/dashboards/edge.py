"""Edge: rate, errors and duration of each route and each instance, and what the gateway does in trouble."""

from helm.dashboards.panels import Dashboard, Panel, Query, Row, Variable, largest, quantiles, query, rate, share

ROUTE = 'route=~"$route"'
RESPONSES = "gateway_responses_total"
OURS = 'service=~"$service"'
VIEWS = "django_http_responses_total_by_status_view_method_total"
SECONDS = "django_http_requests_latency_seconds_by_view_method"
BY_INSTANCE = ("service", "instance")
INSTANCE = "{{service}} {{instance}}"
BY_VIEW = rate(f"{SECONDS}_bucket", "le", "service", "view", "method", chosen=OURS)

RED = Row(
    title="Routes",
    panels=(
        Panel(
            title="Requests",
            meaning="Answered by the gateway, by route (gateway: its own pages, and what belongs to no route).",
            queries=query(rate(RESPONSES, "route", chosen=ROUTE), "{{route}}"),
            unit="reqps",
        ),
        Panel(
            title="Errors",
            meaning="5xx of all answers. Alarm: GatewayErrors.",
            queries=query(
                share(
                    rate(RESPONSES, "route", chosen=f'{ROUTE}, status="5xx"'), rate(RESPONSES, "route", chosen=ROUTE)
                ),
                "{{route}}",
            ),
            unit="percentunit",
        ),
        Panel(
            title="Duration",
            meaning="From sending a request to an instance until the head of its answer.",
            queries=quantiles("gateway_upstream_latency_seconds", "route", chosen=ROUTE),
            unit="s",
        ),
        Panel(
            title="Answers by class of status",
            meaning="Of the chosen routes.",
            queries=query(rate(RESPONSES, "status", chosen=ROUTE), "{{status}}"),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Instances",
            meaning="That are up, as the gateways know them; the least of what they know. Alarm: GatewayErrors.",
            queries=query(f"min by (route) (gateway_instances{{{ROUTE}}})", "{{route}}"),
        ),
        Panel(
            title="Under way",
            meaning="Requests that instances are at work on.",
            queries=query(f"sum by (route) (gateway_requests_in_flight{{{ROUTE}}})", "{{route}}"),
        ),
    ),
)
TROUBLE = Row(
    title="Trouble",
    panels=(
        Panel(
            title="Retries",
            meaning="Requests tried again, by why.",
            queries=query(rate("gateway_retries_total", "reason", chosen=ROUTE), "{{reason}}"),
            unit="reqps",
        ),
        Panel(
            title="No instance answered",
            meaning="By why. client_gone: the client did not wait.",
            queries=query(rate("gateway_failures_total", "route", "kind", chosen=ROUTE), "{{route}} {{kind}}"),
            unit="reqps",
        ),
        Panel(
            title="Rate-limited",
            meaning="Refused, because the client's quota was used up.",
            queries=query(rate("gateway_rate_limited_total", "instance"), "{{instance}}"),
            unit="reqps",
        ),
        Panel(
            title="Retries denied",
            meaning="Another instance might have answered, but the budget for retries was used up.",
            queries=query(rate("gateway_retries_denied_total", "route", chosen=ROUTE), "{{route}}"),
            unit="reqps",
        ),
        Panel(
            title="Breakers",
            meaning="Instances by what is let through to them, over all workers. half_open: one request at a time.",
            queries=query(f"sum by (route, state) (gateway_breakers{{{ROUTE}}})", "{{route}} {{state}}"),
            stacked=True,
        ),
        Panel(
            title="Breakers that opened",
            meaning="refused: the instance took no connection; failures: several in a row.",
            queries=query(rate("gateway_ejections_total", "route", "reason", chosen=ROUTE), "{{route}} {{reason}}"),
            unit="cps",
        ),
    ),
)
GATEWAYS = Row(
    title="Gateways",
    panels=(
        Panel(
            title="Requests",
            meaning="By instance of the gateway.",
            queries=query(rate(RESPONSES, "instance", chosen=ROUTE), "{{instance}}"),
            unit="reqps",
        ),
        Panel(
            title="Errors",
            meaning="5xx of all answers, by instance of the gateway.",
            queries=query(
                share(
                    rate(RESPONSES, "instance", chosen=f'{ROUTE}, status="5xx"'),
                    rate(RESPONSES, "instance", chosen=ROUTE),
                ),
                "{{instance}}",
            ),
            unit="percentunit",
        ),
        Panel(
            title="Duration",
            meaning="Until the head of an instance's answer, by instance of the gateway.",
            queries=quantiles("gateway_upstream_latency_seconds", "instance", chosen=ROUTE),
            unit="s",
        ),
        Panel(
            title="Clients",
            meaning="Open connections of clients.",
            queries=query(
                'sum by (instance) (web_client_connections{service="gateway"})',
                "{{instance}}",
            ),
        ),
        Panel(
            title="Kept connections",
            meaning="To instances.",
            queries=query(f"sum by (route) (gateway_idle_connections{{{ROUTE}}})", "{{route}}"),
        ),
        Panel(
            title="Registry",
            meaning="1: it answered each gateway when last asked. Alarm: RegistryLost.",
            queries=query("min by (instance) (gateway_registry_answers)", "{{instance}}"),
        ),
    ),
)
INSTANCES = Row(
    title="Instances of the services",
    panels=(
        Panel(
            title="Requests",
            meaning="By instance; whoever asks.",
            queries=query(rate(VIEWS, *BY_INSTANCE, chosen=OURS), INSTANCE),
            unit="reqps",
        ),
        Panel(
            title="Errors",
            meaning="5xx of all answers.",
            queries=query(
                share(
                    rate(VIEWS, *BY_INSTANCE, chosen=f'{OURS}, status=~"5.."'), rate(VIEWS, *BY_INSTANCE, chosen=OURS)
                ),
                INSTANCE,
            ),
            unit="percentunit",
        ),
        Panel(
            title="Duration",
            meaning="Of a request within the service.",
            queries=quantiles(SECONDS, *BY_INSTANCE, chosen=OURS),
            unit="s",
        ),
        Panel(
            title="Duration by view",
            meaning="The 95th percentile.",
            queries=query(
                f"histogram_quantile(0.95, {BY_VIEW})",
                "{{service}} {{method}} {{view}}",
            ),
            unit="s",
            width=12,
        ),
        Panel(
            title="Asked by friends",
            meaning="Questions to the users service about somebody whom the directory does not know yet, by answer.",
            queries=query(rate("friends_directory_asks_total", "answer"), "{{answer}}"),
            unit="reqps",
            width=12,
        ),
    ),
)
REGISTRY = Row(
    title="Registry",
    panels=(
        Panel(
            title="Leases",
            meaning="By status.",
            queries=query(largest("registry_leases", "status"), "{{status}}"),
            stacked=True,
        ),
        Panel(
            title="Renewals and changes",
            meaning="unknown: of a lease that is not there, its instance registers again.",
            queries=(
                Query(expr=rate("registry_renewals_total", "result"), legend="{{result}}"),
                Query(expr=rate("registry_changes_total", "action"), legend="{{action}}"),
                Query(expr=rate("registry_evictions_total"), legend="ran out"),
            ),
            unit="cps",
        ),
        Panel(
            title="Registered",
            meaning="1: the registry has the lease of each service's instance. preserving: 1 while leases that ran "
            "out are given out. Alarm: RegistryLost.",
            queries=(
                Query(expr="min by (service) (service_registered)", legend="{{service}}"),
                Query(expr=largest("registry_preserving"), legend="preserving"),
            ),
        ),
    ),
)

DASHBOARD = Dashboard(
    name="edge",
    title="Social network: edge",
    meaning="Rate, errors and duration by route and by instance; retries, and who is up.",
    variables=(
        Variable(name="route", query="label_values(gateway_responses_total, route)"),
        Variable(name="service", query=f"label_values({VIEWS}, service)"),
    ),
    rows=(RED, TROUBLE, GATEWAYS, INSTANCES, REGISTRY),
)
