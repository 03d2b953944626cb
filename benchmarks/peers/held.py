#!/usr/bin/env python3
"""What a request costs in memory while a delay holds it: HTTP/1.1 requests, one to a connection, and HTTP/2 streams, many to a connection.

    python3 benchmarks/peers/held.py [--http1 10000] [--http2 100000] [--connections 1000] [--by filter|rule] -- ./mishap proxy

Of each: the resident memory of the process with every connection open and one request answered on it, the same with all requests held, the
difference for each request, then what is left once all clients have gone. The counts of held requests are the proxy's own
(`http.h.fault.active_faults`, or the rule's `active`); the run ends with an error if they do not reach what was sent, or not 0 afterwards.
Give the heap's limit with MISHAP_JAVA_OPTS=-Xmx256m (which is also the launcher's). Any program with Envoy's CLI can be given.
"""
import argparse, http.client, json, os, re, resource, select, socket, struct, subprocess, sys, tempfile, time

CONFIG = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: %(admin)d}}}
static_resources:
  listeners:
  - name: in
    address: {socket_address: {address: 127.0.0.1, port_value: %(port)d, }}
    tcp_backlog_size: 4096
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: h
          stream_idle_timeout: 0s
          route_config:
            virtual_hosts:
            - {name: v, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 200}}]}
          http_filters:
%(fault)s
          - {name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
"""
FAULT = """
          - name: envoy.filters.http.fault
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
              headers: [{name: x-hold, present_match: true}]
              delay: {fixed_delay: 600s, percentage: {numerator: 100}}"""
RULE = {"apiVersion": "mishap.dev/v1", "kind": "FaultRule", "metadata": {"name": "hold"}, "spec": {
    "scope": {"headers": [{"name": "x-hold", "present": True}]}, "fault": {"delay": {"fixed": "600s"}}, "ttl": "1h"}}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def api(port, method, path, body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    c.request(method, path, json.dumps(body) if body else None, {"content-type": "application/json"})
    r = c.getresponse()
    return r.status, r.read().decode()


def memory(root):
    """KiB resident of the process and its children."""
    pids, total = [root], 0
    for p in pids:
        try:
            with open(f"/proc/{p}/task/{p}/children") as f:
                pids += [int(c) for c in f.read().split()]
            with open(f"/proc/{p}/smaps_rollup") as f:
                total += int(re.search(r"^Rss:\s+(\d+)", f.read(), re.M)[1])
        except OSError:
            pass
    return total


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def request2(stream, hold):
    block = b"\x82\x86\x84\x41\x01a" + (b"\x00\x06x-hold\x011" if hold else b"")  # GET http / :authority a
    return frame(1, 5, stream, block)


def connect(port, count):
    socks = []
    while len(socks) < count:
        s = socket.create_connection(("127.0.0.1", port), timeout=30)
        socks.append(s)
    return socks


def await_count(what, wanted, seconds=120):
    end = time.time() + seconds
    while True:
        now = what()
        if now == wanted:
            return
        if time.time() > end:
            sys.exit(f"held.py: {now} requests are held by the proxy, {wanted} were expected within {seconds} s")
        time.sleep(0.2)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--http1", type=int, default=10_000)
    a.add_argument("--http2", type=int, default=100_000)
    a.add_argument("--connections", type=int, default=1_000, help="connections that the HTTP/2 streams share")
    a.add_argument("--by", choices=["filter", "rule"], default="filter", help="Envoy's fault filter, or a rule through the rules API (Mishap only)")
    a.add_argument("--concurrency", type=int, default=1)
    a.add_argument("command", nargs="+")
    o = a.parse_args()
    need = max(o.http1, o.connections) + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < need:
        sys.exit(f"held.py: needs {need} open files, the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, need), hard))
    admin, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as d:
        config = os.path.join(d, "proxy.yaml")
        with open(config, "w") as f:
            f.write(CONFIG % {"admin": admin, "port": port, "fault": FAULT if o.by == "filter" else ""})
        log = open(os.path.join(d, "log"), "w+")
        p = subprocess.Popen(o.command + ["-c", config, "--concurrency", str(o.concurrency)], stdout=log, stderr=log)
        try:
            end = time.time() + 60
            while True:
                try:
                    if api(admin, "GET", "/ready")[0] == 200:
                        break
                except OSError:
                    pass
                if p.poll() is not None or time.time() > end:
                    log.seek(0)
                    sys.exit("held.py: the proxy did not start:\n" + log.read()[-2000:])
                time.sleep(0.1)
            if o.by == "rule":
                status, body = api(admin, "PUT", "/mishap/v1/rules/hold", RULE)
                if status // 100 != 2:
                    sys.exit("held.py: " + body)

            def held():
                if o.by == "rule":
                    return json.loads(api(admin, "GET", "/mishap/v1/rules/hold")[1])["status"]["activeFaults"]
                text = api(admin, "GET", "/stats?filter=^http.h.fault.active_faults$")[1]
                return int(text.rsplit(":", 1)[1]) if ":" in text else 0

            def phase(name, socks, warm, hold, count):
                warm(socks)
                time.sleep(1)
                before = memory(p.pid)
                t = time.time()
                hold(socks)
                await_count(held, count)
                took = time.time() - t
                time.sleep(1)
                if os.environ.get("HELD_PAUSE"): subprocess.run(os.environ["HELD_PAUSE"].replace("PID", str(p.pid)), shell=True)
                during = memory(p.pid)
                for s in socks:
                    s.close()
                await_count(held, 0)
                time.sleep(1)
                after = memory(p.pid)
                print(f"{name}: {count} held on {len(socks)} connections after {took:.1f} s; resident {before / 1024:.1f} MiB before, {during / 1024:.1f} held, "
                      f"{after / 1024:.1f} after; {(during - before) / count:.2f} KiB a request", flush=True)

            def warm1(socks):
                for s in socks:
                    s.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                    if not s.recv(4096).startswith(b"HTTP/1.1 200"):
                        sys.exit("held.py: a request without the header was not answered with 200")

            def hold1(socks):
                for s in socks:
                    s.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nx-hold: 1\r\n\r\n")

            def read_until(s, seen):
                """Reads frames until a HEADERS frame has been seen; leaves nothing unread that matters later."""
                data = b""
                while True:
                    while len(data) >= 9:
                        length = int.from_bytes(data[:3], "big")
                        if len(data) < 9 + length:
                            break
                        if data[3] == seen:
                            return
                        data = data[9 + length:]
                    got = s.recv(65536)
                    if not got:
                        sys.exit("held.py: the proxy closed an HTTP/2 connection")
                    data += got

            def warm2(socks):
                for s in socks:
                    s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + frame(4, 1, 0) + request2(1, False))
                    read_until(s, 1)

            def hold2(socks):
                each = o.http2 // len(socks)
                for s in socks:
                    s.sendall(b"".join(request2(3 + 2 * i, True) for i in range(each)))

            if o.http1:
                phase("HTTP/1.1", connect(port, o.http1), warm1, hold1, o.http1)
            if o.http2:
                if o.http2 % o.connections:
                    sys.exit("held.py: --http2 has to be a multiple of --connections")
                phase("HTTP/2", connect(port, o.connections), warm2, hold2, o.http2)
        except OSError as e:
            log.seek(0)
            sys.exit(f"held.py: {e!r}; the proxy's log ends with\n" + log.read()[-2000:])
        finally:
            p.terminate()
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()


if __name__ == "__main__":
    main()
