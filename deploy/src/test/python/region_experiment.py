#!/usr/bin/env python3
"""`mishap run examples/region-partition-experiment.yaml` against two regions, which are network namespaces; run by

  unshare --net --mount region_experiment.py LAUNCHER EXPERIMENT [RULES-OF-DNS]

Region A (this namespace) has the shop, its callers and the DNS; region B is a namespace of its own behind a veth pair. The shop asks `api.internal` in DNS and
keeps the address as long as the answer says. Its connections to port 8080 are turned to a Mishap proxy (iptables), which passes them on to where they were going;
callers reach the shop by another listener of the same proxy. dnsmasq names region B, for 300 s, until a watchdog that goes the shop's way cannot reach it; then A.
Prints what the run said, and ends with its exit code.
"""
import encodings.idna  # before the forked ones lose the right to read it
import http.client, os, signal, socket, struct, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LAUNCHER, EXPERIMENT, DNS_RULES = sys.argv[1], sys.argv[2], sys.argv[3:4]
DIR = tempfile.mkdtemp(prefix="region_experiment.")
NOBODY = 65534
A, B = "10.99.0.1", "10.99.0.2"
procs = []
CONFIGURATION = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  listeners:
  - name: egress
    address: {socket_address: {address: 127.0.0.1, port_value: 15001}}
    listener_filters:
    - name: envoy.filters.listener.original_dst
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst}
    filter_chains:
    - filters:
      - name: tcp
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: egress, cluster: original}
  - name: shop
    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: shop
          route_config:
            virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: shop}}]}]
          http_filters:
          - {name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - {name: original, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, connect_timeout: 5s}
  - name: shop
    connect_timeout: 5s
    load_assignment:
      cluster_name: shop
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8000}}}}]}]
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def start(*command, **k):
    procs.append(subprocess.Popen(command, **k))
    return procs[-1]


def wait(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timed out: " + what)
        time.sleep(0.02)


def get(address, port, timeout):
    """the body of a response; None when there is none in time"""
    c = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        c.request("GET", "/")
        r = c.getresponse()
        body = r.read().decode()
        return body if r.status == 200 else None
    except OSError:
        return None
    finally:
        c.close()


def ask(port):
    """address and time to live of api.internal"""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    with s:
        s.sendto(struct.pack(">6H", os.getpid() & 0xffff, 0x100, 1, 0, 0, 0) + b"\x03api\x08internal\0" + struct.pack(">2H", 1, 1), ("127.0.0.1", port))
        m = s.recv(4096)
    at = 12 + len(b"\x03api\x08internal\0") + 4
    ttl, length = struct.unpack(">IH", m[at + 6:at + 12])
    return ".".join(str(b) for b in m[at + 12:at + 12 + length]), ttl


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *a):
        pass


def region(address, name):
    class Api(Quiet):
        def do_GET(self):
            self.answer(200, name)
    ThreadingHTTPServer((address, 8080), Api).serve_forever()


def shop():
    """forked: another user's process, so that its connections are redirected"""
    os.setuid(NOBODY)
    known = [None, 0]
    lock = threading.Lock()

    class Shop(Quiet):
        def do_GET(self):
            try:
                with lock:
                    if time.monotonic() >= known[1]:
                        address, ttl = ask(53)
                        known[:] = [address, time.monotonic() + ttl]
                body = get(known[0], 8080, 0.4)
            except OSError:
                body = None
            self.answer(200 if body else 503, (body or "").encode())

        do_POST = do_GET
    ThreadingHTTPServer(("127.0.0.1", 8000), Shop).serve_forever()


def watchdog():
    """forked: writes down when region B cannot be reached the way that the shop goes"""
    os.setuid(NOBODY)
    while get(B, 8080, 0.4):
        time.sleep(0.1)
    print("lost", flush=True)


def forked(work, *arguments):
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(w, 1)
        try:
            work(*arguments)
        except BaseException as e:
            sys.stderr.write("%s: %r\n" % (work.__name__, e))
        finally:
            os._exit(0)
    os.close(w)
    children.append(pid)
    return os.fdopen(r)


