"""Random TCP listeners for searchdiff.py --tcp: network filters, TLS and PROXY headers on both sides, and clients that follow a script.

A client says in its first line what the upstream is to do, and waits for what must come before it goes on, so that little follows timing.
What it saw, what the upstream saw, the access logs and all stats of the listener, the proxy and the clusters are compared.

Known to differ: what is told of a TLS session whose handshake failed (its version, the peer's certificate); gauges beyond 2^63-1; where a
handshake fails, whether the upstream connection was there first.
"""
import os, random, re, socket, ssl, struct, threading, time
import diffrun

CERTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "envoy-cases", "_certs")
NETWORK, TRANSPORT = "type.googleapis.com/envoy.extensions.filters.network.", "type.googleapis.com/envoy.extensions.transport_sockets."
FILE_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
OPERATORS = [
    "%RESPONSE_FLAGS%", "%RESPONSE_FLAGS_LONG%", "%RESPONSE_CODE%", "%RESPONSE_CODE_DETAILS%", "%CONNECTION_TERMINATION_DETAILS%", "%BYTES_RECEIVED%", "%BYTES_SENT%",
    "%UPSTREAM_WIRE_BYTES_SENT%", "%UPSTREAM_WIRE_BYTES_RECEIVED%", "%DOWNSTREAM_WIRE_BYTES_SENT%", "%DOWNSTREAM_WIRE_BYTES_RECEIVED%", "%UPSTREAM_CLUSTER%",
    "%UPSTREAM_HOST%", "%UPSTREAM_TRANSPORT_FAILURE_REASON%", "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "%PROTOCOL%", "%REQUESTED_SERVER_NAME%",
    "%ACCESS_LOG_TYPE%", "%DOWNSTREAM_LOCAL_ADDRESS%", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "%UPSTREAM_REMOTE_ADDRESS%", "%ROUTE_NAME%", "%FILTER_CHAIN_NAME%",
    "%DOWNSTREAM_TLS_VERSION%", "%DOWNSTREAM_PEER_SUBJECT%", "%UPSTREAM_TLS_VERSION%", "%UPSTREAM_PEER_SUBJECT%", "%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "%REQ(:PATH)%",
    "%DYNAMIC_METADATA(envoy.filters.network.rbac)%", "%FILTER_STATE(envoy.network.upstream_server_name:PLAIN)%", "%DOWNSTREAM_LOCAL_CLOSE_REASON%",
    "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", "%VIRTUAL_CLUSTER_NAME%",
    "%UPSTREAM_PROTOCOL%", "%GRPC_STATUS%", "%UPSTREAM_HOSTS_ATTEMPTED%", "%DOWNSTREAM_PEER_ISSUER%"]


def file(name):
    return {"filename": os.path.join(CERTS, name)}


def address(port, host="127.0.0.1"):
    return {"socket_address": {"address": host, "port_value": port}}


