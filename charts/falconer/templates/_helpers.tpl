{{- /* store: with the files' names, from {root, roles}: who does not migrate is given no migrator's password. */ -}}
{{- define "storeSection" -}}
{{- $store := deepCopy .root.Values.store.config }}
{{- $passwords := .root.Values.store.passwordSecrets }}
{{- if $passwords.writer }}{{ $_ := set $store "passwordFile" "/etc/falconer/store/writer/password" }}{{ end }}
{{- range $who := list "reader" "migrator" }}
{{- if get $passwords $who }}
{{- $login := get $store $who | default dict }}
{{- $_ := set $login "passwordFile" (printf "/etc/falconer/store/%s/password" $who) }}
{{- $_ := set $store $who $login }}
{{- end }}
{{- end }}
{{- if .root.Values.store.caSecret }}
{{- $tls := $store.tls | default dict }}
{{- $_ := set $tls "caFile" "/etc/falconer/store/ca/ca.crt" }}
{{- $_ := set $store "tls" $tls }}
{{- end }}
{{- $archive := .root.Values.store.archive }}
{{- if and $archive.claim $archive.command }}{{ fail "store.archive: claim or command: one of the two" }}{{ end }}
{{- if and $archive.environmentSecret (not $archive.command) }}{{ fail "store.archive.environmentSecret is nothing without store.archive.command" }}{{ end }}
{{- with coalesce $archive.claim $archive.command }}
{{- $out := $store.archive | default dict }}
{{- if $archive.claim }}{{ $_ := set $out "directory" "/var/lib/falconer/archive" }}{{ else }}{{ $_ := set $out "command" $archive.command }}{{ end }}
{{- $_ := set $store "archive" $out }}
{{- end }}
{{- if not .keeps }}
{{- $_ := unset $store "archive" }}
{{- $_ := unset $store "migrator" }}
{{- $_ := set $store "migrateAtStart" false }}
{{- $_ := set $store "housekeeping" false }}
{{- end }}
{{- toYaml $store }}
{{- end }}

{{- define "ingestorSection" -}}
{{- $own := dict "listen" (printf "[::]:3200") "keysFile" "/etc/falconer/keys/keys.yaml" }}
{{- $_ := set $own "spool" (dict "directory" "/var/lib/falconer/spool") }}
{{- if .Values.ingestor.tlsSecret }}
{{- $tls := dict "certificateFile" "/etc/falconer/tls/tls.crt" "keyFile" "/etc/falconer/tls/tls.key" }}
{{- if .Values.ingestor.clientCASecret }}
{{- $tls = merge $tls (dict "clientCAFile" "/etc/falconer/client-ca/ca.crt" "clientCertificates" "request") }}
{{- end }}
{{- $_ := set $own "tls" $tls }}
{{- else if .Values.ingestor.clientCASecret }}
{{- fail "ingestor.clientCASecret is nothing without ingestor.tlsSecret: without TLS nobody shows a certificate" }}
{{- end }}
{{- mergeOverwrite $own (deepCopy .Values.ingestor.config) | toYaml }}
{{- end }}

{{- define "commonSections" -}}
metrics:
  listen: "[::]:{{ .Values.metricsPort }}"
health:
  listen: "[::]:{{ .Values.healthPort }}"
logging:
  {{- toYaml .Values.logging | nindent 2 }}
{{- end }}

{{- define "ingestorConfig" -}}
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
store:
  {{- include "storeSection" (dict "root" . "keeps" true) | nindent 2 }}
ingestor:
  {{- include "ingestorSection" . | nindent 2 }}
peers:
  {{- toYaml .Values.peers | nindent 2 }}
alerts:
  {{- toYaml .Values.alerts.config | nindent 2 }}
{{- if .Values.heartbeatSecret }}
heartbeat:
  secretFile: /etc/falconer/heartbeat/secret
{{- end }}
{{ include "commonSections" . }}
{{- end }}

