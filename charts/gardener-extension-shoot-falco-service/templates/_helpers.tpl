{{- define "name" -}}gardener-extension-shoot-falco-service{{- end }}

{{- /* Of all that is not namespaced. A runtime cluster that is a seed, too, has two of us. */ -}}
{{- define "clusterName" -}}extensions.gardener.cloud:extension-shoot-falco-service:{{ .Release.Namespace }}{{- end }}

{{- /* gardener-operator says "true", a text. */ -}}
{{- define "onRuntimeCluster" -}}
{{- $runtime := dig "runtimeCluster" dict (.Values.gardener | default dict) -}}
{{- if eq (toString (get $runtime "enabled")) "true" }}yes{{ end }}
{{- end }}

{{- /* Whether it looks after a cluster that it runs in, as a text. */ -}}
{{- define "ofOwnCluster" -}}
{{- $ours := ternary (list "garden") (list "shoot" "seed") (eq (include "onRuntimeCluster" .) "yes") -}}
{{- $classes := dig "extensionClasses" $ours (.Values.controller | default dict) -}}
{{- if or (has "seed" $classes) (has "garden" $classes) }}yes{{ end }}
{{- end }}

{{- define "priorityClassName" -}}
{{- $runtime := dig "runtimeCluster" dict (.Values.gardener | default dict) -}}
{{- get $runtime "priorityClassName" | default .Values.extensionPriorityClassName }}
{{- end }}

{{- define "metricsPort" -}}{{ if .Values.usablePorts }}{{ index .Values.usablePorts 0 }}{{ else }}{{ .Values.metrics.port }}{{ end }}{{- end }}
{{- define "healthPort" -}}{{ if .Values.usablePorts }}{{ index .Values.usablePorts 1 }}{{ else }}{{ .Values.health.port }}{{ end }}{{- end }}

{{- /* What runs beside Falco in clusters: ours, unless the overwrite names another. */ -}}
{{- define "agentImage" -}}
{{- $vector := .Values.imageVectorOverwrite }}
{{- if kindIs "string" $vector }}{{ $vector = fromYaml $vector }}{{ end }}
{{- $found := include "falconer.image" . }}
{{- range ($vector | default dict).images }}
{{- if eq .name "falconer" }}{{ $found = include "falconer.imageOf" . }}{{ end }}
{{- end }}
{{- $found }}
{{- end }}

{{- /* Where a Secret of somebody else's is mounted. */ -}}
{{- define "secretFolder" -}}/etc/falconer/secrets/{{ . }}{{- end }}

{{- /* A key is given once: inline, or in a Secret of somebody else's, from {secret, inline, value, instead}. */ -}}
{{- define "givenOnce" -}}
{{- if and .secret .inline }}{{ fail (printf "%s and existingSecrets.%s: one of the two" .value .instead) }}{{ end }}
{{- end }}

{{- /* The section falco: without the keys that are files of their own. */ -}}
{{- define "falcoSection" -}}
{{- $falco := deepCopy (.Values.falco | default dict) }}
{{- range $section := list "centralStorage" "clusterIdentityToken" }}
{{- $secret := get $.Values.existingSecrets $section }}
{{- $of := get $falco $section | default dict }}
{{- $inline := get $of "tokenIssuerPrivateKey" }}
{{- include "givenOnce" (dict "secret" $secret "inline" $inline "value" (printf "falco.%s.tokenIssuerPrivateKey" $section) "instead" $section) }}
{{- $_ := unset $of "tokenIssuerPrivateKey" }}
{{- if $inline }}
{{- $_ := set $of "tokenIssuerPrivateKeyFile" (printf "/etc/extension-config/%s.pem" $section) }}
{{- else if $secret }}
{{- $_ := set $of "tokenIssuerPrivateKeyFile" (printf "%s/tokens.pem" (include "secretFolder" $section)) }}
{{- end }}
{{- if $of }}{{ $_ := set $falco $section $of }}{{ end }}
{{- end }}
{{- if not (get $falco "agentImage") }}{{ $_ := set $falco "agentImage" (include "agentImage" .) }}{{ end }}
{{- toYaml $falco }}
{{- end }}

{{- define "controllerSection" -}}
{{- $own := dict "namespace" .Release.Namespace }}
{{- if include "onRuntimeCluster" . }}
{{- $_ := set $own "extensionClasses" (list "garden") }}
{{- else }}
{{- $_ := set $own "extensionClasses" (list "shoot" "seed") }}
{{- with dig "seed" "name" "" (.Values.gardener | default dict) }}{{ $_ := set $own "seedName" . }}{{ end }}
{{- end }}
{{- with .Values.rules.directory }}{{ $_ := set $own "rules" . }}{{ end }}
{{- mergeOverwrite $own (deepCopy (.Values.controller | default dict)) | toYaml }}
{{- end }}

{{- /* The section peers: the authority, certificate and key are files of their own. */ -}}
{{- define "peersSection" -}}
{{- $peers := deepCopy (.Values.peers | default dict) }}
{{- $tls := get $peers "tls" | default dict }}
{{- $secret := .Values.existingSecrets.peersClient }}
{{- include "givenOnce" (dict "secret" $secret "inline" (or (get $tls "certificate") (get $tls "key")) "value" "peers.tls.certificate and key" "instead" "peersClient") }}
{{- if and $secret (not (get $peers "ingestors")) }}{{ fail "existingSecrets.peersClient is nothing without peers.ingestors: to whom it is shown" }}{{ end }}
{{- if ne (empty (get $tls "certificate")) (empty (get $tls "key")) }}{{ fail "peers.tls: certificate and key belong together" }}{{ end }}
{{- range $key, $file := dict "ca" "peers-ca.crt" "certificate" "peers-client.crt" "key" "peers-client.key" }}
{{- if get $tls $key }}{{ $_ := set $tls (printf "%sFile" $key) (printf "/etc/extension-config/%s" $file) }}{{ end }}
{{- $_ := unset $tls $key }}
{{- end }}
{{- if $secret }}
{{- $_ := set $tls "certificateFile" (printf "%s/tls.crt" (include "secretFolder" "peersClient")) }}
{{- $_ := set $tls "keyFile" (printf "%s/tls.key" (include "secretFolder" "peersClient")) }}
{{- end }}
{{- if $tls }}{{ $_ := set $peers "tls" $tls }}{{ else }}{{ $_ := unset $peers "tls" }}{{ end }}
{{- toYaml $peers }}
{{- end }}

{{- define "config" -}}
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
falco:
  {{- include "falcoSection" . | nindent 2 }}
controller:
  {{- include "controllerSection" . | nindent 2 }}
{{- if or .Values.peers .Values.existingSecrets.peersClient }}
peers:
  {{- include "peersSection" . | nindent 2 }}
{{- end }}
{{- include "givenOnce" (dict "secret" .Values.existingSecrets.heartbeat "inline" .Values.heartbeat.secret "value" "heartbeat.secret" "instead" "heartbeat") }}
{{- if .Values.heartbeat.secret }}
heartbeat:
  secretFile: /etc/extension-config/heartbeat.secret
{{- else if .Values.existingSecrets.heartbeat }}
heartbeat:
  secretFile: {{ include "secretFolder" "heartbeat" }}/secret
{{- end }}
metrics:
  listen: "[::]:{{ include "metricsPort" . }}"
health:
  listen: "[::]:{{ include "healthPort" . }}"
logging:
  {{- toYaml .Values.logging | nindent 2 }}
{{- end }}
