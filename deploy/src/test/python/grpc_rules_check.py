#!/usr/bin/env python3
"""The rules API of a control plane over gRPC, called by gRPC's reference implementation, beside the same over REST:
`grpc_rules_check.py DESCRIPTORS GRPC_ADDRESS API_URL` where DESCRIPTORS is a file with a google.protobuf.FileDescriptorSet. What one of the two writes the other reads,
with the same versions, and what is wrong is told alike. Ends with 0 when all was as it should be; says what was not."""
import json
import sys
import urllib.error
import urllib.request

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

POOL = descriptor_pool.DescriptorPool()
with open(sys.argv[1], "rb") as f:
    for file in descriptor_pb2.FileDescriptorSet.FromString(f.read()).file:
        POOL.Add(file)
CHANNEL = grpc.insecure_channel(sys.argv[2])
API = sys.argv[3] + "/api/v1"
SERVICE = POOL.FindServiceByName("mishap.control.v1.Rules")


def message(descriptor):
    return message_factory.GetMessageClass(descriptor)


def call(name, request, **options):
    """the answer as JSON, or an iterator of such"""
    method = SERVICE.methods_by_name[name]
    kind = CHANNEL.unary_stream if name == "WatchRules" else CHANNEL.unary_unary
    stub = kind("/mishap.control.v1.Rules/" + name, message(method.input_type).SerializeToString,
                message(method.output_type).FromString)
    answer = stub(json_format.ParseDict(request, message(method.input_type)()), timeout=60, **options)
    if name == "WatchRules":
        return (json_format.MessageToDict(event) for event in answer), answer.cancel
    return json_format.MessageToDict(answer)


def rest(method, path, body=None, **headers):
    """status, document and ETag"""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        headers.setdefault("content-type", "application/json")
        body = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(API + path, body, headers, method=method), timeout=60) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else {}, answer.headers.get("etag")
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read()), None


def check(what, got, wanted):
    if got != wanted:
        raise AssertionError("%s: %r, wanted %r" % (what, got, wanted))


def document(name, status, **labels):
    return {"namespace": "staging", "rule": {"name": name, "labels": labels, "abort": {"httpStatus": status}, "ttl": "600s"}}


def document_of_rest(name, status):
    return {"apiVersion": "mishap.dev/v1", "kind": "FaultRule", "metadata": {"name": name, "namespace": "staging"},
            "spec": {"ttl": "10m", "fault": {"abort": {"httpStatus": status}}}}


def same(what, stored):
    """the rule that gRPC told of is the one that REST tells of"""
    name = stored["document"]["rule"]["name"]
    status, got, etag = rest("GET", "/namespaces/staging/rules/" + name)
    check(what + ": REST", status, 200)
    check(what + ": version", [got["metadata"]["resourceVersion"], etag],
          [stored["resourceVersion"], '"%s"' % stored["resourceVersion"]])
    check(what + ": uid and generation", [got["metadata"]["uid"], str(got["metadata"]["generation"])],
          [stored["uid"], stored["generation"]])
    check(what + ": fault", got["spec"]["fault"]["abort"]["httpStatus"], stored["document"]["rule"]["abort"]["httpStatus"])
    check(what + ": labels", got["metadata"].get("labels", {}), stored["document"]["rule"].get("labels", {}))
    check(what + ": summary and phase", [got["status"]["summary"], got["status"]["phase"].upper()], [stored["summary"], stored["phase"]])


