{{- /*
What all charts have in common; each holds this file as a link, so that it stands by itself when it is packaged.
*/ -}}

{{- define "falconer.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- /* An image as `image:` has it, from {repository, tag}; a tag may be a digest. */ -}}
{{- define "falconer.imageOf" -}}
{{- $tag := toString (.tag | default "") -}}
{{- if hasPrefix "sha256:" $tag }}{{ .repository }}@{{ $tag }}
{{- else if $tag }}{{ .repository }}:{{ $tag }}
{{- else }}{{ .repository }}
{{- end }}
{{- end }}

{{- define "falconer.image" -}}
{{- include "falconer.imageOf" (dict "repository" .Values.image.repository "tag" (.Values.image.tag | default .Chart.AppVersion)) }}
{{- end }}

{{- define "falconer.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "falconer.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* The probes of one role, from {role, port}: a role is ready by itself, whatever the others do. */ -}}
{{- define "falconer.probes" -}}
livenessProbe:
  httpGet:
    path: /healthz
    port: {{ .port }}
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /readyz/{{ .role }}
    port: {{ .port }}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{- /* A VerticalPodAutoscaler, from {root, kind, name, container, resources}. */ -}}
{{- define "falconer.vpa" -}}
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
spec:
  targetRef:
    apiVersion: apps/v1
    kind: {{ .kind }}
    name: {{ .name }}
  updatePolicy:
    updateMode: {{ .root.Values.vpa.updatePolicy.updateMode }}
  resourcePolicy:
    containerPolicies:
    - containerName: {{ .container }}
      controlledValues: RequestsOnly
      controlledResources: {{ toJson .resources }}
      minAllowed:
        {{- pick .root.Values.vpa.resourcePolicy.minAllowed "memory" | toYaml | nindent 8 }}
{{- end }}

{{- /* Replicas apart from each other, from {root, name}. Gardener's webhook for high availability may ask for more. */ -}}
{{- define "falconer.spread" -}}
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
