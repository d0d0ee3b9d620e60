{{- define "crashlint.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "crashlint.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "crashlint.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Names of objects without a namespace hold the release's, so that two releases don't meet. */}}
{{- define "crashlint.clusterName" -}}
{{- $name := include "crashlint.fullname" . -}}
{{- if eq $name .Release.Namespace -}}{{ $name }}{{- else -}}{{ printf "%s-%s" .Release.Namespace $name | trunc 63 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- define "crashlint.selector" -}}
app.kubernetes.io/name: {{ include "crashlint.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "crashlint.labels" -}}
{{ include "crashlint.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "crashlint.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "crashlint.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "crashlint.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end }}

{{- define "crashlint.secret" -}}
{{- printf "%s-certificate" (include "crashlint.fullname" .) -}}
{{- end }}

{{/* The policy file. */}}
{{- define "crashlint.policy" -}}
{{- $policy := dict "extends" .Values.policy.extends "mode" .Values.policy.mode -}}
{{- with .Values.policy.mutate }}{{- $_ := set $policy "mutate" . }}{{- end -}}
{{- toYaml (merge (deepCopy .Values.policy.extra) $policy) -}}
{{- end }}

{{/* Namespaces that nobody asks about. */}}
{{- define "crashlint.excluded" -}}
{{- concat (list .Release.Namespace) .Values.webhook.excludeNamespaces .Values.webhook.excludeInfrastructure | uniq | toJson -}}
{{- end }}

{{/* Kinds that carry pods. Each group by itself: `*` would ask about kinds that hold none. */}}
{{- define "crashlint.rules" -}}
- operations: [CREATE, UPDATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods, podtemplates, replicationcontrollers]
  scope: Namespaced
- operations: [CREATE, UPDATE]
  apiGroups: [apps]
  apiVersions: [v1]
  resources: [daemonsets, deployments, replicasets, statefulsets]
  scope: Namespaced
- operations: [CREATE, UPDATE]
  apiGroups: [batch]
  apiVersions: [v1]
  resources: [cronjobs, jobs]
  scope: Namespaced
{{- range .Values.webhook.extraRules }}
- operations: [CREATE, UPDATE]
  {{- omit . "operations" "scope" | toYaml | nindent 2 }}
  scope: Namespaced
{{- end }}
{{- end }}

{{- define "crashlint.client" -}}
service:
  name: {{ include "crashlint.fullname" . }}
  namespace: {{ .Release.Namespace }}
  port: {{ .Values.service.port }}
  path: {{ .path }}
{{- end }}
