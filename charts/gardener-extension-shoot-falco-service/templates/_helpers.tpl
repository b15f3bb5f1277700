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

{{- /* The section falco: without the keys that are files of their own. */ -}}
{{- define "falcoSection" -}}
{{- $falco := deepCopy (.Values.falco | default dict) }}
{{- range $section := list "centralStorage" "clusterIdentityToken" }}
{{- with get $falco $section }}
{{- if hasKey . "tokenIssuerPrivateKey" }}
{{- if .tokenIssuerPrivateKey }}
{{- $_ := set . "tokenIssuerPrivateKeyFile" (printf "/etc/extension-config/%s.pem" $section) }}
{{- end }}
{{- $_ := unset . "tokenIssuerPrivateKey" }}
{{- end }}
{{- end }}
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

{{- /* The section peers: without the authority, which is a file of its own. */ -}}
{{- define "peersSection" -}}
{{- $peers := deepCopy (.Values.peers | default dict) }}
{{- with get $peers "tls" }}
{{- if hasKey . "ca" }}
{{- if .ca }}{{ $_ := set . "caFile" "/etc/extension-config/peers-ca.crt" }}{{ end }}
{{- $_ := unset . "ca" }}
{{- end }}
{{- end }}
{{- toYaml $peers }}
{{- end }}

{{- define "config" -}}
apiVersion: falco.extensions.config.gardener.cloud/v1alpha1
kind: Configuration
falco:
  {{- include "falcoSection" . | nindent 2 }}
controller:
  {{- include "controllerSection" . | nindent 2 }}
{{- if .Values.peers }}
peers:
  {{- include "peersSection" . | nindent 2 }}
{{- end }}
{{- if .Values.heartbeat.secret }}
heartbeat:
  secretFile: /etc/extension-config/heartbeat.secret
{{- end }}
metrics:
  listen: "[::]:{{ include "metricsPort" . }}"
health:
  listen: "[::]:{{ include "healthPort" . }}"
logging:
  {{- toYaml .Values.logging | nindent 2 }}
{{- end }}
