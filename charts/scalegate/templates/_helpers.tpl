{{/* Labels of every object. */}}
{{- define "scalegate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
app.kubernetes.io/name: scalegate
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels by which the manager's pods are selected. They never change. */}}
{{- define "scalegate.selectorLabels" -}}
app.kubernetes.io/name: scalegate
app.kubernetes.io/component: controller-manager
{{- end }}

{{/* The manager's image. */}}
{{- define "scalegate.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
Who holds: full, by admission policies, or legacy, by the webhook. A chart that is rendered without an API server knows no
kinds, not even Pod, and goes by the version that it is told.
*/}}
{{- define "scalegate.mode" -}}
{{- if ne .Values.admission.mode "auto" -}}
{{ .Values.admission.mode }}
{{- else if .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" -}}
full
{{- else if .Capabilities.APIVersions.Has "v1/Pod" -}}
legacy
{{- else -}}
{{ semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version | ternary "full" "legacy" }}
{{- end -}}
{{- end }}

{{/* What the admission policies take from their surroundings, as JSON: CEL literals by name. */}}
{{- define "scalegate.parameters" -}}
{{- $parameters := dict "controller" (printf "'system:serviceaccount:%s:%s'" .Release.Namespace .Values.serviceAccount.name) -}}
{{- range $name, $items := .Values.admission.parameters -}}
{{- $quoted := list -}}
{{- range $items -}}
{{- $quoted = append $quoted (printf "'%s'" .) -}}
{{- end -}}
{{- $_ := set $parameters $name (printf "[%s]" (join ", " $quoted)) -}}
{{- end -}}
{{ toJson $parameters }}
{{- end }}

{{/*
The objects in copies of config, as a JSON array, in the namespace of the release and with its service account.
Takes root, and files: a pattern.
*/}}
{{- define "scalegate.read" -}}
{{- $root := .root -}}
{{- $objects := list -}}
{{- range $path, $_ := $root.Files.Glob .files -}}
{{- range regexSplit "(?m)^---\\s*$" ($root.Files.Get $path) -1 -}}
{{- $object := fromYaml . -}}
{{- if hasKey $object "Error" -}}
{{- fail (printf "%s: %s" $path $object.Error) -}}
{{- end -}}
{{- if $object.kind -}}
{{- $objects = append $objects $object -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- /* In JSON every name is in quotes: a namespace may be called 2026. */ -}}
{{- $text := toJson $objects | replace "scalegate-system" $root.Release.Namespace -}}
{{- /* Alerts speak of the Deployment, and not of the account. */ -}}
{{- if not (hasPrefix "resources/prometheus/" .files) -}}
{{- $text = replace "scalegate-controller-manager" $root.Values.serviceAccount.name $text -}}
{{- end -}}
{{ $text }}
{{- end }}

{{/* An object as a document, with the labels of every object. Takes root and object. */}}
{{- define "scalegate.write" -}}
{{- $labels := merge (dict) (.object.metadata.labels | default dict) (include "scalegate.labels" .root | fromYaml) -}}
{{- $_ := set .object.metadata "labels" $labels }}
---
{{ toYaml .object }}
{{ end }}

{{/* What cannot work, refused before anything is installed. */}}
{{- define "scalegate.validate" -}}
{{- if has .Release.Namespace (list "kube-system" "scalegate-canary") -}}
{{- fail (printf "namespace %s: Scalegate cannot run there, since the webhook and the canary make exceptions for it; install it with --namespace scalegate-system" .Release.Namespace) -}}
{{- end -}}
{{- if and (not .Values.webhook.enabled) (eq (include "scalegate.mode" .) "legacy") -}}
{{- fail "webhook.enabled: without MutatingAdmissionPolicy v1, which Kubernetes has from 1.36 on, the webhook holds; set webhook.enabled to true, or admission.mode to full if the API server has it" -}}
{{- end -}}
{{- with .Values.webhook.certificates -}}
{{- if and (eq .provider "existingSecret") (not .secretName) -}}
{{- fail "webhook.certificates.secretName: existingSecret needs the name of the Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if and (ne .provider "existingSecret") .secretName -}}
{{- fail (printf "webhook.certificates.secretName: %s makes its own Secret; set webhook.certificates.provider to existingSecret to bring one" .provider) -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.metrics.enabled) .Values.metrics.serviceMonitor.enabled -}}
{{- fail "metrics.serviceMonitor.enabled: there is nothing to scrape without metrics.enabled" -}}
{{- end -}}
{{- end }}

{{/* The Secret with the webhook's certificate. */}}
{{- define "scalegate.certificateSecret" -}}
{{ .Values.webhook.certificates.secretName | default "scalegate-webhook-certificates" }}
{{- end }}