def fails(what, name, request, problem, method, path, body=None, **headers):
    """over gRPC and over REST, of the same kind and with the same words"""
    try:
        call(name, request)
    except grpc.RpcError as e:
        status, told, _ = rest(method, path, body, **headers)
        check(what + ": type", told["type"], "urn:mishap:problem:" + problem)
        details = dict(e.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        check(what + ": details name the reason", problem.upper().replace("-", "_").encode() in details, True)
        # A field is called as the caller wrote it.
        check(what + ": words", e.details(), told["detail"].replace("spec.fault.", "document.rule."))
        for error in told.get("errors", []):
            check(what + ": field", error["field"].replace("spec.fault.", "document.rule.").encode() in details, True)
        return e.code(), status
    raise AssertionError(what + ": did not fail")


def main():
    events, cancel = call("WatchRules", {"namespace": "staging"})

    check("dry run", call("CreateRule", {"document": document("one", 503), "dryRun": True})["outcome"], "created")
    check("dry run leaves nothing", rest("GET", "/namespaces/staging/rules/one")[0], 404)

    made = call("CreateRule", {"document": document("one", 503, team="pay"), "idempotencyKey": "k1"})
    check("created", made["created"], True)
    same("created", made["rule"])
    again = call("CreateRule", {"document": document("one", 503, team="pay"), "idempotencyKey": "k1"})
    check("again with its key", [again["replayed"], again["rule"]["uid"]], [True, made["rule"]["uid"]])
    check("again without a key", fails("exists", "CreateRule", {"document": document("one", 503)}, "exists", "POST",
                                       "/namespaces/staging/rules", document_of_rest("one", 503)),
          (grpc.StatusCode.ALREADY_EXISTS, 409))

    status, put, _ = rest("PUT", "/namespaces/staging/rules/two", document_of_rest("two", 429))
    check("put by REST", status, 201)
    got = call("GetRule", {"namespace": "staging", "name": "two"})
    check("got by gRPC", [got["uid"], got["document"]["rule"]["abort"]["httpStatus"]], [put["metadata"]["uid"], 429])
    same("got by gRPC", got)

    patch = {"namespace": "staging", "name": "one", "mergePatch": {"spec": {"percentage": 10}}}
    same("patched", call("PatchRule", dict(patch, ifResourceVersion=made["rule"]["resourceVersion"]))["rule"])
    check("patched an old one", fails(
        "old", "PatchRule", dict(patch, ifResourceVersion=made["rule"]["resourceVersion"]), "precondition-failed", "PATCH",
        "/namespaces/staging/rules/one", {"spec": {"percentage": 10}},
        **{"content_type": "application/merge-patch+json", "if_match": '"%s"' % made["rule"]["resourceVersion"]}),
        (grpc.StatusCode.FAILED_PRECONDITION, 412))
    same("replaced", call("ReplaceRule", {"document": document("one", 504, team="pay")})["rule"])

    check("invalid", fails("invalid", "ReplaceRule", {"document": document("one", 999)}, "invalid", "PUT",
                           "/namespaces/staging/rules/one", document_of_rest("one", 999)), (grpc.StatusCode.INVALID_ARGUMENT, 400))
    check("not there", fails("not there", "GetRule", {"namespace": "staging", "name": "three"}, "not-found", "GET",
                             "/namespaces/staging/rules/three"), (grpc.StatusCode.NOT_FOUND, 404))

    first = call("ListRules", {"namespace": "staging", "pageSize": 1})
    second = call("ListRules", {"namespace": "staging", "pageSize": 1, "pageToken": first["nextPageToken"]})
    listed = [page["rules"][0]["document"]["rule"]["name"] for page in (first, second)]
    check("pages", listed + [second.get("nextPageToken")], ["one", "two", None])
    check("listed by REST", [item["metadata"]["name"] for item in rest("GET", "/namespaces/staging/rules")[1]["items"]], listed)
    check("selected", [rule["document"]["rule"]["name"] for rule in call("ListRules", {"labelSelector": "team=pay"})["rules"]], ["one"])

    check("deleted", call("DeleteRule", {"namespace": "staging", "name": "two"})["document"]["rule"]["name"], "two")
    check("deleted for REST", rest("GET", "/namespaces/staging/rules/two")[0], 404)
    rest("PUT", "/namespaces/staging/rules/three", document_of_rest("three", 429))
    stopped = call("StopRules", {"namespace": "staging", "all": True})["rules"]
    check("stopped", [rule["document"]["rule"]["name"] for rule in stopped], ["one", "three"])
    check("stopped for REST", rest("GET", "/namespaces/staging/rules")[1]["items"], [])

    seen = []
    while seen[-1:] != [("DELETED", "three")]:
        event = next(events)
        if "rule" in event:
            seen.append((event["type"], event["rule"]["document"]["rule"]["name"]))
    cancel()
    check("watched", seen, [("ADDED", "one"), ("ADDED", "two"), ("MODIFIED", "one"), ("MODIFIED", "one"), ("DELETED", "two"),
                            ("ADDED", "three"), ("DELETED", "one"), ("DELETED", "three")])
    print("gRPC and REST told the same")


main()
