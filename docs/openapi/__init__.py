"""All services' HTTP interface, as the gateway shows it: one OpenAPI 3.1 document
(https://spec.openapis.org/oas/v3.1.1.html).

Paths, methods, descriptions and bodies come from the services' own views, by drf-spectacular; what each can be asked
and answers stands in `operations`. What the gateway answers itself is in `edge`.
"""
