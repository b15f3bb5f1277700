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
{{- if not .keeps }}
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
{{- $_ := set $own "tls" (dict "certificateFile" "/etc/falconer/tls/tls.crt" "keyFile" "/etc/falconer/tls/tls.key") }}
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
{{ include "commonSections" . }}
{{- end }}

{{- define "consoleConfig" -}}
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
store:
  {{- include "storeSection" (dict "root" . "keeps" false) | nindent 2 }}
{{- with .Values.console.config }}
console:
  {{- toYaml . | nindent 2 }}
{{- end }}
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

{{- define "spread" -}}
topologySpreadConstraints:
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "falconer.labels" (dict "root" $.root "name" $.name) | nindent 6 }}
{{- end }}
{{- end }}
