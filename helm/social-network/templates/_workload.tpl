{{/*
One process of one service as a Deployment, with its disruption budget and, where asked for, its autoscaler.
Argument: root, service, facts, process, name, values (of the workload).
*/}}
{{- define "social.workload" -}}
{{- $labels := dict "root" .root "service" .service "component" .process -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels:
    {{- include "social.labels" $labels | nindent 4 }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  minReadySeconds: 5
  strategy:
    # The old one goes when the new one is ready, never before.
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "social.selector" $labels | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "social.labels" $labels | nindent 8 }}
      {{- with .root.Values.pods.annotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "social.pod" . | nindent 6 }}
      # Longer than preStop and gunicorn's own patience (8 s) together.
      terminationGracePeriodSeconds: 30
      topologySpreadConstraints:
        {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - topologyKey: {{ $key }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "social.selector" $labels | nindent 14 }}
        {{- end }}
      {{- if .facts.database }}
      initContainers:
        {{- $command := list "python" "manage.py" .service "await_migrations" }}
        {{- $resources := .values.resources }}
        {{- include "social.container" (merge (dict "name" "await-migrations" "command" $command "resources" $resources) .) | nindent 8 }}
      {{- end }}
      containers:
        {{- $command := ternary (list) (list "python" "manage.py" .service .process) (eq .process "web") }}
        {{- include "social.container" (merge (dict "name" .process "command" $command "resources" .values.resources) .) | nindent 8 }}
          ports:
            {{- if eq .process "web" }}
            - {name: http, containerPort: {{ .facts.port }}}
            {{- end }}
            {{- if eq (include "social.metricsPort" .) "metrics" }}
            - {name: metrics, containerPort: 9464}
            {{- end }}
          {{- if eq .process "web" }}
          lifecycle:
            preStop:
              # Out of the registry first, then wait until gateways have heard of it.
              exec: {command: [python, -m, service.drain, "5"]}
          {{- end }}
          {{- include "social.probes" . | nindent 10 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  labels:
    {{- include "social.labels" $labels | nindent 4 }}
spec:
  # Not minAvailable: with a single replica that would block every drain of a node.
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "social.selector" $labels | nindent 6 }}
{{- with .values.autoscaling }}
{{- if .enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $.name }}
  labels:
    {{- include "social.labels" $labels | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $.name }}}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .cpuPercent }}}
  behavior:
    scaleDown: {stabilizationWindowSeconds: 300}
{{- end }}
{{- end }}
{{- end }}
