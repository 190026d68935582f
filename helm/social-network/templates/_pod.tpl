{{/* What every pod may: nothing. Argument: user (number). */}}
{{- define "social.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "social.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
{{- end }}

{{/* A container of a service's image, without probes. Argument: root, service, facts, process, name, command, resources. */}}
{{- define "social.container" -}}
- name: {{ .name }}
  image: {{ include "social.image" . }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  {{- with .command }}
  args: {{ toJson . }}
  {{- end }}
  env:
    {{- include "social.environment" . | trim | nindent 4 }}
  resources:
    {{- toYaml .resources | nindent 4 }}
  securityContext:
    readOnlyRootFilesystem: true
    {{- include "social.containerSecurity" . | nindent 4 }}
  volumeMounts:
    - {name: run, mountPath: /run/social-network}
    - {name: tmp, mountPath: /tmp}
    {{- if include "social.mountsKafkaCa" . }}
    - {name: kafka-ca, mountPath: /etc/kafka-ca, readOnly: true}
    {{- end }}
{{- end }}

{{/* Not empty where the process needs the brokers' authority as a file. */}}
{{- define "social.mountsKafkaCa" -}}
{{- if and (has .process .facts.kafka) .root.Values.kafka.caSecret (not .root.Values.engines.kafka.enabled) }}yes{{ end }}
{{- end }}

{{/* The part of a pod's spec that all of ours share. Argument: as above. */}}
{{- define "social.pod" -}}
serviceAccountName: {{ .root.Release.Name }}-{{ .service }}
automountServiceAccountToken: false
# Kubernetes would add variables for each Service of the namespace.
enableServiceLinks: false
securityContext:
  {{- include "social.podSecurity" 10001 | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.pods.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  # In memory: heartbeats and the counters of several workers are written all the time.
  - name: run
    emptyDir: {medium: Memory, sizeLimit: 32Mi}
  - name: tmp
    emptyDir: {sizeLimit: 64Mi}
  {{- if include "social.mountsKafkaCa" . }}
  - name: kafka-ca
    secret:
      secretName: {{ .root.Values.kafka.caSecret }}
      items: [{key: {{ .root.Values.kafka.caKey }}, path: ca.crt}]
  {{- end }}
{{- end }}
