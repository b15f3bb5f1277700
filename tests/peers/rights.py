"""What somebody may do and what they did: roles among rendered objects, and an API server's audit log."""

import collections
import json

# namespace "*": in every one; name "*": whatever it is called. A resource may be one with its subresource.
Right = collections.namedtuple("Right", "namespace group resource verb name")


def granted(objects, account, namespace):
    """Every single right that the roles bound to the ServiceAccount give it. A wildcard would be no single right."""
    rules = {}
    for each in objects:
        if each["kind"] in ("Role", "ClusterRole"):
            rules[each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]] = each["rules"]
    found = set()
    for binding in objects:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        if {"kind": "ServiceAccount", "name": account, "namespace": namespace} not in binding["subjects"]:
            continue
        within = binding["metadata"].get("namespace")
        ref = binding["roleRef"]
        for rule in rules[ref["kind"], within if ref["kind"] == "Role" else None, ref["name"]]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        assert "*" not in (group, resource, verb), f"{ref['name']} grants {group}/{resource} {verb}"
                        for name in rule.get("resourceNames", ["*"]):
                            found.add(Right(within or "*", group, resource, verb, name))
    return found


def called(lines, user):
    """What the user asked of the API server → the status codes it heard."""
    asked = collections.defaultdict(set)
    for line in lines:
        event = json.loads(line)
        about = event.get("objectRef")
        if event["user"]["username"] != user or not about or "resource" not in about:
            continue  # /version, and what API groups there are, anybody may read
        resource = "/".join(each for each in (about["resource"], about.get("subresource")) if each)
        right = Right(about.get("namespace", ""), about.get("apiGroup", ""), resource, event["verb"], about.get("name", ""))
        asked[right].add(event.get("responseStatus", {}).get("code"))
    return asked


def covers(right, call):
    return (right.group, right.resource, right.verb) == (call.group, call.resource, call.verb) and \
        right.namespace in ("*", call.namespace) and right.name in ("*", call.name)


def missing(rights, calls):
    """Calls that no right covers, and those that were forbidden."""
    return sorted(call for call, codes in calls.items() if 403 in codes or not any(covers(each, call) for each in rights))


def idle(rights, calls, exceptions=()):
    """Rights that no call made use of. `exceptions`: (group, resource, verb) → why nobody here calls it."""
    return sorted(right for right in rights if not any(covers(right, call) for call in calls)
                  and (right.group, right.resource, right.verb) not in exceptions)
