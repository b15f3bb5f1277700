{{- define "name" -}}gardener-extension-admission-shoot-falco-service{{- end }}

{{- define "virtualCluster" -}}
{{- dig "virtualCluster" dict (.Values.gardener | default dict) | toJson }}
{{- end }}

{{- /* gardener-operator names one of its own; elsewhere there is none of Gardener's. */ -}}
{{- define "priorityClassName" -}}
{{- dig "runtimeCluster" "priorityClassName" "system-cluster-critical" (.Values.gardener | default dict) }}
{{- end }}

{{- define "kubeconfigFolder" -}}/var/run/secrets/gardener.cloud/shoot/generic-kubeconfig{{- end }}

{{- /* From where rules are pulled that the directory lacks; empty: from nowhere. */ -}}
{{- define "rulesFrom" -}}
{{- dig "admission" "rulesSource" "from" "" (.Values.config | default dict) }}
{{- end }}

{{- define "config" -}}
{{- $own := dict "apiVersion" "falco.extensions.config.gardener.cloud/v1alpha1" "kind" "Configuration" }}
{{- $_ := set $own "metrics" (dict "listen" (printf "[::]:%v" .Values.metricsPort)) }}
{{- $_ := set $own "health" (dict "listen" (printf "[::]:%v" .Values.healthPort)) }}
{{- with .Values.rules.directory }}{{ $_ := set $own "admission" (dict "rules" .) }}{{ end }}
{{- mergeOverwrite $own (deepCopy (.Values.config | default dict)) | toYaml }}
{{- end }}
