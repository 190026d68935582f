{{/*
Three probes, three questions. startup: has it begun? (until then the others wait) readiness: can it do its work now?
(else it gets none) liveness: does it turn at all? (else it is started again; so it asks nobody but itself: to start
a service again mends no database). Argument: process.
*/}}
{{- define "social.probes" -}}
{{- if eq .process "web" -}}
startupProbe:
  httpGet: {path: /actuator/health/liveness, port: http}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /actuator/health, port: http}
  periodSeconds: 5
  timeoutSeconds: 4
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /actuator/health/liveness, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- else -}}
startupProbe:
  exec: {command: [python, -m, service.alive, {{ .process }}, "3600"]}
  periodSeconds: 3
  timeoutSeconds: 5
  failureThreshold: 60
readinessProbe:
  exec: {command: [python, -m, service.alive, {{ .process }}, "15"]}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 2
livenessProbe:
  exec: {command: [python, -m, service.alive, {{ .process }}, "60"]}
  periodSeconds: 30
  timeoutSeconds: 5
  failureThreshold: 2
{{- end }}
{{- end }}
