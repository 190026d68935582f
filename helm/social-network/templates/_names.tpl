{{/* Labels that select: they never change. Argument: root, service, component. */}}
{{- define "social.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .service }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* All labels of an object. Argument: root, service, component. */}}
{{- define "social.labels" -}}
{{ include "social.selector" . }}
app.kubernetes.io/part-of: social-network
app.kubernetes.io/version: {{ include "social.tag" .root | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "social.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The image of a service. Argument: root, service. */}}
{{- define "social.image" -}}
{{ .root.Values.image.prefix }}/social-network-{{ .service }}:{{ include "social.tag" .root }}
{{- end }}

{{/* Where a service answers inside the cluster. Argument: root, service. */}}
{{- define "social.url" -}}
{{- $facts := include "social.facts" . | fromYaml -}}
http://{{ .root.Release.Name }}-{{ .service }}:{{ (get $facts .service).port }}
{{- end }}

{{/* Secret and key of a service's database URL, as JSON: in-chart or given. Argument: root, service. */}}
{{- define "social.databaseSecret" -}}
{{- if .root.Values.engines.postgresql.enabled -}}
{{ dict "name" (printf "%s-%s-postgresql" .root.Release.Name .service) "key" "uri" | toJson }}
{{- else -}}
{{- $given := get .root.Values.databases .service -}}
{{ dict "name" $given.existingSecret "key" $given.key | toJson }}
{{- end -}}
{{- end }}

{{- define "social.graphSecret" -}}
{{- if .Values.engines.neo4j.enabled -}}
{{ dict "name" (printf "%s-neo4j" .Release.Name) "key" "uri" | toJson }}
{{- else -}}
{{ dict "name" .Values.graph.existingSecret "key" .Values.graph.key | toJson }}
{{- end -}}
{{- end }}

{{- define "social.keySecret" -}}
{{- $given := (get .root.Values.services .service).secretKey -}}
{{- if $given.existingSecret -}}
{{ dict "name" $given.existingSecret "key" $given.key | toJson }}
{{- else -}}
{{ dict "name" (printf "%s-%s-key" .root.Release.Name .service) "key" "SECRET_KEY" | toJson }}
{{- end -}}
{{- end }}

{{/* The Secret with the registry's key, which its clients have too. Argument: root. */}}
{{- define "social.registrySecret" -}}
{{- $given := .root.Values.registryKey -}}
{{- if $given.existingSecret -}}
{{ dict "name" $given.existingSecret "key" $given.key | toJson }}
{{- else -}}
{{ dict "name" (printf "%s-registry-access" .root.Release.Name) "key" "REGISTRY_KEY" | toJson }}
{{- end -}}
{{- end }}

{{/* The Secret with what gateway and services sign requests with. Argument: root. */}}
{{- define "social.internalSecret" -}}
{{- $given := .root.Values.internalKeys -}}
{{- if $given.existingSecret -}}
{{ dict "name" $given.existingSecret "key" $given.key | toJson }}
{{- else -}}
{{ dict "name" (printf "%s-internal" .root.Release.Name) "key" "INTERNAL_KEYS" | toJson }}
{{- end -}}
{{- end }}

{{/*
The port where a process's metrics are: a web server's own, but for the gateway, whose port everybody reaches; jobs have
none. Argument: service, facts, process.
*/}}
{{- define "social.metricsPort" -}}
{{- if and (eq .process "web") (ne .service "gateway") -}}
http
{{- else if or (eq .process "web") (has .process .facts.workers) -}}
metrics
{{- end -}}
{{- end }}

{{- define "social.brokers" -}}
{{- if .Values.engines.kafka.enabled -}}
{{ .Release.Name }}-kafka:9092
{{- else -}}
{{ .Values.kafka.bootstrapServers }}
{{- end -}}
{{- end }}
