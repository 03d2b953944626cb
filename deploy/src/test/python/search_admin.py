"""What the admin server tells after some traffic, for searchdiff.py --admin: its endpoints with random queries, line by line.

Numbers that are the machine's or the program's own (times, sizes, ids, builds) are not compared.
"""
import http.client, json, random, re

NAMES = ["up", "authz", "l", "rc", "nope", "h"]
FILTERS = ["upstream_rq", "^cluster\\.up\\.", "http.h", "downstream_rq_[0-9]xx", "nothing", "server.live", "^$", "[", "cx_(total|active)", "rq_time"]
PATHS = ["/", "/help", "/stats", "/stats/prometheus", "/clusters", "/listeners", "/config_dump", "/certs", "/runtime", "/server_info", "/init_dump", "/ready", "/memory", "/hot_restart_version",
         "/contention", "/nowhere", "/stats/", "/stats/recentlookups", "/logging", "/quitquitquit", "/healthcheck/ok", "/reset_counters", "/runtime_modify", "/reopen_logs", "/drain_listeners",
         "/cpuprofiler", "/heap_dump", "/allocprofiler", "/heapprofiler", "/tap"]
# Not asked for, since they change or end the program; the last ones need what this build may not have.
NEVER = ["/quitquitquit", "/drain_listeners", "/cpuprofiler", "/heap_dump", "/allocprofiler", "/heapprofiler", "/tap", "/reset_counters", "/contention", "/memory", "/stats/recentlookups", "/help", "/"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed * 7919)

    def query(self, path):
        r = self.r
        options = {"/stats": [("format", ["json", "text", "prometheus", "xml", ""]), ("filter", FILTERS), ("usedonly", [None]), ("type", ["Counters", "Gauges", "Histograms", "TextReadouts", "All", "Bad"]),
                              ("histogram_buckets", ["cumulative", "disjoint", "none", "summary", "detailed", "bad"]), ("pretty", [None]), ("hidden", ["include", "only", "exclude", "bad"])],
                   "/stats/prometheus": [("usedonly", [None]), ("filter", FILTERS), ("text_readouts", [None]), ("histogram_buckets", ["summary", "cumulative", "bad"])],
                   "/clusters": [("format", ["json", "text", "bad"]), ("filter", NAMES)], "/listeners": [("format", ["json", "text", "bad"])],
                   "/config_dump": [("resource", ["static_clusters", "static_listeners", "bootstrap", "static_route_configs", "nothing", "dynamic_active_clusters"]),
                                    ("mask", ["cluster.name", "listener.name,listener.address", "bootstrap.node", "a..b", "nothing", "last_updated", "static_clusters"]),
                                    ("name_regex", NAMES + ["[", ".*p"]), ("include_eds", [None])],
                   "/runtime": [("x", ["1"])], "/server_info": [], "/init_dump": [("mask", ["listener", "cluster", "x"])], "/logging": [("level", ["bad"]), ("nope", ["info"]), ("paths", ["a:b", "x"])],
                   "/runtime_modify": [("k", ["1"]), ("fr.s", [""])], "/healthcheck/ok": []}.get(path, [("x", ["1", ""])])
        picked = [(k, r.choice(v)) for k, v in options if r.random() < .35]
        r.shuffle(picked)
        return "&".join(k if v is None else f"{k}={v}" for k, v in picked)

    def request(self, _):
        path = self.r.choice([p for p in PATHS if p not in NEVER])
        query = self.query(path) if self.r.random() < .8 else ""
        return {"method": self.r.choice(["GET"] * 8 + ["POST", "HEAD", "PUT", "DELETE"]), "path": path + ("?" + query if query else "")}


# What is the program's own.
OWN = re.compile(r"^(server|runtime|filesystem|main_thread|workers|mishap|listener_manager\.worker|listener\.admin|http\.admin|dns|access_logs|overload|envoy_(server|filesystem|mishap|dns))"
                 r"|worker_\d|watchdog|http\.async-client|_ms\b|_ms:|rq_time|cx_length|length_ms|upstream_cx_rx|cx_tx|rx_bytes|tx_bytes|thread_local|envoy_worker")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")


def normal(p, text):
    text = TIME.sub("TIME", p.neutral(text)).replace(p.directory, "DIR").replace(f"DIR/{p.name}", "DIR/PROGRAM")
    return re.sub(r"\b[0-9a-f]{40}/1\.40\.0/[^\"]*", "VERSION", text)


def flat(value, at=""):
    """A JSON value as lines of paths; what stands in lists of statistics goes by its name."""
    if isinstance(value, dict):
        if "name" in value and set(value) <= {"name", "value", "computed_quantiles", "totals", "intervals", "supported_percentiles", "details"}:
            return flat({value["name"]: value.get("value", "...")}, at)
        return [x for k, v in value.items() for x in flat(v, f"{at}.{k}")] or [at + " {}"]
    if isinstance(value, list):
        return [x for v in value for x in flat(v, at + "[]")] or [at + " []"]
    return [f"{at} {json.dumps(value)}"]


def comparable(p, path, head, body):
    try:
        lines = [normal(p, x) for x in flat(json.loads(body))] if body[:1] in "{[" else normal(p, body).split("\n")
    except ValueError:
        lines = normal(p, body).split("\n")
    if path.startswith("/stats"):
        lines = [x for x in lines if not OWN.search(re.sub(r"^(# TYPE |\.stats\[\]\.)", "", x))]
        lines = [re.sub(r"(P0|buckets|No recorded).*", "...", x) for x in lines]
    if path.startswith("/clusters"):
        lines = [re.sub(r"(cx_active|rq_active|cx_total|rq_total|rq_success|rq_error|cx_connect_fail|rq_timeout|success_rate)(::|.*value \"?)-?\d+.*", r"\1 N", x) for x in lines]
    if path.startswith("/server_info"):
        lines = [x for x in lines if not re.search(r"uptime|hot_restart|pid|command_line|version|extensions", x)]
    if path.startswith("/config_dump"):
        lines = [x for x in lines if not re.search(r"\.extensions\[\]|user_agent|VERSION|version_info", x)]
    return head + sorted(x for x in lines if "/mishap/v1" not in x)


def ask(p, q):
    c = http.client.HTTPConnection("127.0.0.1", p.admin, timeout=10)
    try:
        c.request(q["method"], q["path"])
        r = c.getresponse()
        body = r.read().decode("utf-8", "replace")
        head = [f"status {r.status} {r.reason}"] + sorted(f"header {k}: {v}" for k, v in r.getheaders() if k not in ("date", "x-envoy-upstream-service-time", "content-length"))
        return comparable(p, q["path"], head, body)
    except (OSError, http.client.HTTPException) as e:
        return [type(e).__name__]
    finally:
        c.close()
