{{- define "name" -}}gardener-extension-admission-shoot-falco-service{{- end }}
{{- define "clusterName" -}}extensions.gardener.cloud:admission-shoot-falco-service{{- end }}

{{- define "virtualCluster" -}}
{{- dig "virtualCluster" dict (.Values.gardener | default dict) | toJson }}
{{- end }}
