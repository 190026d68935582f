{{/* A variable that comes from a Secret. Argument: variable, secret (JSON of name and key). */}}
{{- define "social.fromSecret" -}}
{{- $secret := .secret | fromJson }}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret.name }}
      key: {{ $secret.key }}
{{- end }}

{{/* Variables of one process of a service, only those that it uses. Argument: root, service, facts, process. */}}
{{- define "social.environment" -}}
{{- $values := .root.Values -}}
{{- $plain := dict "LOG_LEVEL" $values.logLevel "TLS" (ternary "1" "0" $values.tls) -}}
{{- $known := and (eq $values.discovery "registry") (not (has .process .facts.jobs)) -}}
{{- if and $known (ne .service "registry") -}}
{{- $url := include "social.url" (dict "root" .root "service" "registry") -}}
{{- $_ := set $plain "REGISTRY_URL" (replace "://" "://services:$(REGISTRY_KEY)@" $url) -}}
{{- else -}}
{{- $_ := set $plain "REGISTRY_URL" "" -}}
{{- end -}}
{{- range $called := .facts.calls -}}
{{- if ne $called "registry" -}}
{{- $variable := printf "%s_SERVICE_URL" (trimSuffix "s" $called | upper) -}}
{{- $_ := set $plain $variable (include "social.url" (dict "root" $.root "service" $called)) -}}
{{- end -}}
{{- end -}}
{{- if eq (include "social.metricsPort" .) "metrics" -}}
{{- $_ := set $plain "METRICS_PORT" "9464" -}}
{{- end -}}
{{- if has .process .facts.kafka -}}
{{- $_ := set $plain "KAFKA_BOOTSTRAP_SERVERS" (include "social.brokers" .root) -}}
{{- $_ := set $plain "TOPIC_PREFIX" $values.kafka.topicPrefix -}}
{{- if not $values.engines.kafka.enabled -}}
{{- $_ := set $plain "KAFKA_SECURITY_PROTOCOL" $values.kafka.securityProtocol -}}
{{- with $values.kafka.username }}{{ $_ := set $plain "KAFKA_SASL_USERNAME" . }}{{ end -}}
{{- with $values.kafka.saslMechanism }}{{ $_ := set $plain "KAFKA_SASL_MECHANISM" . }}{{ end -}}
{{- if $values.kafka.caSecret }}{{ $_ := set $plain "KAFKA_SSL_CAFILE" "/etc/kafka-ca/ca.crt" }}{{ end -}}
{{- end -}}
{{- if eq .process "topics" -}}
{{- $_ := set $plain "TOPIC_PARTITIONS" (toString $values.kafka.partitions) -}}
{{- $_ := set $plain "TOPIC_REPLICATION" (toString $values.kafka.replication) -}}
{{- end -}}
{{- end -}}
{{- $signs := and $values.authentication.enabled (eq .process "web") (ne .service "registry") -}}
{{- if eq .service "gateway" -}}
{{- if $signs -}}
{{- $_ := set $plain "GATEWAY_JWKS_URL" $values.authentication.jwksUrl -}}
{{- $_ := set $plain "GATEWAY_JWT_ISSUER" $values.authentication.issuer -}}
{{- $_ := set $plain "GATEWAY_JWT_AUDIENCE" $values.authentication.audience -}}
{{- end -}}
{{- with $values.clients.rateLimit }}{{ $_ := set $plain "GATEWAY_RATE_LIMIT" . }}{{ end -}}
{{- with $values.clients.trustedProxies }}{{ $_ := set $plain "GATEWAY_TRUSTED_PROXIES" (join "," .) }}{{ end -}}
{{- with $values.clients.corsOrigins }}{{ $_ := set $plain "GATEWAY_CORS_ORIGINS" (join "," .) }}{{ end -}}
{{- end -}}
{{- $plain = mergeOverwrite $plain $values.environment (get $values.services .service).environment -}}
{{- if $known }}
{{- /* Before REGISTRY_URL, in which Kubernetes puts it. */}}
{{- include "social.fromSecret" (dict "variable" "REGISTRY_KEY" "secret" (include "social.registrySecret" .)) }}
{{- end }}
{{- range $name, $value := $plain }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if $signs }}
{{- include "social.fromSecret" (dict "variable" "INTERNAL_KEYS" "secret" (include "social.internalSecret" .)) }}
{{- end }}
{{- include "social.fromSecret" (dict "variable" "SECRET_KEY" "secret" (include "social.keySecret" .)) }}
{{- if .facts.database }}
{{- include "social.fromSecret" (dict "variable" "DATABASE_URL" "secret" (include "social.databaseSecret" .)) }}
{{- $direct := (get $values.databases .service).direct }}
{{- if and $direct.existingSecret (not $values.engines.postgresql.enabled) }}
{{- $secret := dict "name" $direct.existingSecret "key" $direct.key | toJson }}
{{- include "social.fromSecret" (dict "variable" "DATABASE_DIRECT_URL" "secret" $secret) }}
{{- end }}
{{- end }}
{{- if has .process .facts.graph }}
{{- include "social.fromSecret" (dict "variable" "NEO4J_BOLT_URL" "secret" (include "social.graphSecret" .root)) }}
{{- end }}
{{- if and (has .process .facts.kafka) $values.kafka.existingSecret (not $values.engines.kafka.enabled) }}
{{- $secret := dict "name" $values.kafka.existingSecret "key" $values.kafka.passwordKey | toJson }}
{{- include "social.fromSecret" (dict "variable" "KAFKA_SASL_PASSWORD" "secret" $secret) }}
{{- end }}
{{- end }}
