#!/usr/bin/env python3
"""How late bytes are that a TCP latency of 100 ms holds back: 500 connections, staggered, one byte each way at a time.

    python3 benchmarks/peers/latency.py [--seconds 10] [--connections 500] [--toxiproxy toxiproxy-server] -- ./mishap proxy

Prints median, p99 and the earliest, in milliseconds beyond 100, of the proxy and of Toxiproxy beside it, in interleaved rounds; "direct"
is the client and the echo server without a proxy, without the 100 ms. CPU is what the kernel counted for the process."""
import argparse, http.client, json, os, select, shutil, socket, statistics, subprocess, sys, tempfile, time

CONFIG = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
static_resources:
  listeners:
  - name: in
    address: {socket_address: {address: 127.0.0.1, port_value: %d}}
    filter_chains:
    - filters:
      - {name: tcp, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: u}}
  clusters:
  - name: u
    load_assignment: {cluster_name: u, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def echo_server():
    server = socket.create_server(("127.0.0.1", 0), backlog=1024)
    def serve():
        poll = select.epoll()
        poll.register(server, select.EPOLLIN)
        open_ = {}
        while True:
            for fd, _ in poll.poll():
                if fd == server.fileno():
                    c, _a = server.accept()
                    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    open_[c.fileno()] = c
                    poll.register(c, select.EPOLLIN)
                else:
                    try:
                        data = open_[fd].recv(64)
                    except OSError:
                        data = b""
                    if data:
                        open_[fd].send(data)
                    else:
                        poll.unregister(fd)
                        open_.pop(fd).close()
    pid = os.fork()
    if pid == 0:
        serve()
    return server.getsockname()[1], pid


def measure(port, connections, seconds, expected):
    socks = []
    for _ in range(connections):
        s = socket.create_connection(("127.0.0.1", port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        socks.append(s)
    poll = select.epoll()
    by = {}
    for s in socks:
        by[s.fileno()] = s
        poll.register(s, select.EPOLLIN)
    sent, late = {}, []
    period = max(2.5 * expected, 0.05)
    start = time.perf_counter()
    due = [start + 0.2 + i * period / connections for i in range(connections)]
    nxt = 0
    end = start + seconds
    while time.perf_counter() < end:
        now = time.perf_counter()
        while due[nxt] <= now:
            fd = socks[nxt].fileno()
            if fd not in sent:
                sent[fd] = time.perf_counter()
                socks[nxt].send(b"x")
            due[nxt] += period
            nxt = (nxt + 1) % connections
        for fd, _ in poll.poll(max(0.0, min(0.001, due[nxt] - time.perf_counter()))):
            at = time.perf_counter()
            by[fd].recv(64)
            t = sent.pop(fd, None)
            if t is not None and at - start > 2:
                late.append((at - t - expected) * 1000)
    for s in socks:
        s.close()
    late.sort()
    return late


def cpu(pid):
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def api(port, method, path, body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    c.request(method, path, json.dumps(body) if body else None, {"content-type": "application/json"})
    return c.getresponse().read()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--seconds", type=float, default=8)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--connections", type=int, default=500)
    a.add_argument("--toxiproxy", default="toxiproxy-server")
    a.add_argument("command", nargs="+")
    o = a.parse_args()
    upstream, echo = echo_server()
    procs, peers = [], {"direct": (upstream, 0.0, None)}
    with tempfile.TemporaryDirectory() as d:
        try:
            admin, port = free_port(), free_port()
            config = os.path.join(d, "proxy.yaml")
            open(config, "w").write(CONFIG % (admin, port, upstream))
            p = subprocess.Popen(o.command + ["-c", config, "--concurrency", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            procs.append(p)
            peers["mishap"] = (port, 0.1, p.pid)
            toxi = shutil.which(o.toxiproxy)
            if toxi:
                tp, tport = free_port(), free_port()
                t = subprocess.Popen([toxi, "-port", str(tp)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                procs.append(t)
                peers["toxiproxy"] = (tport, 0.1, t.pid)
            deadline = time.time() + 60
            while True:
                try:
                    if b"LIVE" in api(admin, "GET", "/ready"):
                        break
                except OSError:
                    pass
                if time.time() > deadline:
                    sys.exit("the proxy did not start")
                time.sleep(0.1)
            api(admin, "PUT", "/mishap/v1/rules/late", {"apiVersion": "mishap.dev/v1", "kind": "FaultRule", "metadata": {"name": "late"},
                "spec": {"fault": {"latency": {"fixed": "100ms", "direction": "toDownstream"}}, "ttl": "1h"}})
            if toxi:
                api(tp, "POST", "/proxies", {"name": "p", "listen": f"127.0.0.1:{tport}", "upstream": f"127.0.0.1:{upstream}"})
                api(tp, "POST", "/proxies/p/toxics", {"name": "l", "type": "latency", "stream": "downstream", "attributes": {"latency": 100}})
            for r in range(o.rounds):
                for name, (to, expected, pid) in peers.items():
                    before = cpu(pid) if pid else 0
                    late = measure(to, o.connections, o.seconds, expected)
                    used = (cpu(pid) - before) if pid else 0
                    n = len(late)
                    print(f"round {r + 1} {name:10} n={n:6} median {statistics.median(late):6.2f} ms  p99 {late[int(n * .99)]:6.2f} ms"
                          f"  earliest {late[0]:6.2f} ms  cpu {1e6 * used / max(1, n):5.0f} us/message", flush=True)
        finally:
            for p in procs:
                p.terminate()
            os.kill(echo, 15)


main()
