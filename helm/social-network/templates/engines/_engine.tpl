{{/*
A single-node engine for evaluation: StatefulSet, headless Service, ServiceAccount. Its volume outlives the release.
Argument: root, name, service (label), component, values (image, storage, resources), user (number), mount, ports
(name: number), environment (list), writable (folders that its entry point writes to), probe (command), readOnly.
*/}}
{{- define "social.engine" -}}
{{- $labels := dict "root" .root "service" .service "component" .component -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  labels:
    {{- include "social.labels" $labels | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  labels:
    {{- include "social.labels" $labels | nindent 4 }}
spec:
  clusterIP: None
  # An engine's own pod must find its name before it is ready.
  publishNotReadyAddresses: true
  selector:
    {{- include "social.selector" $labels | nindent 4 }}
  ports:
    {{- range $port, $number := .ports }}
    - {name: {{ $port }}, port: {{ $number }}, targetPort: {{ $port }}}
    {{- end }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name }}
  labels:
    {{- include "social.labels" $labels | nindent 4 }}
spec:
  serviceName: {{ .name }}
  replicas: 1
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}
  selector:
    matchLabels:
      {{- include "social.selector" $labels | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "social.labels" $labels | nindent 8 }}
    spec:
      serviceAccountName: {{ .name }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 60
      securityContext:
        {{- include "social.podSecurity" .user | nindent 8 }}
      containers:
        - name: {{ .component }}
          image: {{ .values.image }}
          imagePullPolicy: IfNotPresent
          env:
            {{- toYaml .environment | nindent 12 }}
          ports:
            {{- range $port, $number := .ports }}
            - {name: {{ $port }}, containerPort: {{ $number }}}
            {{- end }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            readOnlyRootFilesystem: {{ .readOnly }}
            {{- include "social.containerSecurity" . | nindent 12 }}
          startupProbe:
            {{- toYaml .probe | nindent 12 }}
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 60
          readinessProbe:
            {{- toYaml .probe | nindent 12 }}
            periodSeconds: 10
            timeoutSeconds: 5
          livenessProbe:
            tcpSocket: {port: {{ .livenessPort }}}
            periodSeconds: 20
            timeoutSeconds: 5
            failureThreshold: 6
          volumeMounts:
            - {name: data, mountPath: {{ .mount }}}
            {{- range $number, $folder := .writable }}
            - {name: scratch-{{ $number }}, mountPath: {{ $folder }}}
            {{- end }}
      volumes:
        {{- range $number, $folder := .writable }}
        - name: scratch-{{ $number }}
          emptyDir: {sizeLimit: 256Mi}
        {{- end }}
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "social.selector" $labels | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .root.Values.engines.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests: {storage: {{ .values.storage }}}
{{- end }}
