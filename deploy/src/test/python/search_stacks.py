"""Random HTTP filter stacks for searchdiff.py --stacks: configurations, requests over HTTP/1 and HTTP/2, and what to compare of the answers.

Everything is decided by the seed or by the request: shares are 0 or 100 %, buckets do not fill again, tokens are signed here.

Known to differ: the buffer filter's limit holds here for a body that comes in one HTTP/2 frame too; an upstream that sends a body where
there may be none (204, HEAD) by HTTP/2 is told apart in the log by who is first to notice.
"""
import base64, gzip, hashlib, hmac, json, re, socket, threading, zlib
import diffrun

HTTP = "type.googleapis.com/envoy.extensions.filters.http."
OVERRIDE = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
ROUTER = {"name": "envoy.filters.http.router", "typed_config": {"@type": HTTP + "router.v3.Router"}}
PATHS = ["/", "/a", "/a/b", "/foo", "/foo/bar?q=1", "/foo?q=a%20b&q=c", "/healthz", "/x%2fy", "/pkg.Svc/Method", "/direct", "/redirect", "/none#f"]
NAMES = ["x-a", "x-b", "x-role", "origin", "user-agent", "x-n"]
VALUES = ["1", "admin", "gold", "a,b", "", "https://a.com", "http://b.com:80", "42"]
ORIGINS = ["https://a.com", "http://b.com:80", "null", "https://evil.org", "https://a.com.evil"]
KEY = b"0123456789abcdef0123456789abcdef"
OPERATORS = [
    "%REQ(:METHOD)%", "%REQ(:PATH):5%", "%REQ(X-A?X-B)%", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "%REQ(X-ROLE):2%", "%RESP(X-UPSTREAM)%", "%RESP(CONTENT-TYPE)%",
    "%RESP(VARY?X-ADD)%", "%TRAILER(GRPC-STATUS)%", "%PROTOCOL%", "%RESPONSE_CODE%", "%RESPONSE_CODE_DETAILS%", "%RESPONSE_FLAGS%", "%RESPONSE_FLAGS_LONG%",
    "%CONNECTION_TERMINATION_DETAILS%", "%ROUTE_NAME%", "%VIRTUAL_CLUSTER_NAME%", "%UPSTREAM_CLUSTER%", "%UPSTREAM_CLUSTER_RAW%", "%UPSTREAM_PROTOCOL%",
    "%UPSTREAM_TRANSPORT_FAILURE_REASON%", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%", "%BYTES_RECEIVED%", "%DOWNSTREAM_HEADER_BYTES_RECEIVED%",
    "%GRPC_STATUS%", "%GRPC_STATUS(SNAKE_STRING)%", "%GRPC_STATUS_NUMBER%", "%REQUESTED_SERVER_NAME%",
    "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%", "%DYNAMIC_METADATA(envoy.filters.http.rbac)%", "%DYNAMIC_METADATA(envoy.filters.http.fault)%",
    "%DYNAMIC_METADATA(envoy.lb:a)%", "%METADATA(ROUTE:m:k)%", "%METADATA(CLUSTER:m:k)%", "%FILTER_STATE(envoy.string)%", "%LOCAL_REPLY_BODY%", "%ACCESS_LOG_TYPE%",
    "%QUERY_PARAM(q)%", "%QUERY_PARAMS(ORIG)%", "%PATH(NQ)%", "%PATH(WQ:ORIG)%", "%DOWNSTREAM_PEER_SUBJECT%", "%TLS_JA3_FINGERPRINT%",
    "%UPSTREAM_HOST_NAME_WITHOUT_PORT%", "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"]


def token(claims, key=KEY, algorithm="HS256"):
    part = lambda x: base64.urlsafe_b64encode(x).rstrip(b"=")
    text = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.new(key, text, hashlib.sha256).digest())).decode()