def reset(s):
    """Ends a connection by RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    fd = s.detach()
    os.close(fd)


class Server:
    """Does what the first line of a connection says; `at_once`: what it does before that."""

    def __init__(self, at_once=None, tls=None, header=False, listening=True):
        self.at_once, self.tls, self.header, self.seen, self.lock = at_once, tls, header, [], threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.socket.getsockname()[1]
        if listening:
            threading.Thread(target=self.accept, daemon=True).start()
        else:
            self.socket.close()
            self.socket = None

    def stop(self):
        if self.socket:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.socket.close()

    def accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def note(self, what):
        with self.lock:
            self.seen.append(what)

    def serve(self, c):
        try:
            c.settimeout(20)
            if self.at_once == "reset":
                return reset(c)
            if self.at_once == "close":
                return None
            if self.header:
                told = diffrun.read_proxy_header(c)
                self.note("header " + re.sub(r"\d+ \d+$", "P P", told) if told.startswith("PROXY") else "header " + told[:48] + told[56:])
            if self.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(os.path.join(CERTS, "server.crt"), os.path.join(CERTS, "server.key"))
                if self.tls == "mutual":
                    context.verify_mode = ssl.CERT_REQUIRED
                    context.load_verify_locations(os.path.join(CERTS, "ca.crt"))
                c = context.wrap_socket(c, server_side=True)
            if self.at_once == "banner":
                c.sendall(b"banner\n")
            line, data = b"", b""
            while b"\n" not in data:
                if data.startswith(b"\x16"):
                    self.note("a hello")
                    return None
                more = c.recv(65536)
                if not more:
                    self.note("end before a line: " + data.decode("latin-1"))
                    return None
                data += more
            line, _, data = data.partition(b"\n")
            self.note(self.act(c, line.decode("latin-1").split(), data))
        except (OSError, ssl.SSLError, diffrun.Reset) as e:
            self.note(type(e).__name__)
        finally:
            c.close()

    @staticmethod
    def act(c, words, data):
        if words[0] == "reset":
            reset(c)
            return "reset"
        if words[0] == "say":  # so many bytes, then the end
            c.sendall(b"s" * int(words[1]))
            return "said"
        if words[0] == "half":  # its own end first
            c.sendall(b"half")
            c.shutdown(socket.SHUT_WR)
            got = len(data)
            while more := c.recv(65536):
                got += len(more)
            return f"half {got}"
        if words[0] == "last":  # an answer when the client has ended
            got = len(data)
            while more := c.recv(65536):
                got += len(more)
            c.sendall(b"last %d" % got)
            return f"last {got}"
        if words[0] == "late-reset":
            while more := c.recv(65536):
                data += more
            reset(c)
            return f"late-reset {len(data)}"
        got = len(data)  # echo
        c.sendall(b"ok\n" + data)
        while more := c.recv(65536):
            got += len(more)
            c.sendall(more)
        return f"echo {got}"


def ask(port, q):
    """What the client sees."""
    seen = []
    try:
        s = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(q["source"], 0))
    except OSError as e:
        return [f"no connection: {type(e).__name__}"]
    try:
        if q["before"]:
            s.sendall(q["before"])
        if q["tls"] is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if q["tls"].get("version"):
                context.maximum_version = q["tls"]["version"]
            if q["tls"].get("certificate"):
                context.load_cert_chain(*(os.path.join(CERTS, q["tls"]["certificate"] + x) for x in (".crt", ".key")))
            s = context.wrap_socket(s, server_hostname=q["tls"].get("sni"))
            seen.append("secure")
        for act, *what in q["script"]:
            if act == "send":
                s.sendall(what[0])
            elif act == "expect":
                got = b""
                while len(got) < what[0]:
                    more = s.recv(what[0] - len(got))
                    if not more:
                        seen.append("end")
                        break
                    got += more
                seen.append(f"got {len(got)} {got[:40]!r}")
                if len(got) < what[0]:
                    break
            elif act == "shut":
                time.sleep(.1)  # a listener filter of Envoy's gives up a connection whose end comes with its first bytes
                s.shutdown(socket.SHUT_WR)
            elif act == "end":
                got = b""
                try:
                    while more := s.recv(65536):
                        got += more
                    seen.append("end")
                finally:
                    if got or "end" in seen:
                        seen.append(f"got {len(got)} {got[:40]!r}")
            elif act == "reset":
                time.sleep(.1)
                reset(s)
                seen.append("reset it")
                break
    except TimeoutError:
        seen.append("silence")
    except OSError:
        seen.append("turned away")
    finally:
        s.close()
    # a connection that is turned away ends as an error or not, by whether something is still unread
    return ["turned away"] if seen == ["end", "got 0 b''"] and q["loose"] else seen


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        r = self.r
        self.upstream_tls = r.choice([None, None, None, "simple", "mutual"])
        self.upstream_header = r.choice([None, None, None, "V1", "V2"])
        self.tls = r.choice([None, None, "simple", "mutual"])
        self.proxy_protocol = r.random() < .2
        self.inspector = r.random() < .5
        self.filters = [getattr(self, n)() for n in r.sample(["rbac", "connection_limit", "local_ratelimit", "sni_cluster"], r.choice([0, 0, 1, 1, 2]))]
        self.last = r.choice(["tcp_proxy"] * 8 + ["direct_response", "echo"][self.tls is not None:])  # Envoy answers directly before a handshake
        self.idle = r.choice([None, None, "0.4s"])
        self.format = " | ".join(["%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% %ACCESS_LOG_TYPE%"] + [f"{x[1:-1]} {x}" for x in r.sample(OPERATORS, 14)]) + "\n"
        self.proxy = self.tcp_proxy()
        self.cluster_options = self.options()
        self.upstream_socket = self.socket_for(self.upstream_tls, self.upstream_header)
        self.listener_options = {k: v for k, v, share in (("per_connection_buffer_limit_bytes", 2000, .2), ("connection_balance_config", {"exact_balance": {}}, .1),
                                                          ("continue_on_listener_filters_timeout", True, .1), ("listener_filters_timeout", "0.5s", .2), ("tcp_backlog_size", 10, .1),
                                                          ("max_connections_to_accept_per_socket_event", 1, .1)) if r.random() < share}
        self.listener_log = r.random() < .5
        self.log_filter = r.choice([None, None, None, {"response_flag_filter": {}}, {"response_flag_filter": {"flags": ["UF", "UH", "DC"]}}, {"not_health_check_filter": {}},
                                    {"duration_filter": {"comparison": {"op": "GE", "value": {"default_value": 0, "runtime_key": "k"}}}}])

    def permission(self):
        return self.r.choice([{"any": True}, {"destination_port_range": {"start": 1, "end": 65536}}, {"requested_server_name": {"exact": "a.test"}}, {"requested_server_name": {"prefix": "b"}},
                              {"destination_ip": {"address_prefix": "127.0.0.0", "prefix_len": 8}}, {"not_rule": {"requested_server_name": {"exact": "a.test"}}}])

    def principal(self):
        return self.r.choice([{"any": True}, {"direct_remote_ip": {"address_prefix": "127.0.0.0", "prefix_len": 25}}, {"remote_ip": {"address_prefix": "127.0.0.128", "prefix_len": 25}},
                              {"authenticated": {}}, {"authenticated": {"principal_name": {"contains": "client"}}}, {"not_id": {"authenticated": {}}}])

    def rules(self):
        return {"action": self.r.choice(["ALLOW", "DENY", "LOG"]), "policies": {"p": {"permissions": [self.permission()], "principals": [self.principal()]}}}

    def rbac(self):
        f = {"stat_prefix": "rb.", **{k: v for k, v, share in (("rules", self.rules(), .8), ("shadow_rules", self.rules(), .4), ("shadow_rules_stat_prefix", "sh_", .2),
                                                             ("enforcement_type", "CONTINUOUS", .2), ("delay_deny", "0.05s", .15)) if self.r.random() < share}}
        return {"name": "rbac", "typed_config": {"@type": NETWORK + "rbac.v3.RBAC", **f}}

    def connection_limit(self):
        return {"name": "cl", "typed_config": {"@type": NETWORK + "connection_limit.v3.ConnectionLimit", "stat_prefix": "cl", "max_connections": self.r.choice([1, 2]),
                                              **({"delay": "0.1s"} if self.r.random() < .3 else {})}}

    def local_ratelimit(self):
        return {"name": "rl", "typed_config": {"@type": NETWORK + "local_ratelimit.v3.LocalRateLimit", "stat_prefix": "rl", "token_bucket": {
            "max_tokens": self.r.choice([3, 15]), "tokens_per_fill": 1, "fill_interval": "1000s"}}}

    def sni_cluster(self):
        return {"name": "sni", "typed_config": {"@type": NETWORK + "sni_cluster.v3.SniCluster"}}

    def tcp_proxy(self):
        t, r = {"stat_prefix": "t"}, self.r
        t["weighted_clusters" if r.random() < .2 else "cluster"] = r.choice(["up", "up", "up", "up", "banner"] + ([] if self.tls else ["down", "closes", "resets", "none", "nobody", "two"]))  # which is faster: a handshake or a failure?
        if "weighted_clusters" in t:
            t["weighted_clusters"] = {"clusters": [{"name": t["weighted_clusters"], "weight": 1}]}
        for key, value, share in (("idle_timeout", self.idle, 1), ("max_connect_attempts", r.choice([1, 2, 3]), .4), ("max_downstream_connection_duration", "0.9s", .1),
                                  ("hash_policy", [{"source_ip": {}}], .1), ("access_log_options", {"flush_access_log_on_connected": True}, .15),
                                  ("backoff_options", {"base_interval": "0.01s"}, .15), ("proxy_protocol_tlvs", [{"type": 224, "value": "QUJD"}], .1)):
            if value and r.random() < share:
                t[key] = value
        return t

    def options(self):
        c, r = {}, self.r
        for key, value, share in (("per_connection_buffer_limit_bytes", 2000, .2), ("close_connections_on_host_health_failure", True, .1),
                                  ("circuit_breakers", {"thresholds": [{r.choice(["max_connections", "max_pending_requests"]): r.choice([0, 1, 2]), "track_remaining": r.random() < .5}]}, .3),
                                  ("outlier_detection", {"consecutive_local_origin_failure": 2, "split_external_local_origin_errors": r.random() < .5, "consecutive_5xx": r.choice([0, 2]),
                                                         "enforcing_consecutive_5xx": 100, "max_ejection_percent": 100, "interval": "1000s", "base_ejection_time": "1000s"}, .25),
                                  ("upstream_connection_options", {"tcp_keepalive": {}}, .1), ("lb_policy", r.choice(["LEAST_REQUEST", "RANDOM", "RING_HASH", "MAGLEV"]), .3),
                                  ("track_timeout_budgets", True, .1), ("connection_pool_per_downstream_connection", True, .1)):
            if r.random() < share:
                c[key] = value
        return c

    def socket_for(self, tls, header):
        inner = None
        if tls:
            common = {} if tls == "simple" else {"tls_certificates": [{"certificate_chain": file("client.crt"), "private_key": file("client.key")}]}
            if self.r.random() < .6:
                common["validation_context"] = {"trusted_ca": file("ca.crt")}
            inner = {"name": "tls", "typed_config": {"@type": TRANSPORT + "tls.v3.UpstreamTlsContext", "common_tls_context": common, **self.r.choice([{}, {"sni": "up.test"}])}}
        if header:
            inner = {"name": "pp", "typed_config": {"@type": TRANSPORT + "proxy_protocol.v3.ProxyProtocolUpstreamTransport", "config": {"version": header},
                                                   "transport_socket": inner or {"name": "raw", "typed_config": {"@type": TRANSPORT + "raw_buffer.v3.RawBuffer"}}}}
        return {"transport_socket": inner} if inner else {}

    def servers(self):
        usual = {"tls": self.upstream_tls, "header": bool(self.upstream_header)}
        return {"up": Server(**usual), "banner": Server("banner", **usual), "closes": Server("close"), "resets": Server("reset"), "down": Server(listening=False)}

    def bootstrap(self, p):
        log = lambda **more: [{"name": "f", **more, "typed_config": {"@type": FILE_LOG, "path": p.log, "log_format": {"text_format_source": {"inline_string": self.format}}}}]
        filtered = log(**({"filter": self.log_filter} if self.log_filter else {}))
        last = {"tcp_proxy": lambda: {"@type": NETWORK + "tcp_proxy.v3.TcpProxy", **self.proxy, "access_log": filtered},
                "direct_response": lambda: {"@type": NETWORK + "direct_response.v3.Config", "response": {"inline_string": "direct\n"}},
                "echo": lambda: {"@type": NETWORK + "echo.v3.Echo"}}[self.last]()
        chain = {"name": "chain", "filters": [*self.filters, {"name": "last", "typed_config": last}]}
        if self.tls:
            common = {"tls_certificates": [{"certificate_chain": file("server.crt"), "private_key": file("server.key")}]}
            if self.tls == "mutual":
                common["validation_context"] = {"trusted_ca": file("ca.crt")}
            chain["transport_socket"] = {"name": "tls", "typed_config": {"@type": TRANSPORT + "tls.v3.DownstreamTlsContext", "common_tls_context": common,
                                                                        **({"require_client_certificate": True} if self.tls == "mutual" else {})}}
        listener = {"name": "l", "address": address(p.port), "stat_prefix": "l", **self.listener_options, "filter_chains": [chain]}
        filters = []
        if self.proxy_protocol:
            filters.append({"name": "pp", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"}})
        if self.inspector:
            filters.append({"name": "ti", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"}})
        if filters:
            listener["listener_filters"] = filters
        if self.listener_log:
            listener["access_log"] = log()
        own = {"up": self.cluster_options, "down": self.cluster_options, "resets": self.cluster_options}

        def cluster(name, ports):
            return {"name": name, "connect_timeout": "2s", **own.get(name, {}), **(self.upstream_socket if name in ("up", "banner", "two") else {}),
                    "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(x)}} for x in ports]}] if ports else []}}
        ports = {n: x.port for n, x in p.servers.items()}
        clusters = [cluster(n, [x]) for n, x in ports.items()] + [cluster("none", []), cluster("two", [ports["down"], ports["up"]])]
        return {"node": {"id": "n1", "cluster": "c1"}, "admin": {"address": address(p.admin)}, "static_resources": {"listeners": [listener], "clusters": clusters}}

    def request(self, number):
        r = self.r
        q = {"source": f"127.0.0.{number % 250 + 1}", "before": b"", "tls": None}
        if self.proxy_protocol and r.random() < .9:
            q["before"] = r.choice([b"PROXY TCP4 10.1.2.3 10.4.5.6 1111 80\r\n", b"PROXY UNKNOWN\r\n", b"PROXY TCP4 10.1.2.3 junk 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
                                    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\1\2\3\4\5\6\7\x08\4W\x08\xae", b"PROXY TCP6 ::1 ::2 1 2\r\n"])
        if r.random() < (.9 if self.tls else .1):
            q["tls"] = {"sni": r.choice(["a.test", "b.test", "up", "up" if self.tls else "down", None])}
            if r.random() < (.8 if self.tls == "mutual" else .2):
                q["tls"]["certificate"] = r.choice(["client", "client", "selfsigned"])
            if r.random() < .4:
                q["tls"]["version"] = ssl.TLSVersion.TLSv1_2
        size = r.choice([0, 5, 5, 5000, 300_000])
        data = b"d" * size
        scripts = {
            "echo": [("send", b"echo\n" + data), ("expect", 3 + size), r.choice([("shut",), ("reset",), ("close",)]), ("end",)],
            "more": [("send", b"echo\n"), ("expect", 3), ("send", b"x" * 10), ("expect", 10), ("send", data), ("expect", size), ("shut",), ("end",)],
            "say": [("send", b"say %d\n" % size), ("end",)],
            "half": [("send", b"half\n"), ("expect", 4), ("send", data), ("shut",), ("end",)],
            "half-reset": [("send", b"half\n"), ("expect", 4), ("reset",)],
            "last": [("send", b"last\n" + data), ("shut",), ("end",)],
            "reset": [("send", b"reset\n"), ("end",)],
            "late-reset": [("send", b"late-reset\n" + data), ("shut",), ("end",)],
            "nothing": [("shut",), ("end",)],
            "open": [("end",)],
            "wait": [("send", b"echo\n"), ("expect", 3), ("end",)]}
        names = [n for n in scripts if (n not in ("open", "wait") or self.idle) and (q["tls"] is None or "shut" not in str(scripts[n]))]
        if self.last != "tcp_proxy" or self.proxy.get("cluster") != "up":
            names = [n for n in names if n not in ("open", "wait")] + ["open"] * (r.random() < .05)
        q["loose"] = bool(self.filters) or self.last != "tcp_proxy" or self.proxy.get("cluster") not in ("up", "banner") or "circuit_breakers" in self.cluster_options
        q["script"] = [x for x in scripts[r.choice(names)] if x[0] != "close"]
        return q


# Counters that follow timing or how bytes fall into reads, and those of what is not compared here.
TIMED = re.compile(r"^(server|cluster_manager|listener_manager|filesystem|main_thread|runtime|http|mishap|workers|access_log|dns|overload|tls|vhds|thread_local|listener\.admin|ssl\.)"
                   r"|remaining_cx_pools|flow_control|_ms$|worker_|lb_recalculate|assignment_|update_|default\.total_match")


class Tcp:
    together = True

    def __init__(self, seed):
        self.make = Maker(seed)

    def servers(self, _):
        return self.make.servers()

    def bootstrap(self, p):
        return self.make.bootstrap(p)

    def request(self, number):
        return self.make.request(number)

    def ask(self, p, request):
        return ask(p.port, request)

    def after(self, p):
        until = time.time() + 3
        while time.time() < until and any(int(v) for k, v in p.stats("filter=cx_active").items() if "admin" not in k):
            time.sleep(.1)
        time.sleep(.3)
        seen = {f"upstream {n}": x.seen for n, x in p.servers.items()}
        counted = [f"{p.neutral(k)}: {v}" for k, v in p.stats("").items() if not TIMED.search(k)]
        fields = [f"{line.split(' | ')[0]}: {x}" for line in p.lines() for x in line.split(" | ")]
        return {"log": fields, "stat": counted, **seen}
