#!/usr/bin/env python3
"""The network between proxies and their control plane is cut for a while: `unshare --net network_cut_check.py SECONDS MISHAP ENVOY`, as root.

The control plane is in a network namespace of its own behind a veth pair, whose link goes down; the proxies (ours and an Envoy), their callers and the upstream
stay in this one. A fault must end by its time to live, what was configured must go on serving, and after the cut the proxies must learn what they missed, and
have the fault again that is still meant.
Prints when what happened, and ends with 0 if all of it did.
"""
import http.client, json, os, re, signal, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS, MISHAP, ENVOY = float(sys.argv[1]), sys.argv[2], sys.argv[3]
TTL = 2
# How late a fault's end may be seen on a machine that is busy with other tests.
PATIENCE = 10
LIMIT = 60
HERE, THERE = "10.98.0.2", "10.98.0.1"
XDS, UPSTREAM, LISTENER = "18000", 8000, 10000
PROXIES = {"envoy": ("127.0.0.2", 9901), "mishap": ("127.0.0.4", 9902)}
DIR = tempfile.mkdtemp(prefix="network_cut_check.")
procs, seen = [], {name: [] for name in PROXIES}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def start(log, *command):
    procs.append(subprocess.Popen(command, stdout=open(os.path.join(DIR, log), "w"), stderr=subprocess.STDOUT))
    return procs[-1]


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def call(name):
    """all the time: what a caller of the proxy got, and when"""
    while True:
        began = time.monotonic()
        connection = http.client.HTTPConnection(PROXIES[name][0], LISTENER, timeout=10)
        try:
            connection.request("GET", "/")
            status = connection.getresponse().status
        except OSError as e:
            status = repr(e)
        connection.close()
        seen[name].append((began, status))
        time.sleep(0.02)


def wait(what, name, status, since, limit=LIMIT):
    """until the proxy answers so to a request that began after `since`; how long that took"""
    while time.monotonic() < since + limit:
        for began, got in seen[name][-50:]:
            if began >= since and got == status:
                print("%s, %s: after %.2f s" % (what, name, began - since), flush=True)
                return began
        time.sleep(0.01)
    raise SystemExit("%s, %s: not after %d s but %s" % (what, name, limit, seen[name][-3:]))


def api(method, rule, spec=None):
    body = [] if spec is None else ["-H", "content-type: application/json", "-d", json.dumps({
        "apiVersion": "mishap.dev/v1", "kind": "FaultRule", "metadata": {"name": rule}, "spec": spec})]
    run("nsenter", "-t", str(there.pid), "-n", "curl", "-sS", "--fail-with-body", "-X", method, *body,
        "http://127.0.0.1:18080/api/v1/namespaces/default/rules/" + rule)


def abort(status):
    return {"ttl": "10m", "scope": {"listeners": ["payments"]}, "fault": {"abort": {"httpStatus": status}}}


def main():
    global there
    # `unshare` becomes the sleep, in a namespace of its own as soon as that is another than ours.
    there = start("there.log", "unshare", "--net", "sleep", "600")
    while os.readlink("/proc/%d/ns/net" % there.pid) == os.readlink("/proc/self/ns/net"):
        time.sleep(0.01)
    inside = ["nsenter", "-t", str(there.pid), "-n"]
    run("ip", "link", "set", "lo", "up")
    run(*inside, "ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(there.pid))
    run("ip", "addr", "add", HERE + "/24", "dev", "here")
    run("ip", "link", "set", "here", "up")
    run(*inside, "ip", "addr", "add", THERE + "/24", "dev", "there")
    run(*inside, "ip", "link", "set", "there", "up")
    upstream = ThreadingHTTPServer(("127.0.0.1", UPSTREAM), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()

    serve = [MISHAP, "serve", "--listen-xds", THERE + ":" + XDS]
    start("serve.log", *inside, *serve, "--listen-api", "127.0.0.1:18080", "--insecure", "--anonymous", "operator", "--fault-ttl", "%ds" % TTL,
          "--dependency", "payments=%d:127.0.0.1:%d" % (LISTENER, UPSTREAM))
    for name, (address, admin) in PROXIES.items():
        text = run(*serve, "--insecure", "--print-bootstrap", name, "--node", "checkout/" + name)
        text = text.replace("runtime_layer: mishap", "runtime_layer: mishap, listen_address: " + address)
        text = re.sub(r"port_value: 9901", "port_value: %d" % admin, text)
        file = os.path.join(DIR, name + ".yaml")
        with open(file, "w") as f:
            f.write(text)
        start(name + ".log", *([MISHAP, "proxy"] if name == "mishap" else [ENVOY]), "-c", file, "--disable-hot-restart")
        threading.Thread(target=call, args=(name,), daemon=True).start()
    for name in PROXIES:
        wait("configured", name, 204, time.monotonic(), 2 * LIMIT)

    now = time.monotonic()
    api("PUT", "meant", abort(418))
    for name in PROXIES:
        wait("fault", name, 418, now)

    # Longer than the lease is at first, so that it lives by being renewed.
    time.sleep(2 * TTL)
    cut = time.monotonic()
    run("ip", "link", "set", "here", "down")
    ends = {name: wait("fault ended by itself", name, 204, cut) for name in PROXIES}
    # Of two aborts the first by name wins.
    api("PUT", "a-missed", abort(429))
    time.sleep(max(0, cut + SECONDS - time.monotonic()))
    mended = time.monotonic()
    run("ip", "link", "set", "here", "up")
    back = {name: wait("learnt what it missed", name, 429, mended) for name in PROXIES}

    now = time.monotonic()
    api("DELETE", "a-missed")
    for name in PROXIES:
        wait("what was meant all the time, again", name, 418, now)

    bad = []
    for name in PROXIES:
        if ends[name] - cut > TTL + PATIENCE:
            bad.append("the fault outlived its time to live of %d s at %s" % (TTL, name))
        served = [status for began, status in seen[name] if ends[name] <= began < mended]
        if set(served) != {204}:
            bad.append("while cut off %s answered %s" % (name, set(served)))
        early = {status for began, status in seen[name] if cut - 2 * TTL <= began < cut}
        if early != {418}:
            bad.append("before the cut %s answered %s" % (name, early))
        wrong = {status for began, status in seen[name] if mended <= began < back[name]} - {204, 418}
        if wrong:
            bad.append("after the cut %s answered %s" % (name, wrong))
        print("%s served %d requests while cut off for %.1f s" % (name, len(served), mended - cut))
    return bad


def end():
    for p in reversed(procs):
        p.send_signal(signal.SIGTERM)
    for p in procs:
        try:
            p.wait(15)
        except subprocess.TimeoutExpired:
            p.kill()


try:
    wrong = main()
    print("\n".join(wrong) or "faults ended, proxies served on, and learnt what they missed")
except BaseException:
    for log in sorted(os.listdir(DIR)):
        if log.endswith(".log"):
            print("== " + log + "\n" + "".join(open(os.path.join(DIR, log)).readlines()[-15:]))
    raise
finally:
    end()
sys.exit(1 if wrong else 0)
