"""Upstreams that misbehave, for searchdiff.py --upstreams: retries, hedging, time-outs, mirrors, outlier detection, breakers and priorities before them.

A request says what the upstream does in each of its tries (x-do), over HTTP/1 or HTTP/2; clients end requests early. What follows a clock is far
from the time-outs. Answers, access logs and all counters of clusters, of the connection manager and of codecs are compared.

Known to differ: how much of a large body is taken before an answer that comes early, and so whether the client is told to stop; connections
upstream that were never made count as none of HTTP/2's here; of a mirror whose upstream breaks the protocol, which code is counted.
"""
import random, re, socket, struct, threading, time
import h2.config, h2.connection, h2.errors, h2.events, h2.exceptions
import diffrun, search_stacks
from search_tcp import address, reset

ROUTER = {"name": "r", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
LOG = ("%REQ(X-N)% %ACCESS_LOG_TYPE% code=%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% flags=%RESPONSE_FLAGS% received=%BYTES_RECEIVED% sent=%BYTES_SENT% tries=%UPSTREAM_REQUEST_ATTEMPT_COUNT% "
       "to=%UPSTREAM_CLUSTER% reason=%UPSTREAM_TRANSPORT_FAILURE_REASON% protocol=%UPSTREAM_PROTOCOL% trailer=%TRAILER(X-LAST)% grpc=%GRPC_STATUS% host=%UPSTREAM_HOST%\n")
DEEDS = ["ok", "ok", "ok", "503", "500", "404", "429", "reset", "close", "half-close", "half-reset", "early", "early-reset", "continue", "hints", "trailers", "slow", "stall", "garbage", "fat", "many",
         "refused", "goaway", "cancel", "calm", "no-error", "grpc-14", "204", "304-body", "last", "100-twice", "switch", "no-length", "bad-length", "chunk-garbage"]


def deed(server, headers):
    """What the next try of a request is answered with."""
    h = {k.lower(): v for k, v in headers}
    todo = h.get("x-do", "ok").split(",")
    with server.lock:
        n = server.tries[h.get("x-n", "")] = server.tries.get(h.get("x-n", ""), -1) + 1
        server.seen.append(f"{h.get('x-n')} try {n} {todo[min(n, len(todo) - 1)]}")
    return todo[min(n, len(todo) - 1)]


class Server:
    """Speaks what it is spoken to."""

    def __init__(self, listening=True):
        self.tries, self.seen, self.lock = {}, [], threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.socket.getsockname()[1]
        if listening:
            threading.Thread(target=self.accept, daemon=True).start()
        else:
            self.socket.close()

    def stop(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
        except OSError:
            pass

    def accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            data = b""
            while len(data) < 24 and diffrun.PREFACE.startswith(data[:24]):
                more = c.recv(65536)
                if not more:
                    return
                data += more
            (self.h2 if data.startswith(diffrun.PREFACE) else self.h1)(c, data)
        except (OSError, diffrun.Reset, h2.exceptions.ProtocolError, ValueError):
            pass
        finally:
            if c.fileno() >= 0:
                c.close()

    # ---- HTTP/1

    def h1(self, c, data):
        while True:
            while b"\r\n\r\n" not in data:
                data += diffrun.need(c)
            head, _, data = data.partition(b"\r\n\r\n")
            headers = [tuple(x.split(": ", 1)) for x in head.decode("latin-1").split("\r\n")[1:] if ": " in x]
            what = deed(self, headers)
            if what.startswith("early"):
                c.sendall(b"HTTP/1.1 413 X\r\ncontent-length: 3\r\n\r\nbig")
                if what == "early-reset":
                    time.sleep(.1)
                    return reset(c)
            length = int(dict((k.lower(), v) for k, v in headers).get("content-length", 0))
            if any(k.lower() == "transfer-encoding" for k, _ in headers):
                while not re.search(rb"(^|\r\n)0\r\n(.+\r\n)*\r\n", data):
                    data += diffrun.need(c)
                data = b""
            while len(data) < length:
                data += diffrun.need(c)
            data = data[length:]
            if what.startswith("early"):
                continue
            if not self.answer1(c, what, head.startswith(b"HEAD")):
                return None

    @staticmethod
    def answer1(c, what, head):
        """Whether the connection lives on."""
        def send(text, body=b"", start="HTTP/1.1 "):
            c.sendall((start + text).encode("latin-1") + b"\r\n\r\n" + (b"" if head else body))
        if what.isdigit() and what != "204":
            send(f"{what} X\r\ncontent-length: 4\r\nx-retry: 1", b"oops")
        elif what == "204":
            send("204 X")
        elif what in ("reset", "refused", "cancel", "calm"):
            reset(c)
            return False
        elif what in ("close", "goaway", "no-error"):
            return False
        elif what in ("half-close", "half-reset"):
            send("200 X\r\ncontent-length: 100", b"abc")
            time.sleep(.1)
            if what == "half-reset":
                reset(c)
            return False
        elif what in ("continue", "hints", "100-twice"):
            for code in {"continue": ["100"], "hints": ["103"], "100-twice": ["100", "102"]}[what]:
                c.sendall(f"HTTP/1.1 {code} X\r\nlink: a\r\n\r\n".encode())
            send("200 X\r\ncontent-length: 2", b"ok")
        elif what == "trailers":
            send("200 X\r\ntransfer-encoding: chunked", b"2\r\nok\r\n0\r\nx-last: t\r\n\r\n")
        elif what in ("slow", "stall"):
            if what == "stall":
                send("200 X\r\ncontent-length: 10", b"abc")
            c.settimeout(1.5)
            try:
                c.recv(1)
                return False
            except TimeoutError:
                c.settimeout(None)
            if what == "slow":
                send("200 X\r\ncontent-length: 4", b"slow")
            return what == "slow"
        elif what == "garbage":
            c.sendall(b"BANANA\r\n\r\n")
            time.sleep(.2)
            return False
        elif what == "fat":
            send("200 X\r\ncontent-length: 2\r\nx-fat: " + "f" * 70_000, b"ok")
        elif what == "many":
            send("200 X\r\ncontent-length: 2" + "".join(f"\r\nx-{i}: 1" for i in range(150)), b"ok")
        elif what == "304-body":
            send("304 X\r\ncontent-length: 5")
        elif what == "last":
            send("200 X\r\ncontent-length: 2\r\nconnection: close", b"ok")
            return False
        elif what == "switch":
            send("101 X\r\nupgrade: x\r\nconnection: upgrade", b"hi")
        elif what == "no-length":
            send("200 X", b"until the end")
            return False
        elif what == "bad-length":
            send("200 X\r\ncontent-length: 2\r\ncontent-length: 3", b"oki")
            time.sleep(.2)
            return False
        elif what == "chunk-garbage":
            send("200 X\r\ntransfer-encoding: chunked", b"2\r\nok\r\nzz\r\n")
            time.sleep(.2)
            return False
        elif what == "grpc-14":
            send("200 X\r\ncontent-type: application/grpc\r\ngrpc-status: 14\r\ncontent-length: 0")
        else:
            send("200 X\r\ncontent-length: 2", b"ok")
        return True

    # ---- HTTP/2

    def h2(self, c, data):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_inbound_headers=False,
                                                                         validate_outbound_headers=False, normalize_outbound_headers=False))
        connection.initiate_connection()
        streams, lock = {}, threading.RLock()

        def flush():
            c.sendall(connection.data_to_send())
        flush()
        while data:
            with lock:
                for e in connection.receive_data(data):
                    if isinstance(e, h2.events.RequestReceived):
                        streams[e.stream_id] = deed(self, e.headers)
                        if streams[e.stream_id].startswith("early"):
                            connection.send_headers(e.stream_id, [(":status", "413")])
                            connection.send_data(e.stream_id, b"big", end_stream=True)
                            connection.reset_stream(e.stream_id, 2 if streams[e.stream_id] == "early-reset" else 0)
                    elif isinstance(e, h2.events.DataReceived) and e.flow_controlled_length:
                        connection.acknowledge_received_data(e.flow_controlled_length, e.stream_id)
                    elif isinstance(e, h2.events.StreamEnded) and not streams.get(e.stream_id, "early").startswith("early"):
                        threading.Thread(target=self.answer2, args=(c, connection, lock, e.stream_id, streams[e.stream_id]), daemon=True).start()
                flush()
            data = c.recv(65536)

    @staticmethod
    def answer2(c, connection, lock, sid, what):
        def act(*acts):
            with lock:
                for a in acts:
                    a()
                c.sendall(connection.data_to_send())
        head = lambda *more, status="200", end=False: lambda: connection.send_headers(sid, [(":status", status), *more], end_stream=end)
        body = lambda b, end=True: lambda: connection.send_data(sid, b, end_stream=end)
        rst = lambda code: lambda: connection.reset_stream(sid, code)
        codes = {"refused": 7, "cancel": 8, "calm": 11, "no-error": 0, "reset": 2}
        try:
            if what.isdigit() and what != "204":
                act(head(("x-retry", "1"), status=what), body(b"oops"))
            elif what == "204":
                act(head(status="204", end=True))
            elif what in codes:
                act(rst(codes[what]))
            elif what in ("close", "no-length"):
                c.shutdown(socket.SHUT_RDWR)
            elif what == "goaway":
                act(lambda: connection.close_connection(0, last_stream_id=sid - 2 if sid > 1 else 0))
            elif what in ("half-close", "half-reset"):
                act(head(), body(b"abc", False))
                time.sleep(.1)
                c.shutdown(socket.SHUT_RDWR) if what == "half-close" else act(rst(2))
            elif what in ("continue", "hints", "100-twice"):
                for code in {"continue": ["100"], "hints": ["103"], "100-twice": ["100", "102"]}[what]:
                    act(head(("link", "a"), status=code))
                act(head(), body(b"ok"))
            elif what == "trailers":
                act(head(), body(b"ok", False), lambda: connection.send_headers(sid, [("x-last", "t")], end_stream=True))
            elif what in ("slow", "stall"):
                if what == "stall":
                    act(head(), body(b"abc", False))
                else:
                    time.sleep(1.5)
                    act(head(), body(b"slow"))
            elif what == "garbage":
                with lock:
                    c.sendall(b"\0\0\5\1\5" + struct.pack(">I", sid) + b"\xff" * 5)
            elif what == "fat":
                act(head(("x-fat", "f" * 70_000)), body(b"ok"))
            elif what == "many":
                act(head(*((f"x-{i}", "1") for i in range(150))), body(b"ok"))
            elif what == "304-body":
                act(head(("content-length", "5"), status="304", end=True))
            elif what == "last":
                act(head(), body(b"ok"), lambda: connection.close_connection(0, last_stream_id=sid))
            elif what == "switch":
                act(head(status="101"))
            elif what in ("bad-length", "chunk-garbage"):
                act(head(("content-length", "5")), body(b"ok"))
            elif what == "grpc-14":
                act(head(("content-type", "application/grpc"), ("grpc-status", "14"), end=True))
            else:
                act(head(), body(b"ok"))
        except (OSError, h2.exceptions.ProtocolError, KeyError):
            pass


