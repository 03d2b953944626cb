"""Random filter chains for searchdiff.py --chains: which chain answers a client by its SNI, ALPN, address and transport.

Each chain answers a request with its name.
"""
import os, random, socket, ssl

CERTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "envoy-cases", "_certs")
NAMES = ["a.test", "b.test", "*.test", "*.a.test", "x.a.test", "*.com"]
ASKED = ["a.test", "b.test", "x.a.test", "y.x.a.test", "c.com", "other.org", "A.test", None]
PROTOCOLS = ["h2", "http/1.1", "http/1.0"]
HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"


class ChainMaker:
    """Makes a listener of a seed, and clients for it."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def match(self):
        m = {}
        for key, share, draw in (
                ("server_names", .5, lambda: self.r.sample(NAMES, self.r.randint(1, 2))),
                ("application_protocols", .35, lambda: self.r.sample(PROTOCOLS, self.r.randint(1, 2))),
                ("transport_protocol", .4, lambda: self.r.choice(["tls", "raw_buffer"])),
                ("source_type", .2, lambda: self.r.choice(["ANY", "SAME_IP_OR_LOOPBACK", "EXTERNAL"])),
                ("source_prefix_ranges", .25, lambda: [self.range() for _ in range(self.r.randint(1, 2))]),
                ("direct_source_prefix_ranges", .15, lambda: [self.range()]),
                ("prefix_ranges", .25, lambda: [self.range()]),
                ("source_ports", .1, lambda: [self.r.choice([1, 80])])):
            if self.r.random() < share:
                m[key] = draw()
        return m

    def range(self):
        return {"address_prefix": self.r.choice(["127.0.0.0", "127.0.0.1", "127.0.0.2", "10.0.0.0", "0.0.0.0"]), "prefix_len": self.r.choice([0, 8, 16, 31, 32])}

    def chain(self, name, match):
        routes = [{"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": name}}}]
        c = {"name": name, "filters": [{"name": "h", "typed_config": {
            "@type": HCM, "stat_prefix": name, "codec_type": "HTTP1", "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]},
            "http_filters": [{"name": "r", "typed_config": {"@type": ROUTER}}]}}]}
        if match is not None:
            c["filter_chain_match"] = match
        if match is None and self.r.random() < .5 or match and match.get("transport_protocol") != "raw_buffer" and self.r.random() < .7:
            file = lambda ending: {"filename": os.path.join(CERTS, "server" + ending)}
            common = {"tls_certificates": [{"certificate_chain": file(".crt"), "private_key": file(".key")}]}
            if self.r.random() < .4:
                common["alpn_protocols"] = self.r.sample(PROTOCOLS, self.r.randint(1, 2))
            c["transport_socket"] = {"name": "tls", "typed_config": {"@type": TLS, "common_tls_context": common}}
        return c

    def listener(self):
        listener = {"filter_chains": [self.chain(f"c{i}", self.match()) for i in range(self.r.randint(1, 7))]}
        inspector = "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
        if self.r.random() < .9:
            listener["listener_filters"] = [{"name": "i", "typed_config": {"@type": inspector}}]
        if self.r.random() < .4:
            listener["default_filter_chain"] = self.chain("default", None)
        return listener

    def request(self, _):
        q = {"source": self.r.choice(["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.9"])}
        if self.r.random() < .75:
            q["tls"] = {"sni": self.r.choice(ASKED), "alpn": self.r.sample(PROTOCOLS, self.r.randint(0, 2))}
        return q


def ask(port, q):
    """What the client sees: the chain's answer, the protocol that was chosen, or how it was turned away."""
    try:
        s = socket.create_connection(("127.0.0.1", port), timeout=3, source_address=(q["source"], 0))
    except OSError as e:
        return [f"no connection: {type(e).__name__}"]
    lines = []
    with s:
        try:
            if "tls" in q:
                c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
                if q["tls"]["alpn"]:
                    c.set_alpn_protocols(q["tls"]["alpn"])
                s = c.wrap_socket(s, server_hostname=q["tls"]["sni"])
                lines.append(f"alpn {s.selected_alpn_protocol()}")
            s.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            data = b""
            while b"\r\n\r\n" not in data or data.endswith(b"\r\n"):
                more = s.recv(4096)
                if not more:
                    break
                data += more
            lines.append("got " + data.decode("latin-1").split("\r\n\r\n")[-1])
        except (ssl.SSLError, ConnectionError):
            lines.append("turned away")
        except TimeoutError:
            lines.append("silence")
    return lines