TOKENS = [token({"iss": "i", "sub": "s", "aud": "me", "exp": 4_000_000_000}), token({"iss": "i", "exp": 1}), token({"iss": "j", "exp": 4_000_000_000}),
          token({"iss": "i", "aud": ["x", "me"]}), token({"iss": "i", "exp": 4_000_000_000}, b"other"), "a.b.c", "junk", token({"iss": "i", "nbf": 4_000_000_000}),
          token({"iss": "i", "n": 3, "o": {"p": ["q"]}, "aud": "me"})]


class Authorizer:
    """Answers an external authorisation by the path: what is asked for below /a is refused, /foo/bar breaks."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=(self.server.accept()[0],), daemon=True).start()

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
                length = int((re.search(rb"(?i)content-length: *(\d+)", head) or [0, 0])[1])
                while len(data) < length:
                    data += c.recv(65536)
                body, data = data[:length], data[length:]
                path = head.split(b" ")[1]
                status = b"500" if b"/foo/bar" in path else b"403" if b"/a" in path else b"200"
                seen = ",".join(sorted(x.split(b":")[0].decode("latin-1") for x in head.split(b"\r\n")[1:]))
                out = b"HTTP/1.1 " + status + b" X\r\nx-auth: yes\r\nx-auth-more: 1\r\nx-saw: " + seen.encode() + b"\r\nset-cookie: s=1\r\n"
                text = b"no: " + body if status == b"403" else b""
                c.sendall(out + b"content-length: %d\r\n\r\n" % len(text) + text)
        except OSError:
            pass
        finally:
            c.close()


def maker(base):
    """The maker of stacks, above the maker of routes."""

    class StackMaker(base):
        def __init__(self, seed):
            super().__init__(seed)
            self.stack = None

        # ---- filters: name -> (filter, per-route override)

        def matcher(self):
            return {"name": self.r.choice(NAMES), **self.r.choice([{"present_match": True}, {"string_match": {"exact": self.r.choice(VALUES[:4])}},
                                                                  {"string_match": {"prefix": "a"}, "invert_match": self.often(.3)}])}

        header = matcher  # for faults: others match on ids that are drawn

        def permission(self, depth=0):
            kind = self.r.randrange(8 if depth < 2 else 5)
            if kind == 0:
                return {"any": True}
            if kind == 1:
                return {"header": self.matcher()}
            if kind == 2:
                return {"url_path": {"path": {self.r.choice(["exact", "prefix", "suffix"]): self.r.choice(["/a", "/foo", "/foo/bar", "/"])}}}
            if kind == 3:
                return {"requested_server_name": {"exact": ""}}
            if kind == 4:
                return {"destination_port_range": {"start": 1, "end": 65536}}
            if kind == 5:
                return {"not_rule": self.permission(depth + 1)}
            return {self.r.choice(["and_rules", "or_rules"]): {"rules": [self.permission(depth + 1) for _ in range(self.r.randint(1, 2))]}}

        def principal(self, depth=0):
            kind = self.r.randrange(7 if depth < 2 else 5)
            if kind == 0:
                return {"any": True}
            if kind == 1:
                return {"header": self.matcher()}
            if kind == 2:
                return {self.r.choice(["direct_remote_ip", "remote_ip"]): {"address_prefix": self.r.choice(["127.0.0.0", "10.0.0.0"]), "prefix_len": 8}}
            if kind == 3:
                return {"authenticated": {}}
            if kind == 4:
                return {"url_path": {"path": {"prefix": "/foo"}}}
            if kind == 5:
                return {"not_id": self.principal(depth + 1)}
            return {self.r.choice(["and_ids", "or_ids"]): {"ids": [self.principal(depth + 1) for _ in range(self.r.randint(1, 2))]}}

        def rules(self):
            return {"action": self.r.choice(["ALLOW", "DENY", "LOG"]), "policies": {
                f"p{i}": {"permissions": [self.permission()], "principals": [self.principal()]} for i in range(self.r.randint(0, 2))}}

        def rbac(self):
            f = {}
            if self.often(.8):
                f["rules"] = self.rules()
            if self.often(.3):
                f["shadow_rules"] = self.rules()
                if self.often(.4):
                    f["shadow_rules_stat_prefix"] = "sh_"
            if self.often(.2):
                f["rules_stat_prefix"] = "ru_"
            return "rbac.v3.RBAC", f

        def rbac_route(self):
            return "rbac.v3.RBACPerRoute", {"rbac": self.rbac()[1]} if self.often(.7) else {}

        def cors(self):
            return "cors.v3.Cors", {}

        def cors_route(self):
            p = {"allow_origin_string_match": [self.r.choice([{"exact": "https://a.com"}, {"safe_regex": {"regex": "https?://[ab]\\.com(:80)?"}},
                                                              {"prefix": "https://a"}])]}
            for key, values in (("allow_methods", ["GET,PUT", "*", ""]), ("allow_headers", ["x-a,x-b", "*"]), ("expose_headers", ["x-up", "*"]), ("max_age", ["10", ""]),
                                ("allow_credentials", [True, False]), ("allow_private_network_access", [True, False]), ("forward_not_matching_preflights", [True, False]),
                                ("filter_enabled", [self.share()]), ("shadow_enabled", [self.share()])):
                if self.often(.4):
                    p[key] = self.r.choice(values)
            for key in ("filter_enabled", "shadow_enabled"):
                if key in p:
                    p[key] = {"default_value": p[key]}
            return "cors.v3.CorsPolicy", p

        def buffer(self):
            return "buffer.v3.Buffer", {"max_request_bytes": self.r.choice([10, 50, 100000])}

        def buffer_route(self):
            return "buffer.v3.BufferPerRoute", {"disabled": True} if self.often(.5) else {"buffer": self.buffer()[1]}

        def edits(self):
            def edit():
                if self.often(.25):
                    return {"remove": self.r.choice(NAMES + ["content-type", "x-upstream", "server"])}
                a = {"header": {"key": self.r.choice(["x-add", "x-a", "x-b", "x-upstream"]), "value": self.r.choice(
                    OPERATORS[:8] + ["lit", "", "%RESPONSE_CODE%", "%REQ(x-none)%", "%DYNAMIC_METADATA(envoy.filters.http.rbac)%", "%ROUTE_NAME%"])}}
                if self.often(.7):
                    a["append_action"] = self.r.choice(["APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS_OR_ADD", "OVERWRITE_IF_EXISTS"])
                if self.often(.3):
                    a["keep_empty_value"] = True
                return {"append": a}
            m = {}
            for side in ("request_mutations", "response_mutations"):
                if self.often(.6):
                    m[side] = [edit() for _ in range(self.r.randint(1, 3))]
            if self.often(.3):
                m["query_parameter_mutations"] = [{"remove": "q"} if self.often(.3) else {
                    "append": {"record": {"key": self.r.choice(["q", "r"]), "value": self.r.choice(["1", "a b", "%REQ(x-a)%"])},
                               "action": self.r.choice(["APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS_OR_ADD", "OVERWRITE_IF_EXISTS"])}}]
            return m

        def header_mutation(self):
            return "header_mutation.v3.HeaderMutation", {"mutations": self.edits(), **({"most_specific_header_mutations_wins": True} if self.often(.3) else {})}

        def header_mutation_route(self):
            return "header_mutation.v3.HeaderMutationPerRoute", {"mutations": self.edits()}

        def local_ratelimit(self):
            f = {"stat_prefix": "rl"}
            if self.often(.97):
                f["token_bucket"] = {"max_tokens": self.r.choice([1, 5, 20]), "tokens_per_fill": 1, "fill_interval": "1000s"}
                for key in ("filter_enabled", "filter_enforced"):
                    f[key] = {"runtime_key": "k", "default_value": self.share()}
            if self.often(.3):
                f["status"] = {"code": self.r.choice([401, 429, 503, 200])}
            if self.often(.3):
                f["response_headers_to_add"] = [{"header": {"key": "x-limited", "value": "1"}}]
            if self.often(.3):
                f["request_headers_to_add_when_not_enforced"] = [{"header": {"key": "x-would", "value": "1"}}]
            if self.often(.2):
                f["rate_limited_as_resource_exhausted"] = True
            if self.often(.2):
                f["enable_x_ratelimit_headers"] = "DRAFT_VERSION_03"
            if self.often(.2):
                f["local_rate_limit_per_downstream_connection"] = True
            return "local_ratelimit.v3.LocalRateLimit", f

        local_ratelimit_route = local_ratelimit

        def health_check(self):
            return "health_check.v3.HealthCheck", {"pass_through_mode": self.often(.4), "headers": [
                self.r.choice([{"name": ":path", "string_match": {"exact": "/healthz"}}, self.matcher()])]}

        def fault_filter(self):
            f = dict(self.fault())
            return "fault.v3.HTTPFault", {k: v for k, v in f.items() if k != "@type"}

        fault_filter_route = fault_filter

        def compressor(self):
            common = {}
            if self.often(.7):
                common["min_content_length"] = self.r.choice([1, 30, 300])
            if self.often(.4):
                common["content_type"] = self.r.choice([["text/plain"], ["application/json"], ["text/html"]])
            d = {"common_config": common} if common else {}
            for key in ("disable_on_etag_header", "remove_accept_encoding_header"):
                if self.often(.25):
                    d[key] = True
            if self.often(.2):
                d["uncompressible_response_codes"] = [404, 200][:self.r.randint(1, 2)]
            return "compressor.v3.Compressor", {"response_direction_config": d, "compressor_library": {"name": "z", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip"}}, **({"choose_first": True} if self.often(.2) else {})}

        def compressor_route(self):
            return "compressor.v3.CompressorPerRoute", {"disabled": True} if self.often(.5) else {"overrides": {"response_direction_config": self.r.choice(
                [{}, {"remove_accept_encoding_header": True}])}}

        def ext_authz(self):
            service = {"server_uri": {"uri": "http://authz", "cluster": "authz", "timeout": "5s"}}
            if self.often(.3):
                service["path_prefix"] = "/check"
            if self.often(.5):
                service["authorization_request"] = {"headers_to_add": [{"key": "x-added", "value": "1"}]}
            if self.often(.6):
                service["authorization_response"] = {key: {"patterns": [self.r.choice([{"exact": "x-auth"}, {"prefix": "x-"}, {"exact": "set-cookie"}])]}
                                                     for key in self.r.sample(["allowed_upstream_headers", "allowed_upstream_headers_to_append", "allowed_client_headers",
                                                                               "allowed_client_headers_on_success", "dynamic_metadata_from_headers"], self.r.randint(1, 3))}
            f = {"http_service": service, "transport_api_version": "V3"}
            for key, values in (("failure_mode_allow", [True]), ("failure_mode_allow_header_add", [True]), ("status_on_error", [{"code": 503}, {"code": 401}]),
                                ("clear_route_cache", [True]), ("allowed_headers", [{"patterns": [{"prefix": "x-"}]}]), ("disallowed_headers", [{"patterns": [{"exact": "x-b"}]}]),
                                ("with_request_body", [{"max_request_bytes": 20, "allow_partial_message": True}, {"max_request_bytes": 1000}]), ("stat_prefix", ["az"])):
                if self.often(.3):
                    f[key] = self.r.choice(values)
            return "ext_authz.v3.ExtAuthz", f

        def ext_authz_route(self):
            return "ext_authz.v3.ExtAuthzPerRoute", {"disabled": True} if self.often(.6) else {"check_settings": {"context_extensions": {"a": "b"}}}

        def jwt_authn(self):
            key = {"keys": [{"kty": "oct", "alg": "HS256", "k": base64.urlsafe_b64encode(KEY).decode().rstrip("=")}]}
            p = {"issuer": "i", "local_jwks": {"inline_string": json.dumps(key)}}
            for name, values in (("audiences", [["me"], ["x"]]), ("forward", [True]), ("forward_payload_header", ["x-payload"]), ("from_headers", [[{"name": "x-jwt", "value_prefix": "T "}]]),
                                 ("payload_in_metadata", ["pay"]), ("claim_to_headers", [[{"header_name": "x-sub", "claim_name": "sub"}, {"header_name": "x-num", "claim_name": "n"}]]),
                                 ("from_params", [["tok"]]), ("clock_skew_seconds", [5]), ("require_expiration", [True]), ("clear_route_cache", [True])):
                if self.often(.3):
                    p[name] = self.r.choice(values)

            def requirement():
                return self.r.choice([{"provider_name": "p"}, {"requires_any": {"requirements": [{"provider_name": "p"}, {"allow_missing": {}}]}}, {"allow_missing_or_failed": {}},
                                      {"requires_all": {"requirements": [{"provider_name": "p"}, {"provider_and_audiences": {"provider_name": "p", "audiences": ["me"]}}]}},
                                      {"provider_and_audiences": {"provider_name": "p", "audiences": ["x"]}}])
            f = {"providers": {"p": p}, "rules": [{"match": {"prefix": x}, "requires": requirement()} for x in self.r.sample(["/a", "/foo", "/"], self.r.randint(1, 3))],
                 "requirement_map": {"named": requirement()}}
            for key in ("bypass_cors_preflight", "strip_failure_response"):
                if self.often(.3):
                    f[key] = True
            return "jwt_authn.v3.JwtAuthentication", f

        def jwt_authn_route(self):
            return "jwt_authn.v3.PerRouteConfig", self.r.choice([{"disabled": True}, {"requirement_name": "named"}, {"requirement_name": "lost"}])

        def grpc_stats(self):
            return "grpc_stats.v3.FilterConfig", self.r.choice([{}, {"stats_for_all_methods": True, "emit_filter_state": True}, {"enable_upstream_stats": False}])

        def grpc_web(self):
            return "grpc_web.v3.GrpcWeb", {}

        def grpc_http1_bridge(self):
            return "grpc_http1_bridge.v3.Config", self.r.choice([{}, {"upgrade_protobuf_to_grpc": True}])

        def set_metadata(self):
            return "set_metadata.v3.Config", {"metadata": [{"metadata_namespace": "envoy.lb", "value": {"a": "x", "n": 2}, "allow_overwrite": self.often(.5)}]}

        def header_to_metadata(self):
            return "header_to_metadata.v3.Config", {"request_rules": [{"header": "x-a", "on_header_present": {"metadata_namespace": "envoy.lb", "key": "a", "type": self.r.choice(["STRING", "NUMBER"])},
                                                                       "on_header_missing": {"metadata_namespace": "envoy.lb", "key": "a", "value": "none"}, "remove": self.often(.3)}]}

        FILTERS = ("rbac", "cors", "buffer", "header_mutation", "local_ratelimit", "health_check", "fault_filter", "compressor", "ext_authz", "jwt_authn", "grpc_stats", "grpc_web",
                   "grpc_http1_bridge", "set_metadata", "header_to_metadata")

        def overrides(self):
            """The overrides of a level; of the named filters, and now and then of one that is not there."""
            o = {}
            for name in self.stack:
                if self.often(.2):
                    make = getattr(self, name + "_route", None)
                    if make and self.often(.8):
                        kind, config = make()
                        o[name] = {"@type": HTTP + kind, **config}
                    else:
                        o[name] = {"@type": OVERRIDE, "disabled": self.often(.7)} if self.often(.6) or not make else {"@type": OVERRIDE, "config": (lambda k, c: {"@type": HTTP + k, **c})(*make())}
                        if "config" not in o[name] and not o[name]["disabled"]:
                            o[name] = {"@type": OVERRIDE, "disabled": True}
            return {"typed_per_filter_config": o} if o else {}

        def route(self, number, match=None):
            r = {"match": match or {self.r.choice(["prefix", "path"]): self.r.choice(["/a", "/foo", "/", "/foo/bar"])}, "name": f"r{number}", **self.overrides(),
                 **({"metadata": {"filter_metadata": {"m": {"k": f"v{number}"}}}} if self.often(.3) else {})}
            if r["match"].get("prefix") == "/direct":
                r["direct_response"] = {"status": self.r.choice([200, 404, 503]), "body": {"inline_string": "direct " * 10}}
            elif r["match"].get("prefix") == "/redirect":
                r["redirect"] = {"path_redirect": "/new"}
            else:
                a = {"cluster": "nope" if self.often(.05) else "up", "timeout": "5s"}
                if self.often(.5):
                    a["retry_policy"] = {"retry_on": ",".join(self.r.sample(["5xx", "gateway-error", "retriable-4xx", "reset", "connect-failure", "refused-stream", "cancelled", "unavailable",
                                                                            "retriable-status-codes", "reset-before-request", "envoy-ratelimited"], 2)),
                                         "num_retries": self.r.choice([0, 1, 3]), "retry_back_off": {"base_interval": "0.001s"},
                                         **({"retriable_status_codes": [404, 418]} if self.often(.3) else {}),
                                         **({"retriable_headers": [{"name": "x-retry", "present_match": True}]} if self.often(.2) else {})}
                if self.often(.3):
                    a["internal_redirect_policy"] = {"max_internal_redirects": self.r.choice([0, 1, 3]), **({"redirect_response_codes": [301, 302, 307]} if self.often(.5) else {}),
                                                     **({"allow_cross_scheme_redirect": True} if self.often(.3) else {})}
                r["route"] = a
            return self.mutations(r) if self.often(.2) else r

        def manager(self):
            names = self.r.sample(self.FILTERS, self.r.randint(1, 5))
            self.stack = names
            filters = []
            for name in names:
                kind, config = getattr(self, name)()
                filters.append({"name": name, "typed_config": {"@type": HTTP + kind, **config}, **({"disabled": True} if self.often(.1) else {})})
            routes = [self.route(0, {"prefix": "/direct"}), self.route(1, {"prefix": "/redirect"})] + [self.route(i) for i in range(2, self.r.randint(3, 6))]
            if self.often(.7):
                routes.append(self.route(9, {"prefix": "/"}))
            table = {"name": "rc", "validate_clusters": False, **self.overrides(), "virtual_hosts": [
                {"name": "v", "domains": ["*"], "routes": routes, **self.overrides(),
                 **{k: True for k in ("include_request_attempt_count", "include_attempt_count_in_response") if self.often(.3)}}]}
            h = {"stat_prefix": "h", "route_config": table, "http_filters": filters + [ROUTER]}
            for key, value, share in (("normalize_path", True, .3), ("path_with_escaped_slashes_action", "UNESCAPE_AND_REDIRECT", .2), ("use_remote_address", True, .3), ("via", "me", .1),
                                      ("http2_protocol_options", {"allow_connect": True}, .2), ("upgrade_configs", [{"upgrade_type": "websocket"}], .5),
                                      ("http_protocol_options", {"enable_trailers": True}, .4),
                                      ("local_reply_config", {"body_format": {"json_format": {"m": "%LOCAL_REPLY_BODY%", "c": "%RESPONSE_CODE%", "p": "%REQ(:PATH)%"}}}, .15)):
                if self.often(share):
                    h[key] = value
            return h

        def log_format(self):
            picked = ["%REQ(X-N)%", "%RESPONSE_CODE_DETAILS%", "%RESPONSE_FLAGS%"] + self.r.sample(OPERATORS, 12)
            if self.often(.3):
                return {"json_format": {f"k{i}": o for i, o in enumerate(picked)}}
            return {"text_format_source": {"inline_string": "|".join(picked) + "\n"}, **({"omit_empty_values": True} if self.often(.2) else {})}

        def upstream_options(self):
            kind = self.r.choice([None, None, {"explicit_http_config": {"http2_protocol_options": {}}}, {"use_downstream_protocol_config": {"http2_protocol_options": {}, "http_protocol_options": {"enable_trailers": True}}},
                                  {"explicit_http_config": {"http_protocol_options": {"enable_trailers": True}}}])
            return kind and {"typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", **kind}}}

        def request(self, number):
            q = {"http": self.r.choice(["1.1", "2"]), "method": self.r.choice(["GET"] * 5 + ["POST", "POST", "PUT", "OPTIONS", "HEAD", "DELETE"]), "path": self.r.choice(PATHS)}
            h = [["x-n", str(number)]]
            for name in self.r.sample(NAMES[:5], self.r.randint(0, 3)):
                h.append([name, self.r.choice(ORIGINS) if name == "origin" else self.r.choice(VALUES)])
            if self.often(.3):
                h.append(["accept-encoding", self.r.choice(["gzip", "gzip;q=0", "br, gzip;q=0.5", "*", "identity"])])
            if self.often(.2):
                h += [["origin", self.r.choice(ORIGINS)], ["access-control-request-method", "PUT"]]
                if self.often(.5):
                    q["method"] = "OPTIONS"
            if self.often(.3):
                h.append(["authorization", self.r.choice(["Bearer ", "Bearer ", "bearer ", "Basic "]) + self.r.choice(TOKENS)])
            if self.often(.1):
                h.append(["x-jwt", "T " + self.r.choice(TOKENS)])
            if self.often(.25):
                what = self.r.choice(["x-t-status", "x-t-status", "x-t-size", "x-t-nobody", "x-t-headers", "x-t-fail-first", "x-t-reset-first", "x-t-drip", "x-redirect"])
                h.append({"x-t-status": ["x-t-status", self.r.choice(["204", "304", "404", "418", "500", "503", "429"])], "x-t-size": ["x-t-size", self.r.choice(["0", "5", "5000"])],
                          "x-t-nobody": ["x-t-nobody", "1"], "x-t-headers": ["x-t-headers", self.r.choice(["etag=1", "content-type=text/plain", "vary=x", "x-retry=1", "content-encoding=br",
                                                                                                         "access-control-allow-origin=*", "cache-control=no-transform"])],
                          "x-t-fail-first": ["x-t-fail-first", f"1,{self.r.choice([503, 404, 429, 500])},{number}"], "x-t-reset-first": ["x-t-reset-first", f"1,{number}"],
                          "x-t-drip": ["x-t-drip", "2,2"], "x-redirect": ["x-t-headers", "location=" + self.r.choice(["/foo", "http://h/a", "https://h/", "/direct", "bad url"])]}[what])
                if what == "x-redirect":
                    h.append(["x-t-status", self.r.choice(["301", "302", "303", "307"])])
            for name in ("x-envoy-fault-abort-request", "x-envoy-fault-abort-grpc-request", "x-envoy-fault-abort-request-percentage"):
                if "fault_filter" in self.stack and self.often(.15):
                    h.append([name, self.r.choice(["100", "0", "x"] if name.endswith("percentage") else ["100", "503", "14", "x", "0"])])
            if q["method"] in ("POST", "PUT"):
                q["body"] = self.r.choice(["", "hello", "b" * 60, "b" * 300])
                if self.often(.3) and q["http"] == "1.1":
                    q["chunked"] = True
                if self.often(.2):
                    q["trailers"] = [["x-trail", "t"]]
                    if q["http"] == "1.1":
                        q["chunked"] = True
                if self.often(.25):
                    h.append(["content-type", self.r.choice(["application/grpc", "application/grpc-web+proto", "application/grpc+json", "application/x-protobuf", "application/grpc-web-text"])])
                    if self.often(.5):
                        h.append(["x-t-grpc-status", self.r.choice(["0", "5", "14"])])
                    q["body"] = {"grpc": "m"} if self.often(.8) else q["body"]
            if q["http"] == "1.1" and self.often(.06):
                h += [["upgrade", self.r.choice(["websocket", "other"])], ["connection", "upgrade"]]
                q.update(method="GET", then_send="ping")
                q.pop("body", 0), q.pop("chunked", 0), q.pop("trailers", 0)
            if q["method"] == "HEAD":
                h.append(["x-t-nobody", "1"])  # or the upstream breaks HTTP/2's rules
            if self.often(.03):
                q["no_host"] = True
            if q["http"] == "2" and self.often(.06):
                h.append(self.r.choice([["connection", "close"], ["te", "gzip"], ["te", "trailers"], ["X-Upper", "1"], [":late", "x"], ["x-bad", "a\nb"], ["transfer-encoding", "chunked"], ["a_b", "1"],
                                        ["content-length", "3"], ["", "x"], ["x y", "1"], ["cookie", "a=b"], ["keep-alive", "1"], ["proxy-connection", "x"]]))
            q["headers"] = h
            return q

    return StackMaker


VOLATILE = re.compile(r"^(date|x-envoy-upstream-service-time|x-request-id|x-envoy-expected-rq-timeout-ms|x-ratelimit-reset)$")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def ask(port, q):
    """The answer as a list of lines, without what differs from run to run."""
    try:
        s = diffrun.connect(port, timeout=4)
    except OSError:
        return ["no connection"]
    with s:
        try:
            r = (diffrun.http2(s, q, "h", "http") if q["http"] == "2" else diffrun.http1(s, q, "h"))
        except Exception as e:  # what the client cannot read is an answer as well
            return [f"unreadable: {type(e).__name__}"]
    body = r.get("body", b"")
    headers = [(k.lower(), UUID.sub("UUID", v)) for k, v in r.get("headers", []) if not VOLATILE.match(k.lower())]
    encoded = dict(headers).get("content-encoding") == "gzip"
    if encoded:
        try:
            body = zlib.decompressobj(31).decompress(body)
        except zlib.error:
            pass
    try:
        told = json.loads(body)
        told["headers"] = [[k, UUID.sub("UUID", v)] for k, v in told["headers"] if not VOLATILE.match(k)]
        body = json.dumps(told, sort_keys=True).encode()
        headers = [(k, v) for k, v in headers if k != "content-length"]  # of an echo with times in it
    except (ValueError, KeyError, TypeError):
        pass
    lines = [f"status {r.get('status')}", f"end {r.get('end')}", f"body {body.decode('latin-1')}"]
    lines += sorted(f"{k}: {v}" for k, v in headers) + sorted(f"trailer {k}: {v}" for k, v in r.get("trailers") or [])
    return [x.replace(f":{port}", ":PORT") for x in lines]


# Counters that follow timing, the admin's own requests or the client's end of a connection.
TIMED = re.compile(r"^(http\.async-client|server|cluster_manager|listener_manager|filesystem|main_thread|runtime|http\.admin|listener\.admin|mishap|workers|access_logs|dns|overload|tls|vhds|thread_local_cluster_manager)\b"
                   r"|_bytes_|_cx_|delayed_close|rq_time|tx_flush|total_compressed_bytes|pending|rx_messaging|(rx|tx)_reset|response_before_rq|retry_backoff|listener\.|http1\.|keepalive|goaway|outbound|inbound|lb_|membership|"
                   r"upstream_flow|update|assignment|bind_errors|window")