{{- /* By which names it is called, where an Ingress says so; its files; whom it asks. */ -}}
{{- define "consoleSection" -}}
{{- $own := dict "listen" (printf "[::]:%v" .Values.console.port) }}
{{- with .Values.console }}
{{- if .tlsSecret }}
{{- $_ := set $own "tls" (dict "certificateFile" "/etc/falconer/tls/tls.crt" "keyFile" "/etc/falconer/tls/tls.key") }}
{{- end }}
{{- $host := ternary .ingress.host "" .ingress.enabled }}
{{- if $host }}
{{- $_ := set $own "hosts" (list $host) }}
{{- end }}
{{- if not .gardenKubeconfigSecret }}{{ fail "console.gardenKubeconfigSecret is needed: the garden says who somebody is and what they may see" }}{{ end }}
{{- $_ := set $own "garden" (dict "kubeconfig" "/etc/falconer/garden/kubeconfig") }}
{{- if .sessionKeySecret }}
{{- $_ := set $own "sessionKeyFile" "/etc/falconer/session/session-key" }}
{{- else if or .autoscaling.enabled (gt (int .replicaCount) 1) }}
{{- fail "console.sessionKeySecret is needed for more than one replica: each has to know the sessions of all" }}
{{- end }}
{{- if hasKey .config "oidc" }}
{{- $oidc := dict }}
{{- if $host }}{{ $_ := set $oidc "redirectURL" (printf "https://%s/api/v1/sign-in/oidc/callback" $host) }}{{ end }}
{{- if .oidcSecret }}{{ $_ := set $oidc "clientSecretFile" "/etc/falconer/oidc/client-secret" }}{{ end }}
{{- $_ := set $own "oidc" $oidc }}
{{- end }}
{{- end }}
{{- mergeOverwrite $own (deepCopy .Values.console.config) | toYaml }}
{{- end }}

{{- define "consoleConfig" -}}
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
store:
  {{- include "storeSection" (dict "root" . "keeps" false) | nindent 2 }}
console:
  {{- include "consoleSection" . | nindent 2 }}
{{- /* Whom rules may name. */}}
alerts:
  {{- toYaml .Values.alerts.config | nindent 2 }}
{{ include "commonSections" . }}
{{- end }}

{{- define "storeMounts" -}}
{{- range $who := .logins }}
{{- if get $.root.Values.store.passwordSecrets $who }}
- name: {{ $who }}
  mountPath: /etc/falconer/store/{{ $who }}
  readOnly: true
{{- end }}
{{- end }}
{{- if .root.Values.store.caSecret }}
- name: store-ca
  mountPath: /etc/falconer/store/ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "storeVolumes" -}}
{{- range $who := .logins }}
{{- with get $.root.Values.store.passwordSecrets $who }}
- name: {{ $who }}
  secret:
    secretName: {{ . }}
    items:
    - {key: password, path: password}
{{- end }}
{{- end }}
{{- with .root.Values.store.caSecret }}
- name: store-ca
  secret:
    secretName: {{ . }}
    items:
    - {key: ca.crt, path: ca.crt}
{{- end }}
{{- end }}

{{- /* The metrics of all replicas, each by itself, from {root, name}: not beside what may be reachable from outside. */ -}}
{{- define "replicas" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}-replicas
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "falconer.labels" (dict "root" .root "name" .name) | nindent 4 }}
    falconer.gardener.cloud/metrics: "true"
spec:
  clusterIP: None
  selector:
    {{- include "falconer.labels" (dict "root" .root "name" .name) | nindent 4 }}
  ports:
  - name: metrics
    port: {{ .root.Values.metricsPort }}
    targetPort: metrics
    protocol: TCP
{{- end }}

{{- define "pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "falconer.labels" (dict "root" .root "name" .name) | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "falconer.labels" (dict "root" .root "name" .name) | nindent 6 }}
{{- end }}

{{- /* What may be reached through an Ingress, from {root, name, section, port, of, paths, pathType}; `of`: the
section's values. */ -}}
{{- define "ingress" -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "falconer.labels" (dict "root" .root "name" .name) | nindent 4 }}
  {{- with .of.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .of.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- if .of.ingress.tlsSecret }}
  tls:
  - hosts: [{{ .of.ingress.host }}]
    secretName: {{ .of.ingress.tlsSecret }}
  {{- end }}
  rules:
  - host: {{ required (printf "%s.ingress.host is needed" .section) .of.ingress.host }}
    http:
      paths:
      {{- range $path := .paths }}
      - path: {{ $path }}
        pathType: {{ $.pathType }}
        backend:
          service:
            name: {{ $.name }}
            port:
              name: {{ $.port }}
      {{- end }}
{{- end }}

{{- /* One that grows with its CPU, from {root, kind, name, of, behavior}; `of`: the section's values, `behavior`: a text, or
nothing. */ -}}
{{- define "hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "falconer.labels" (dict "root" .root "name" .name) | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: {{ .kind }}
    name: {{ .name }}
  minReplicas: {{ .of.autoscaling.minReplicas }}
  maxReplicas: {{ .of.autoscaling.maxReplicas }}
  {{- with .behavior }}
  behavior:
    {{- . | nindent 4 }}
  {{- end }}
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: {{ .of.autoscaling.targetCPUUtilizationPercentage }}
{{- end }}
