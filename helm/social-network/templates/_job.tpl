{{/*
A step before the processes: migrations, topics. Argument: root, service, facts, process, command, weight.

On an upgrade it is a hook before it. On the first install it cannot be one: the databases, secrets and accounts that
it needs are parts of the release and not there yet, and a hook after the install would wait, under --wait, for pods
that wait for it. So then it is a part of the release, and pods wait for it in `await-migrations`.
*/}}
{{- define "social.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .root.Release.Name }}-{{ .service }}-{{ .process }}{{ if .root.Release.IsUpgrade }}-upgrade{{ end }}
  labels:
    {{- include "social.labels" (dict "root" .root "service" .service "component" .process) | nindent 4 }}
  {{- if .root.Release.IsUpgrade }}
  annotations:
    helm.sh/hook: pre-upgrade
    helm.sh/hook-weight: {{ .weight | quote }}
    # A job that failed stays, to be looked at, until the next try.
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
  {{- end }}
spec:
  backoffLimit: 20
  activeDeadlineSeconds: 900
  {{- if not .root.Release.IsUpgrade }}
  # Its own end: a finished job is no news after a day.
  ttlSecondsAfterFinished: 86400
  {{- end }}
  template:
    metadata:
      labels:
        {{- include "social.labels" (dict "root" .root "service" .service "component" .process) | nindent 8 }}
    spec:
      restartPolicy: OnFailure
      {{- include "social.pod" . | nindent 6 }}
      containers:
        {{- include "social.container" (merge (dict "name" .process "resources" .root.Values.jobs.resources) .) | nindent 8 }}
{{- end }}
