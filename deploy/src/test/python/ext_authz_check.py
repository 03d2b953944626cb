#!/usr/bin/env python3
"""A gRPC authorization service, an upstream and a client around a proxy that runs ext_authz.yaml: `ext_authz_check.py ADMIN_PORT
AUTHZ_PORT UPSTREAM_PORT FOUR_LISTENERS' ACCESS_LOG`. Writes what the service was asked, what the upstream got and what the client got, without what differs
from run to run; ext_authz_check.txt is what the real Envoy makes of it."""
import concurrent.futures
import http.client
import http.server
import json
import re
import struct
import sys
import threading
import time
import urllib.request

import grpc

# ---- protobuf's wire format, as far as is needed here ----


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def f(number, value):
    if isinstance(value, (bool, int)):
        return varint(number << 3) + varint(int(value))
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            yield tag >> 3, number()
        elif tag & 7 == 1:
            yield tag >> 3, struct.unpack("<d", data[at:at + 8])[0]
            at += 8
        else:
            size = number()
            yield tag >> 3, data[at:at + size]
            at += size


STR, BYTES, INT = "str", "bytes", "int"
STRUCT = {1: ("fields", ["map", {3: ("string", STR), 2: ("number", INT)}])}
METADATA = {1: ("filter_metadata", ["map", STRUCT])}
PEER = {
    1: ("address", {1: ("socket_address", {1: ("protocol", INT), 2: ("address", STR), 3: ("port", INT)})}),
    2: ("service", STR), 3: ("labels", ["map", STR]), 4: ("principal", STR), 5: ("certificate", STR)}
HTTP = {
    1: ("id", STR), 2: ("method", STR), 3: ("headers", ["map", STR]), 4: ("path", STR), 5: ("host", STR), 6: ("scheme", STR),
    7: ("query", STR), 8: ("fragment", STR), 9: ("size", INT), 10: ("protocol", STR), 11: ("body", STR), 12: ("raw_body", BYTES),
    13: ("header_map", {1: ("headers", ["list", {1: ("key", STR), 2: ("value", STR), 3: ("raw_value", BYTES)}])})}
CHECK = {1: ("attributes", {
    1: ("source", PEER), 2: ("destination", PEER), 4: ("request", {1: ("time", {1: ("seconds", INT), 2: ("nanos", INT)}), 2: ("http", HTTP)}),
    10: ("context_extensions", ["map", STR]), 11: ("metadata_context", METADATA), 12: ("tls_session", {1: ("sni", STR)}),
    13: ("route_metadata_context", METADATA)})}


def decode(data, form):
    if form == INT:
        return data
    if form == STR:
        return data.decode()
    if form == BYTES:
        return data.hex()
    out = {}
    for number, value in fields(data):
        name, inner = form.get(number, ("field %d" % number, BYTES))
        if isinstance(inner, list) and inner[0] == "map":
            entry = dict(fields(value))
            out.setdefault(name, {})[entry.get(1, b"").decode()] = decode(entry.get(2, b""), inner[1])
        elif isinstance(inner, list):
            out.setdefault(name, []).append(decode(value, inner[1]))
        else:
            out[name] = decode(value, inner)
    return out


# ---- answers of the service ----

APPEND, ABSENT, OVERWRITE, IF_EXISTS = range(4)


def option(key, value, action=None, append=None, raw=False):
    header = f(1, key) + (f(3, value) if raw else f(2, value))
    return f(1, header) + (b"" if append is None else f(2, f(1, append))) + (b"" if action is None else f(3, action))


def string_struct(**values):
    return b"".join(f(1, f(1, k) + f(2, f(3, v))) for k, v in values.items())


def ok(*parts):
    return f(3, b"".join(parts))


def denied(status, *parts, code=7):
    return f(1, f(1, code)) + f(2, (f(1, f(1, status)) if status else b"") + b"".join(parts))


answers = []
SHOW = {}
calls = [0]
LOCK = threading.Lock()


def say(*words):
    with LOCK:
        print(*words, flush=True)


def check(data, context):
    seen = decode(data, CHECK)
    attributes = seen["attributes"]
    attributes["source"]["address"]["socket_address"]["port"] = "P"
    attributes["destination"]["address"]["socket_address"]["port"] = "P"
    attributes["request"]["time"] = sorted(attributes["request"]["time"])
    headers = attributes["request"]["http"].get("headers", {})
    attributes["request"]["http"]["id"] = "ID" if attributes["request"]["http"].get("id") else "none"
    for listed in attributes["request"]["http"].get("header_map", {}).get("headers", []):
        if listed["key"] == "x-request-id":
            listed["raw_value"] = "R"
    if "x-request-id" in headers:
        headers["x-request-id"] = "R"
    if SHOW.get("asked"):
        # How long the service before this one took differs from run to run.
        told = re.sub(r'("ext_authz_duration": {"number": )[0-9.]+', r"\g<1>0", json.dumps(seen, sort_keys=True))
        say("  asked", told)
    metadata = sorted((k, "F" if k == "x-forwarded-for" else v) for k, v in context.invocation_metadata() if k != "user-agent")
    if SHOW.get("asked"):
        say("  metadata", json.dumps(metadata))
    answer = answers.pop(0)
    if isinstance(answer, grpc.StatusCode):
        context.abort(answer, "no")
    if isinstance(answer, float):
        time.sleep(answer)
        return f(1, b"")
    return answer


