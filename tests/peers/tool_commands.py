"""What is typed at a real kube-apiserver and at the sandbox in turn, by sandbox_tools_test.py. Objects are of the types that the sandbox plays in
full; of workloads there is the table alone, because their inner rules are not played."""

import dataclasses
import json


@dataclasses.dataclass
class Run:
    command: str
    text: str = None  # on its standard input
    only_how_it_ends: bool = False  # what it prints is each server's own


OBJECTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: tools}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: tools, labels: {app: x}}
data: {a: "1", b: edit-me}
binaryData: {z: YQ==}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: tools}
stringData: {a: "1", b: "2"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa, namespace: tools}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: tools}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rb, namespace: tools}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects:
- {kind: ServiceAccount, name: sa, namespace: tools}
- {kind: User, name: joe, apiGroup: rbac.authorization.k8s.io}
- {kind: Group, name: team, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: tools-cr}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: tools-crb}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: tools-cr}
subjects: [{kind: ServiceAccount, name: sa, namespace: tools}]
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: l, namespace: tools}
spec: {holderIdentity: me, leaseDurationSeconds: 15}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: tools}
type: Normal
reason: Moved
message: it has moved
count: 3
involvedObject: {kind: ConfigMap, namespace: tools, name: c, apiVersion: v1}
source: {component: falconer}
firstTimestamp: "2026-11-30T12:00:00Z"
lastTimestamp: "2026-11-30T13:00:00Z"
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: tools, labels: {app: d}}
spec:
  replicas: 2
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: c, image: "img:1"}, {name: other, image: "other:2"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ds, namespace: tools}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: c, image: "img:1"}]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: tools-pc}
value: 100
description: x
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: pdb, namespace: tools}
spec: {minAvailable: 1, selector: {matchLabels: {app: d}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np, namespace: tools}
spec: {podSelector: {matchLabels: {app: d}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ing, namespace: tools}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.example.com], secretName: s}]
  rules:
  - {host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: svc, port: {name: http}}}}]}}
  - {host: b.example.com}
  - {host: c.example.com}
  - {host: d.example.com}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: everybody, namespace: tools}
spec: {defaultBackend: {service: {name: svc, port: {number: 80}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: hpa, namespace: tools}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}
  minReplicas: 2
  maxReplicas: 5
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
  - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}}
  - {type: Resource, resource: {name: storage, target: {type: Utilization, averageUtilization: 5}}}
---
apiVersion: v1
kind: Service
metadata: {name: svc, namespace: tools}
spec: {clusterIP: None, ports: [{port: 80, name: http}], selector: {app: d}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: tools}
spec: {containers: [{name: c, image: "img:1"}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.tools.example.com}
spec:
  group: tools.example.com
  scope: Namespaced
  names: {plural: gears, singular: gear, kind: Gear, listKind: GearList, shortNames: [gr], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.teeth, statusReplicasPath: .status.teeth}}
    schema:
      openAPIV3Schema:
        type: object
        description: A gear turns.
        properties:
          spec: {type: object, properties: {teeth: {type: integer, description: "How many it has."}, metal: {type: string, enum: [iron, brass]}}}
          status: {type: object, properties: {turns: {type: boolean}, teeth: {type: integer}}}
    additionalPrinterColumns:
    - {name: Teeth, type: integer, jsonPath: .spec.teeth}
    - {name: Metal, type: string, jsonPath: .spec.metal, priority: 1}
    - {name: Turns, type: boolean, jsonPath: .status.turns}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