class Maker:
    def __init__(self, seed):
        self.r = r = random.Random(seed)
        self.http2 = r.random() < .5
        often = lambda share: r.random() < share
        self.table = {"name": "rc", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [self.route(i) for i in ("/a", "/b", "/c", "/")],
                                                      **({"include_request_attempt_count": True} if often(.3) else {}), **({"include_attempt_count_in_response": True} if often(.3) else {}),
                                                      **({"virtual_clusters": [{"name": "vc", "headers": [{"name": ":path", "string_match": {"prefix": "/a"}}]}]} if often(.3) else {})}]}
        self.manager = {"stat_prefix": "h", "http_filters": [ROUTER], "route_config": self.table, "http_protocol_options": {"enable_trailers": True},
                        **{k: v for k, v, share in (("proxy_100_continue", True, .3), ("stream_idle_timeout", "0.9s", .1), ("request_timeout", "5s", .2), ("max_request_headers_kb", 96, .2),
                                                    ("upgrade_configs", [{"upgrade_type": "websocket"}], .3), ("common_http_protocol_options", {"max_requests_per_connection": 2}, .15),
                                                    ("stream_error_on_invalid_http_message", True, .2)) if often(share)}}
        options = {"explicit_http_config": {"http2_protocol_options": {k: v for k, v, share in (("max_concurrent_streams", 2, .2), ("override_stream_error_on_invalid_http_message", True, .3)) if often(share)}}
                   if self.http2 else {"http_protocol_options": {"enable_trailers": True}}}
        if often(.3):
            options["common_http_protocol_options"] = r.choice([{"max_requests_per_connection": 1}, {"max_requests_per_connection": 3}, {"max_headers_count": 50}, {"idle_timeout": "3600s", "max_stream_duration": "0.6s"}])
        self.cluster = {"connect_timeout": "2s", "typed_extension_protocol_options": {OPTIONS: {"@type": "type.googleapis.com/" + OPTIONS, **options}}}
        for key, value, share in (("circuit_breakers", {"thresholds": [{r.choice(["max_requests", "max_retries", "max_connections", "max_pending_requests"]): r.choice([0, 1, 1]), "track_remaining": True}]}, .3),
                                  ("outlier_detection", {r.choice(["consecutive_5xx", "consecutive_gateway_failure", "consecutive_local_origin_failure"]): r.choice([2, 3]), "interval": "1000s",
                                                         "base_ejection_time": "1000s", "max_ejection_percent": 100, "enforcing_consecutive_gateway_failure": 100,
                                                         "split_external_local_origin_errors": often(.5)}, .35),
                                  ("track_timeout_budgets", True, .2), ("track_cluster_stats", {"request_response_sizes": True}, .2),
                                  ("common_lb_config", {"healthy_panic_threshold": {"value": r.choice([0, 50])}}, .3)):
            if often(share):
                self.cluster[key] = value
        self.priorities = r.choice([["up"], ["up"], ["up"], ["down", "up"], ["up", "other"]])

    def route(self, prefix):
        r, a = self.r, {"cluster": "up", "timeout": self.r.choice(["0.7s", "3s", "3s"])}
        if r.random() < .65:
            a["retry_policy"] = {"retry_on": ",".join(r.sample(["5xx", "gateway-error", "reset", "connect-failure", "refused-stream", "retriable-4xx", "unavailable", "reset-before-request",
                                                                "retriable-status-codes", "retriable-headers", "http3-post-connect-failure", "envoy-ratelimited", "cancelled"], 3)),
                                 "num_retries": r.choice([1, 2]), "retry_back_off": {"base_interval": "0.001s"}, "retriable_status_codes": [429],
                                 "retriable_headers": [{"name": "x-retry", "present_match": True}],
                                 **({"per_try_timeout": "0.35s"} if r.random() < .4 else {}), **({"per_try_idle_timeout": "0.3s"} if r.random() < .25 else {})}
            if "per_try_timeout" in a["retry_policy"] and r.random() < .4:
                a["hedge_policy"] = {"hedge_on_per_try_timeout": True}
        if r.random() < .2:
            a["request_mirror_policies"] = [{"cluster": "shadow"}]
        if r.random() < .15:
            a["idle_timeout"] = "0.5s"
        if r.random() < .15:
            a["max_stream_duration"] = {"max_stream_duration": "0.6s"}
        if r.random() < .2:
            a["priority"] = "HIGH"
        return {"match": {"prefix": prefix}, "route": a, "name": "r" + prefix}

    def servers(self):
        return {"up": Server(), "other": Server(), "shadow": Server(), "down": Server(False)}

    def bootstrap(self, p, base):
        config = base(p, self.manager, {}, log_format={"text_format_source": {"inline_string": LOG}})
        localities = [{"priority": i, "lb_endpoints": [{"endpoint": {"address": address(p.servers[n].port)}}]} for i, n in enumerate(self.priorities)]
        config["static_resources"]["clusters"] = [
            {"name": "up", **self.cluster, "load_assignment": {"cluster_name": "up", "endpoints": localities}},
            {"name": "shadow", "connect_timeout": "2s", "load_assignment": {"cluster_name": "shadow", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(p.servers["shadow"].port)}}]}]}}]
        return config

    def request(self, number):
        r = self.r
        q = {"http": r.choice(["1.1", "2"]), "method": r.choice(["GET", "GET", "POST", "HEAD"]), "path": r.choice(["/a", "/b", "/c", "/d"]),
             "headers": [["x-n", str(number)], ["x-do", ",".join(r.choice(DEEDS) for _ in range(r.choice([1, 2, 3])))]]}
        for name, values, share in (("x-envoy-retry-on", ["5xx", "reset", "refused-stream"], .1), ("x-envoy-max-retries", ["0", "2"], .1), ("x-envoy-upstream-rq-timeout-ms", ["600"], .05),
                                    ("x-envoy-upstream-rq-per-try-timeout-ms", ["300"], .05), ("x-envoy-hedge-on-per-try-timeout", ["true"], .05), ("expect", ["100-continue"], .05), ("te", ["trailers"], .1),
                                    ("x-envoy-retry-grpc-on", ["unavailable"], .05), ("x-envoy-upstream-rq-timeout-alt-response", ["1"], .05), ("content-type", ["application/grpc"], .1)):
            if r.random() < share:
                q["headers"].append([name, r.choice(values)])
        if q["method"] == "POST":
            q["body"] = r.choice(["", "hello", "b" * 300, "b" * 100_000])
            if r.random() < .2 and q["body"]:
                q["trailers"] = [["x-trail", "1"]]
            if q["http"] == "1.1" and ("trailers" in q or r.random() < .3):
                q["chunked"] = True
        if q["http"] == "2" and r.random() < .12:
            q["leave"] = r.choice(["before-body", "before-answer", "after-head"])
            q["headers"][1][1] = "stall" if q["leave"] == "after-head" else "slow"
        return q


