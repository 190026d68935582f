{{/*
What the services are: ports, processes, what each needs. Facts of the code, so they are not values; a test compares
them with desktop/services.py.
  database: has a PostgreSQL of its own   kafka, graph: which process speaks to them
  calls: services it asks by HTTP   workers: processes beside the web server   jobs: what must be done before them
*/}}
{{- define "social.facts" -}}
registry:
  jobs: [migrate]
  port: 8761
  database: true
  workers: []
  kafka: []
  graph: []
  calls: []
users:
  jobs: [migrate, topics]
  port: 8120
  database: true
  workers: [relay]
  kafka: [relay, topics]
  graph: []
  calls: [registry]
friends:
  jobs: [migrate, topics]
  port: 8100
  database: true
  workers: [relay, consume]
  kafka: [relay, consume, topics]
  graph: []
  calls: [registry, users]
recommendations:
  jobs: [migrate]
  port: 8110
  database: true
  workers: [consume, project]
  kafka: [consume]
  graph: [web, project]
  calls: [registry]
gateway:
  jobs: []
  database: false
  port: 9000
  workers: []
  kafka: []
  graph: []
  calls: [registry, users, friends, recommendations]
{{- end }}