"""

GEAR = """\
apiVersion: tools.example.com/v1
kind: Gear
metadata: {name: g, namespace: tools}
spec: {teeth: 12, metal: iron}
"""
MORE = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "tools", "labels": {"app": "y"}}, "data": {"a": "3", "n": "new"}})
TYPES = "configmaps,secrets,serviceaccounts,roles,rolebindings,leases,events,networkpolicies,pdb,services"

KUBECTL = [
    "kubectl apply -f objects.yaml",
    "kubectl wait --for=condition=Established crd/gears.tools.example.com --timeout=60s",
    Run("kubectl apply -f -", GEAR),
    Run("kubectl apply -f -", GEAR.replace("iron", "wood")),
    Run("kubectl apply -f -", GEAR.replace("teeth", "tooth"), only_how_it_ends=True),  # both write the whole object out
    Run("kubectl create --validate=warn -f -", GEAR.replace("name: g,", "name: warned,").replace("metal", "mettle")),
    Run("kubectl create --validate=ignore -f -", GEAR.replace("name: g,", "name: ignored,").replace("metal", "mettle")),
    "kubectl delete -n tools gear warned ignored",
    "kubectl apply -f objects.yaml",
    # Tables
    f"kubectl get -n tools {TYPES}",
    f"kubectl get -n tools {TYPES} -o wide",
    "kubectl get -n tools deployments,daemonsets,pods",
    "kubectl get -n tools deployments,daemonsets -o wide",
    "kubectl get -n tools ingresses,hpa",
    "kubectl get -n tools ing -o wide",
    "kubectl get -n tools all",
    "kubectl get -n tools gears",
    "kubectl get -n tools gr -o wide",
    "kubectl get clusterroles tools-cr",
    "kubectl get clusterrolebindings tools-crb -o wide",
    "kubectl get priorityclasses tools-pc",
    "kubectl get crd gears.tools.example.com",
    "kubectl get ns tools",
    "kubectl get cm -A --field-selector metadata.name=c",
    "kubectl get -n tools cm -L app",
    "kubectl get -n tools cm --sort-by=.metadata.name",
    "kubectl get -n tools cm,secret -o name",
    "kubectl get -n tools cm c -o yaml",
    "kubectl get -n tools secret s -o yaml",
    "kubectl get -n tools role r -o yaml",
    "kubectl get -n tools rolebinding rb -o yaml",
    "kubectl get -n tools lease l -o yaml",
    "kubectl get -n tools event e -o yaml",
    "kubectl get -n tools gear g -o yaml",
    "kubectl get -n tools cm c -o jsonpath={.data.a}",
    "kubectl get -n tools cm nosuch",
    "kubectl get -n tools nosuch",
    # Changes
    Run("kubectl diff -f -", MORE),
    Run("kubectl apply -f -", MORE),
    Run("kubectl diff -f -", MORE),
    Run("kubectl apply --server-side -f -", MORE.replace("new", "newer")),
    Run("kubectl apply --server-side --force-conflicts -f -", MORE.replace("new", "newer")),
    Run("kubectl apply --server-side --field-manager=other -f -", MORE.replace("new", "newest")),
    "kubectl apply -f objects.yaml --dry-run=server",
    "kubectl annotate -n tools cm c x=y",
    "kubectl annotate -n tools cm c x=z",
    "kubectl annotate -n tools cm c x=z --overwrite",
    "kubectl label -n tools cm c l=m",
    "kubectl label -n tools cm c l-",
    "kubectl label -n tools cm -l app=y k=v",
    "kubectl edit -n tools cm c",
    """kubectl patch -n tools cm c -p '{"data": {"q": "1"}}'""",
    Run("""kubectl patch -n tools cm c --type=json -p '[{"op": "test", "path": "/data/q", "value": "2"}]'""", only_how_it_ends=True),  # ours says why
    """kubectl patch -n tools gear g --type=merge -p '{"spec": {"teeth": 24}}'""",
    """kubectl patch -n tools gear g -p '{"spec": {"teeth": 24}}'""",
    """kubectl patch -n tools gear g --subresource=status --type=merge -p '{"status": {"turns": true}}'""",
    "kubectl get -n tools gear g",
    "kubectl set image -n tools deploy d c=img:2",
    """kubectl patch -n tools deploy d -p '{"spec": {"template": {"spec": {"containers": [{"name": "other", "image": "other:3"}]}}}}'""",
    "kubectl get -n tools deploy d -o jsonpath={.spec.template.spec.containers[*].image}",
    # How many there are to be
    "kubectl scale -n tools deploy d --replicas=3",
    "kubectl scale -n tools deploy d --replicas=4 --current-replicas=2",
    "kubectl scale -n tools deploy d --replicas=4 --current-replicas=3",
    Run("kubectl scale -n tools deploy d --replicas=5 --resource-version=1", only_how_it_ends=True),  # both say which it is
    "kubectl scale -n tools deploy d --replicas=6 --dry-run=server",
    "kubectl scale -n tools deploy -l app=d --replicas=0",
    "kubectl get -n tools deploy d",
    "kubectl get -n tools deploy d --subresource=scale",
    "kubectl get -n tools deploy d --subresource=scale -o yaml",
    """kubectl patch -n tools deploy d --subresource=scale --type=merge -p '{"spec": {"replicas": 2}}'""",
    "kubectl get -n tools deploy d -o jsonpath={.spec.replicas}",
    "kubectl scale -n tools gear g --replicas=18",
    "kubectl scale -n tools gear g --replicas=24 --current-replicas=18",
    "kubectl get -n tools gear g --subresource=scale",
    "kubectl scale -n tools cm c --replicas=2",
    "kubectl scale -n tools ds ds --replicas=2",
    "kubectl scale -n tools deploy nosuch --replicas=2",
    "kubectl wait -n tools cm/c --for=jsonpath={.data.q}=1 --timeout=20s",
    "kubectl wait -n tools cm/c --for=jsonpath={.data.q}=2 --timeout=1s",
    # Made by kubectl itself
    "kubectl create -n tools configmap made --from-literal=a=b --dry-run=server -o yaml",
    "kubectl create -n tools configmap made --from-literal=a=b",
    "kubectl create -n tools configmap made --from-literal=a=b",
    "kubectl create -n tools secret generic made --from-literal=a=b",
    "kubectl create -n tools serviceaccount made",
    "kubectl create -n tools role made --verb=get,list --resource=configmaps,leases.coordination.k8s.io",
    "kubectl create -n tools rolebinding made --role=made --serviceaccount=tools:made --user=joe",
    "kubectl create clusterrole tools-made --verb=get --non-resource-url=/healthz",
    "kubectl create clusterrolebinding tools-made --clusterrole=tools-made --group=team",
    "kubectl create namespace tools-made",
    "kubectl create priorityclass tools-made --value=7 --description=made",
    "kubectl get -n tools cm/made secret/made sa/made role/made rolebinding/made -o yaml",
    "kubectl get clusterrole/tools-made clusterrolebinding/tools-made priorityclass/tools-made -o yaml",
    # Rights, types, explanations
    "kubectl auth can-i get secrets",
    "kubectl auth can-i get secrets --as=nobody",
    "kubectl auth can-i get secrets -n tools --as=joe",
    "kubectl auth can-i get secrets -n tools --as=ann --as-group=team",
    "kubectl auth can-i delete secrets -n tools --as=joe",
    Run("kubectl auth can-i --list", only_how_it_ends=True),
    Run("kubectl auth whoami", only_how_it_ends=True),
    "kubectl api-resources --api-group=rbac.authorization.k8s.io",
    "kubectl api-resources --api-group=coordination.k8s.io",
    "kubectl api-resources --api-group=tools.example.com",
    "kubectl api-resources --api-group=tools.example.com -o wide",
    "kubectl explain configmap",
    "kubectl explain configmap.data",
    "kubectl explain secret.metadata.ownerReferences",
    "kubectl explain lease.spec.renewTime",
    "kubectl explain role.rules",
    "kubectl explain gear",
    "kubectl explain gear.spec",
    "kubectl explain gear.spec.teeth",
    "kubectl explain gear.nosuch",
    # Descriptions
    "kubectl describe -n tools cm c",
    "kubectl describe -n tools secret s",
    "kubectl describe -n tools sa sa",
    "kubectl describe -n tools role r",
    "kubectl describe -n tools rolebinding rb",
    "kubectl describe -n tools lease l",
    "kubectl describe -n tools gear g",
    "kubectl events -n tools --for configmap/c",
    # The end
    Run("kubectl get --raw /healthz"),
    Run("kubectl get --raw /readyz"),
    "kubectl delete -n tools cm c --wait --timeout=60s",
    "kubectl delete -n tools cm c",
    "kubectl delete -n tools cm c --ignore-not-found",
    "kubectl delete -n tools secret s --cascade=orphan --wait=false",
    "kubectl delete -n tools sa sa --now",
    "kubectl delete -n tools gears --all --wait --timeout=60s",
    "kubectl delete -n tools role,rolebinding -l nothing=here",
    "kubectl delete ns tools-made --wait=false",
]

HELM = [
    "helm install one chart --namespace helm --create-namespace",
    "helm install one chart --namespace helm",
    "helm status one --namespace helm",
    "helm list --namespace helm -o json --no-headers",
    "helm get values one --namespace helm --all",
    "helm get manifest one --namespace helm",
    "helm upgrade one chart --namespace helm --set size=large",
    "kubectl get cm one -n helm -o yaml",
    "helm history one --namespace helm -o json",
    "helm rollback one 1 --namespace helm",
    "kubectl get cm one -n helm -o jsonpath={.data.size}",
    "helm upgrade --install two chart --namespace helm --wait --timeout 60s",
    "helm upgrade one chart --namespace helm --set size=huge --dry-run=server",
    "helm uninstall one --namespace helm --wait --timeout 60s",
    "helm uninstall one --namespace helm",
    "kubectl get cm,sa,role -n helm -o name --field-selector metadata.name=one",
    "helm list --namespace helm -q",
    "helm uninstall two --namespace helm",
]

# What our charts are made of, without what they bring themselves.
MADE = ("deployments,statefulsets,services,poddisruptionbudgets,horizontalpodautoscalers,ingresses,networkpolicies,configmaps,secrets,serviceaccounts,roles,rolebindings,"
        "clusterroles,clusterrolebindings,verticalpodautoscalers,prometheusrules,servicemonitors")


def of_our_chart(name, space, first, then, changed):
    """A release's life, from the folder `charts/NAME` with the values `first`, then `then`. `changed`: what of it is seen in the cluster then."""
    release = "r-" + name.replace("gardener-extension-", "").replace("shoot-falco-service", "sfs")
    made = f"kubectl get {MADE} -A -l app.kubernetes.io/instance={release} -o name"
    seen = f"kubectl get -n {space} {changed}"
    return [
        f"helm upgrade --install {release} charts/{name} --namespace {space} --create-namespace --values {first} --dry-run=server",
        f"helm install {release} charts/{name} --namespace {space} --create-namespace --values {first}",
        f"helm install {release} charts/{name} --namespace {space} --values {first}",
        made,
        seen,
        f"helm get manifest {release} --namespace {space}",
        f"helm status {release} --namespace {space}",
        f"helm upgrade {release} charts/{name} --namespace {space} --values {first}",
        seen,
        f"helm upgrade {release} charts/{name} --namespace {space} --values {then}",
        made,
        seen,
        f"helm rollback {release} 1 --namespace {space}",
        made,
        seen,
        f"helm history {release} --namespace {space} -o json",
        f"helm get values {release} --namespace {space} -o json",
        f"helm uninstall {release} --namespace {space} --wait --timeout 120s",
        made,
        f"helm uninstall {release} --namespace {space}",
        "kubectl get crd falcoprofiles.falco.gardener.cloud -o name --ignore-not-found",
    ]
