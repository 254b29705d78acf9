{{/* What every pod is: no root, no writing but below /tmp, no rights to gain, nothing of the cluster's API. */}}
{{- define "dealbridge.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  # `node` of the image; files of a Secret are root's, and readable for the group.
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "dealbridge.container" -}}
image: {{ include "dealbridge.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{/* Settings, secrets and rules of worker, starter and command line. */}}
{{- define "dealbridge.environment" -}}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ include "dealbridge.setting" $value | quote }}
{{- end }}
{{- range $name, $entry := .Values.secrets.files }}
- name: {{ $name }}
  value: {{ printf "/etc/dealbridge/secrets/%s" $entry | quote }}
{{- end }}
- { name: DEALBRIDGE_RULES, value: /etc/dealbridge/rules/rules.yaml }
{{- end -}}

{{/* For Helm an unquoted `off` is a boolean, and a number of seven digits has an exponent; a process takes neither. */}}
{{- define "dealbridge.setting" -}}
{{- if kindIs "bool" . -}}
{{ ternary "on" "off" . }}
{{- else if and (kindIs "float64" .) (eq . (floor .)) -}}
{{ printf "%.0f" . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{/* Where the starter is reached from outside, by which Business Central is asked to notify, and the desk, to which alerts link. */}}
{{- define "dealbridge.publicAddresses" -}}
{{- with .Values.starter.ingress }}
{{- if .enabled }}
- { name: STARTER_PUBLIC_URL, value: {{ printf "https://%s" .host | quote }} }
{{- end }}
{{- end }}
{{- if and .Values.desk.enabled .Values.desk.ingress.enabled }}
- { name: DESK_PUBLIC_URL, value: {{ printf "https://%s" .Values.desk.ingress.host | quote }} }
{{- end }}
{{- end -}}

{{- define "dealbridge.mounts" -}}
- { name: secrets, mountPath: /etc/dealbridge/secrets, readOnly: true }
- { name: rules, mountPath: /etc/dealbridge/rules, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- end -}}

{{- define "dealbridge.volumes" -}}
- name: secrets
  # The group may read, nobody else may anything: what a key file has to be.
  secret: { secretName: {{ .Values.secrets.existingSecret | quote }}, defaultMode: 0440 }
- name: rules
  configMap: { name: {{ include "dealbridge.name" . }}-rules }
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- end -}}

{{/*
/livez while the process does; /readyz while ledger, Temporal, keys and sign-ins do. A restart helps the first alone. A starter gets its
requests also while a sign-in is refused: without them webhooks would be lost, and nobody could enter a new secret at the desk.
*/}}
{{- define "dealbridge.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: status }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: status }
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: { path: {{ .ready | quote }}, port: status }
  periodSeconds: 10
  # It asks ledger, Temporal and keys, each for two seconds at most.
  timeoutSeconds: 7
  failureThreshold: 3
{{- end -}}

{{/* Two of a kind are not on one machine while there is another one. */}}
{{- define "dealbridge.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "dealbridge.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
{{- end -}}