class Handlers(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/envoy.service.auth.v3.Authorization/Check":
            return grpc.unary_unary_rpc_method_handler(check)


class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        listed = [[k.lower(), v] for k, v in self.headers.items() if k.lower() != "x-request-id"]
        say("  upstream", self.command, self.path, json.dumps(listed), body.decode())
        self.send_response_only(200)
        self.send_header("x-resp", "upstream")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"up")

    do_POST = do_GET

    def log_message(self, *args):
        pass


def call(name, listener, path, *given, headers=(), body=None, method=None, asked=False):
    say(name)
    calls[0] += 1
    SHOW["asked"] = asked
    answers[:] = given
    client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[4 + listener]), timeout=20)
    client.putrequest(method or ("GET" if body is None else "POST"), path, skip_host=True, skip_accept_encoding=True)
    client.putheader("host", "h.test")
    for key, value in headers:
        client.putheader(key, value)
    if body is not None:
        client.putheader("content-length", str(len(body)))
    client.endheaders()
    if body is not None:
        client.send(body)
    response = client.getresponse()
    text = response.read().decode()
    listed = [[k, v] for k, v in response.getheaders() if k not in ("date", "x-envoy-upstream-service-time")]
    say("  client", response.status, json.dumps(listed), json.dumps(text))
    client.close()