children = []


def resolver(address):
    p = start("dnsmasq", "-k", "--port=5300", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
              "--address=/api.internal/" + address, "--local-ttl=300", "--pid-file=", start_new_session=True, stderr=subprocess.DEVNULL)
    wait("dnsmasq", lambda: address in subprocess.run(["dig", "@127.0.0.1", "-p", "5300", "+short", "+tries=1", "+time=1", "api.internal"],
                                                      capture_output=True, text=True).stdout)
    return p


def fail_over(lost, dns):
    lost.readline()
    os.killpg(dns.pid, signal.SIGKILL)
    dns.wait()
    resolver(A)


def traffic(end):
    while not end.is_set():
        get("127.0.0.1", 10000, 5)
        time.sleep(0.03)


def world():
    run("ip", "link", "set", "lo", "up")
    b = start("unshare", "--net", "sh", "-c", "echo ready; exec sleep 600", stdout=subprocess.PIPE, text=True)
    b.stdout.readline()
    inside = ("nsenter", "--net", "--target", str(b.pid))
    run("ip", "link", "add", "to-b", "type", "veth", "peer", "name", "to-a", "netns", str(b.pid))
    run("ip", "addr", "add", A + "/24", "dev", "to-b")
    run("ip", "link", "set", "to-b", "up")
    run(*inside, "ip", "addr", "add", B + "/24", "dev", "to-a")
    run(*inside, "ip", "link", "set", "to-a", "up")
    run("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "8080", "-m", "owner", "--uid-owner", str(NOBODY), "-j", "REDIRECT", "--to-ports", "15001")
    start(*inside, sys.executable, os.path.abspath(__file__), "region", B, "B")
    start(sys.executable, os.path.abspath(__file__), "region", A, "A")
    dns = resolver(B)
    config = os.path.join(DIR, "proxy.yaml")
    with open(config, "w") as f:
        f.write(CONFIGURATION)
    log = open(os.path.join(DIR, "log"), "w")
    start(LAUNCHER, "proxy", "-c", config, stdout=log, stderr=log)
    names = [LAUNCHER, "standalone", "--dns", "--listen", "127.0.0.1:53", "--upstream", "127.0.0.1:5300"]
    start(*names, *(["--rules", DNS_RULES[0]] if DNS_RULES else []), stdout=log, stderr=log)

    def named():
        try:
            return ask(53)[0] == B
        except OSError:
            return False
    wait("the DNS", named)
    if ask(53)[1] != (1 if DNS_RULES else 300):
        raise AssertionError("the time to live is %d s" % ask(53)[1])
    forked(shop)
    wait("the shop", lambda: get("127.0.0.1", 10000, 5) == "B")
    lost = forked(watchdog)
    threading.Thread(target=fail_over, args=(lost, dns), daemon=True).start()


def main():
    world()
    end = threading.Event()
    callers = [threading.Thread(target=traffic, args=(end,), daemon=True) for _ in range(3)]
    for c in callers:
        c.start()
    result = subprocess.run([LAUNCHER, "run", EXPERIMENT, "--target", "egress=http://127.0.0.1:9901", "--observe", "shop=http://127.0.0.1:9901", "--time-scale", "0.1"],
                            capture_output=True, text=True, timeout=150)
    end.set()
    print(result.stdout + result.stderr)
    print("the shop is served by region %s" % get("127.0.0.1", 10000, 5))
    return result.returncode


if sys.argv[1] == "region":
    region(sys.argv[2], sys.argv[3].encode())
code = 99
try:
    code = main()
except (AssertionError, subprocess.SubprocessError) as e:
    sys.stderr.write("%s %s\n%s\n" % (e, getattr(e, "stderr", ""), open(os.path.join(DIR, "log")).read() if os.path.exists(os.path.join(DIR, "log")) else ""))
finally:
    for p in procs:
        if p.poll() is None:
            p.kill()
    for c in children:
        os.kill(c, signal.SIGKILL)
sys.exit(code)
