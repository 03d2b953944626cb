#!/usr/bin/env python3
"""How long it takes from a call of the API of `mishap serve` to the first answer of a proxy that is another for it: the real Envoy and ours.

    benchmarks/push/effect.py [--rounds 20] [--mishap ./mishap] [--envoy envoy]

A server with a durable store and one proxy of each kind, by delta ADS, on loopback. In each round a rule (abort 418) is written by PUT, and deleted when
its effect was seen. One keep-alive connection asks the proxy all the time, one request after the other; the time is from before the API is called to the end of the first
changed answer, and so includes the write, its sync to the disk, compilation, the push, and the request itself.
"""
import argparse, http.client, json, math, os, re, signal, socket, statistics, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RULE = {"apiVersion": "mishap.dev/v1", "kind": "FaultRule", "metadata": {"name": "effect"},
        "spec": {"ttl": "10m", "scope": {"listeners": ["payments"]}, "fault": {"abort": {"httpStatus": 418}}}}
PATH = "/api/v1/namespaces/default/rules/effect"
ADDRESSES = {"envoy": "127.0.0.2", "mishap": "127.0.0.4"}


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(connection):
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def await_status(connection, status, limit):
    end = time.perf_counter() + limit
    while True:
        got = ask(connection)
        now = time.perf_counter()
        if got == status:
            return now
        if now > end:
            sys.exit("no answer %d within %d s, but %s" % (status, limit, got))


def await_proxy(address, port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(address, port, timeout=10)
        try:
            if ask(connection) == 204:
                return connection
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("%s:%d does not serve" % (address, port))


class Api:
    """calls on a thread of their own, so that what they wait for is not what is measured"""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, method, body=None):
        self.connection.request(method, PATH, body and json.dumps(body), {"content-type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit("%s: %d %s" % (method, answer.status, text.decode()))

    def timed(self, method, body, connection, status):
        """seconds until the API answered, and until the proxy's answer was another"""
        done = []

        def call():
            self.call(method, body)
            done.append(time.perf_counter())
        thread = threading.Thread(target=call)
        began = time.perf_counter()
        thread.start()
        changed = await_status(connection, status, 10)
        thread.join()
        return done[0] - began, changed - began


def show(what, seconds):
    ordered = sorted(seconds)
    at = lambda q: ordered[max(0, math.ceil(q * len(ordered)) - 1)] * 1e3
    print("%-40s median %6.1f ms   p99 %6.1f ms" % (what, statistics.median(ordered) * 1e3, at(0.99)), flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--warmup", type=int, default=20)
    options.add_argument("--mishap", default="./mishap")
    options.add_argument("--envoy", default="envoy")
    o = options.parse_args()
    sys.setswitchinterval(0.0002)
    directory = tempfile.mkdtemp(prefix="effect.")
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    api, xds, listener = free_port(), free_port(), free_port()
    processes = []

    def start(name, *command):
        log = open(os.path.join(directory, name + ".log"), "w")
        processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    try:
        serve = [o.mishap, "serve", "--listen-xds", "127.0.0.1:%d" % xds]
        start("serve", *serve, "--listen-api", "127.0.0.1:%d" % api, "--data-dir", os.path.join(directory, "data"),
              "--dependency", "payments=%d:127.0.0.1:%d" % (listener, upstream.server_port))
        connections = {}
        for name, address in ADDRESSES.items():
            text = subprocess.run([*serve, "--print-bootstrap", name, "--node", "checkout/" + name], check=True,
                                  capture_output=True, text=True).stdout
            text = text.replace("runtime_layer: mishap", "runtime_layer: mishap, listen_address: " + address)
            text = re.sub("port_value: 9901", "port_value: %d" % free_port(), text)
            file = os.path.join(directory, name + ".yaml")
            with open(file, "w") as f:
                f.write(text)
            start(name, *([o.mishap, "proxy"] if name == "mishap" else [o.envoy]), "-c", file, "--disable-hot-restart")
            connections[name] = await_proxy(address, listener)
        caller = Api(api)
        for name, connection in connections.items():
            for _ in range(o.warmup):
                caller.timed("PUT", RULE, connection, 418)
                caller.timed("DELETE", None, connection, 204)
            on, off, written = [], [], []
            for _ in range(o.rounds):
                answered, changed = caller.timed("PUT", RULE, connection, 418)
                on.append(changed)
                written.append(answered)
                off.append(caller.timed("DELETE", None, connection, 204)[1])
                time.sleep(0.05)
            began = time.perf_counter()
            for _ in range(200):
                ask(connection)
            show(name + ": a rule written, to its effect", on)
            show(name + ": a rule deleted, to its end", off)
            show(name + ": the API's answer to the write", written)
            print("%-40s        %6.2f ms" % (name + ": one request", (time.perf_counter() - began) / 200 * 1e3))
        print("load %.1f" % os.getloadavg()[0])
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(30)


main()