def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Handlers(),))
    server.add_insecure_port("127.0.0.1:" + sys.argv[2])
    server.start()
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()

    call("allowed", 0, "/a?b=c", ok(), headers=[("x-a", "1"), ("x-a", "2"), ("x-envoy-downstream-service-cluster", "sc")], asked=True)
    call("allowed without a word", 0, "/", b"")
    call("request headers are set", 0, "/", ok(
        f(2, option("x-default", "d")), f(2, option("x-a", "n")), f(2, option("x-append", "n", append=True)),
        f(2, option("x-false", "n", append=False)), f(2, option("x-act0", "n", APPEND)), f(2, option("x-act1", "n", ABSENT)),
        f(2, option("x-act1n", "n", ABSENT)), f(2, option("x-act2", "n", OVERWRITE)), f(2, option("x-act3", "n", IF_EXISTS)),
        f(2, option("x-act3n", "n", IF_EXISTS)), f(2, option("x-append-new", "n", append=True)), f(2, option("x-empty", "")),
        f(2, option("X-Raw", b"\xc3\xa9", raw=True)), f(2, option("x-append", "m", append=True))),
        headers=[(n, "o") for n in ("x-a", "x-append", "x-false", "x-act0", "x-act1", "x-act2", "x-act3")])
    call("request headers are removed", 0, "/", ok(f(5, "x-gone"), f(5, "host"), f(5, ":path"), f(5, "X-Case"), f(5, "x-set"), f(2, option("x-set", "1"))),
         headers=[("x-gone", "1"), ("x-gone", "2"), ("x-case", "1")])
    call("path and host change", 0, "/", ok(f(2, option(":path", "/other")), f(2, option("host", "z.test")), f(2, option(":authority", "y.test"))))
    call("response headers are added", 0, "/", ok(
        f(6, option("x-resp", "d")), f(6, option("x-new", "d")), f(6, option("x-new", "e")), f(6, option("x-act1", "n", ABSENT)),
        f(6, option("x-act2", "n", OVERWRITE)), f(6, option("x-act3", "n", IF_EXISTS)), f(6, option("x-false", "n", append=False))))
    call("response headers, set", 0, "/", ok(f(6, option("x-resp", "n", OVERWRITE))))
    call("response headers, if there", 0, "/", ok(f(6, option("x-resp", "n", IF_EXISTS))))
    call("response headers, if not there", 0, "/", ok(f(6, option("x-resp", "n", ABSENT))))
    call("response headers, append false", 0, "/", ok(f(6, option("x-resp", "n", append=False))))
    call("query", 0, "/p?b=1&a=%41&c&a=2", ok(f(7, f(1, "b") + f(2, "9%x")), f(7, f(1, "z") + f(2, "1")), f(8, "c"), f(8, "none")))
    call("query, a name alone", 0, "/p?c&b=", ok(f(7, f(1, "z") + f(2, "")), f(7, f(1, "c2") + f(2, "1")), f(7, f(1, "c2") + f(2, "2"))))
    call("query emptied", 0, "/p?c", ok(f(8, "c")))
    call("query untouched", 0, "/p?b=1&a=%41", ok())
    call("denied", 0, "/", denied(401, f(2, option("x-deny", "1")), f(2, option("x-deny", "2")), f(2, option("content-type", "text/x")),
                                  f(2, option("x-append", "1", append=True)), f(2, option("x-append", "2", append=True)), f(3, "no way")))
    call("denied without a status", 0, "/", denied(0, f(3, "b")))
    call("denied with a status only", 0, "/", f(1, f(1, 16)))
    call("denied although ok_response", 0, "/", f(1, f(1, 7)) + ok(f(2, option("x-a", "1"))))
    call("allowed although denied_response", 0, "/", f(1, b"") + f(2, f(1, f(1, 429)) + f(3, "x")))
    call("denied with 200", 0, "/", denied(200, f(3, "fine")))
    call("denied with 503", 0, "/", denied(503, f(2, option("x-s", "1", OVERWRITE)), f(3, "s")))
    call("denied, actions", 0, "/", denied(403, *[f(2, option("x-%d" % i, v, a)) for i, a in enumerate((APPEND, ABSENT, OVERWRITE, IF_EXISTS)) for v in "ab"]))
    call("denied with a status of one's own", 0, "/", denied(418, f(3, "t")))
    call("denied gRPC", 0, "/", denied(401, f(3, "no")), headers=[("content-type", "application/grpc")])
    call("HEAD denied", 0, "/", denied(401, f(3, "no")), method="HEAD")
    call("metadata", 0, "/", ok() + f(4, string_struct(user="joe", dept="x")))
    call("metadata of ok_response", 0, "/", ok(f(3, string_struct(user="old"))))
    call("metadata when denied", 0, "/", denied(403) + f(4, string_struct(user="joe")))
    call("error", 0, "/", grpc.StatusCode.PERMISSION_DENIED)
    call("error, unavailable", 0, "/", grpc.StatusCode.UNAVAILABLE)
    call("time-out", 0, "/", 1.0)
    call("answer that is none", 0, "/", b"\xff\xff")
    call("invalid header", 0, "/", ok(f(2, option("x bad", "1"))))
    call("invalid value", 0, "/", ok(f(2, option("x-bad", "a\nb"))))
    call("extensions of route and host", 0, "/ctx", b"", asked=True)
    call("off", 0, "/off")
    call("direct response", 0, "/none", ok(), headers=[("x-none", "1")], asked=True)
    call("no route", 0, "/nowhere", ok(), headers=[("x-none", "1")], asked=True)
    call("body", 0, "/body", b"", body=b"hello", asked=True)
    call("body, none", 0, "/body", b"", asked=True)
    call("body as long as allowed", 0, "/body", b"", body=b"0123456789", asked=True)
    call("body too long", 0, "/body", b"", body=b"0123456789a", asked=True)
    call("body in part", 0, "/partial", b"", body=b"0123456789", asked=True)
    call("body, short of the part", 0, "/partial", b"", body=b"0123", asked=True)
    call("body, as long as the part", 0, "/partial", b"", body=b"01234", asked=True)
    call("body as bytes", 0, "/bytes", b"", body=b"\xff\x00z".replace(b"\xff\x00", b"ab"), asked=True)
    call("headers are chosen", 1, "/", b"", headers=[("x-in", "1"), ("x-in-no", "1"), ("x-out", "1"), ("authorization", "z")], asked=True)
    call("body by the filter", 1, "/", b"", body=b"hello", asked=True)
    call("no body by the route", 1, "/nobody", b"", body=b"hello", asked=True)
    call("failure mode", 1, "/", grpc.StatusCode.INTERNAL)
    call("failure mode, time-out", 1, "/", 1.0)
    call("metadata is told", 2, "/", ok() + f(4, string_struct(user="joe")), b"", asked=True)
    call("raw headers", 2, "/raw", ok(), ok(), headers=[("x-a", "1"), ("x-a", "2")], asked=True)
    call("no service", 3, "/")
    server.stop(0)
    lines = []
    for _ in range(200):
        with open(sys.argv[8]) as log:
            lines = log.read().splitlines()
        if len(lines) == calls[0]:
            break
        time.sleep(0.05)
    say("access log")
    for line in sorted(lines):  # a request's line may come after the next request's: its client had its answer before
        say(" ", line)
    say("stats")
    for line in urllib.request.urlopen("http://127.0.0.1:%s/stats?usedonly&type=Counters" % sys.argv[1], timeout=20).read().decode().splitlines():
        if re.search(r"^http\.[a-d]\.(downstream_rq_(.xx|too_large)|ext_authz)|^cluster\.u\.(ext_authz|.*rq_(\d..|completed))|^cluster.authz.upstream_rq_total", line):
            say(" ", line)


if __name__ == "__main__":
    main()