def leave(port, q):
    """A client of HTTP/2 that resets its stream before all is done."""
    with diffrun.connect(port, timeout=5) as s:
        c = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        c.initiate_connection()
        c.send_headers(1, [(":method", q["method"]), (":scheme", "http"), (":authority", "h"), (":path", q["path"]), *map(tuple, q["headers"])],
                       end_stream=q["leave"] != "before-body")
        s.sendall(c.data_to_send())
        s.settimeout(.2)
        seen = []
        try:
            while True:
                for e in c.receive_data(s.recv(65536)):
                    if isinstance(e, (h2.events.ResponseReceived, h2.events.StreamReset)):
                        seen.append(type(e).__name__)
        except TimeoutError:
            pass
        try:
            c.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
            s.sendall(c.data_to_send())
            time.sleep(.1)
        except h2.exceptions.ProtocolError:
            seen.append("over")
        return seen


# Counters that follow timing, and what is the program's own.
TIMED = re.compile(r"^(http\.async-client|server|cluster_manager|listener_manager|filesystem|main_thread|runtime|http\.admin|listener\.admin|mishap|workers|access_logs|dns|overload|tls|thread_local)\b"
                   r"|_bytes_|delayed_close|_ms\b|lb_recalc|assignment|membership_change|flow|worker_|update_|rq_time\b|internal\.|budget|retry_backoff|remaining_cx_pools|outbound|pending_send")


def mode(base, bootstrap):
    class Upstreams(base):
        together = True

        def __init__(self, seed):
            self.make = Maker(seed)

        def servers(self, _):
            return self.make.servers()

        def bootstrap(self, p):
            return self.make.bootstrap(p, bootstrap)

        def ask(self, p, request):
            return leave(p.port, request) if "leave" in request else search_stacks.ask(p.port, request)

        def after(self, p):
            time.sleep(2)
            seen = {f"upstream {n}": x.seen for n, x in p.servers.items()}
            return {"log": p.lines(), "stat": [f"{k}: {v}" for k, v in p.stats("").items() if not TIMED.search(k)], **seen}
    return Upstreams
