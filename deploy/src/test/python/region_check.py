#!/usr/bin/env python3
"""A region that cannot be reached, and what the time to live of DNS answers does to the fail-over. Two network namespaces are the regions; run by

  unshare --net --mount region_check.py LAUNCHER

Region A (this namespace) has the client and the DNS; region B is a namespace of its own behind a veth pair. `api.internal` is first in region B. Then B is partitioned away and
the resolver's answer changes to region A. A client that keeps answers as long as they say fails over when they are old: at 300 s as the resolver has them,
at 1 s with `dns ttl 1s`.
"""
import os, re, signal, subprocess, sys, tempfile, time

LAUNCHER = sys.argv[1]
DIR = tempfile.mkdtemp(prefix="region_check.")
procs = []


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


def resolver(address):
    """dnsmasq that has api.internal at an address, for 300 s"""
    p = start("dnsmasq", "-k", "--port=5300", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
              "--address=/api.internal/" + address, "--local-ttl=300", "--pid-file=", start_new_session=True)
    wait("dnsmasq", lambda: address in subprocess.run(["dig", "@127.0.0.1", "-p", "5300", "+short", "+tries=1", "+time=1", "api.internal"],
                                                      capture_output=True, text=True).stdout)
    return p


class Client:
    """Keeps an address as long as its answer says, as a JVM or a proxy does."""

    def __init__(self):
        self.address, self.until = None, 0

    def call(self):
        if time.monotonic() >= self.until:
            out = run("dig", "@127.0.0.1", "+tries=1", "+time=2", "+noall", "+answer", "api.internal")
            m = re.search(r"api\.internal\.\s+(\d+)\s+IN\s+A\s+(\S+)", out)
            self.address, self.until = m.group(2), time.monotonic() + int(m.group(1))
        r = subprocess.run(["curl", "-s", "-m", "1", "http://%s:8080/" % self.address], capture_output=True, text=True)
        return r.stdout if r.returncode == 0 else None


SERVE = ("import http.server,sys\n"
         "class H(http.server.BaseHTTPRequestHandler):\n"
         "  def do_GET(s):\n    s.send_response(200); s.send_header('content-length', '1'); s.end_headers(); s.wfile.write(sys.argv[2].encode())\n"
         "  def log_message(s, *a): pass\n"
         "http.server.ThreadingHTTPServer((sys.argv[1], 8080), H).serve_forever()\n")


def main():
    run("ip", "link", "set", "lo", "up")
    # region B
    b = start("unshare", "--net", "sh", "-c", "echo ready; exec sleep 600", stdout=subprocess.PIPE, text=True)
    b.stdout.readline()
    pid = b.pid
    run("ip", "link", "add", "to-b", "type", "veth", "peer", "name", "to-a", "netns", str(pid))
    run("ip", "addr", "add", "10.99.0.1/24", "dev", "to-b")
    run("ip", "link", "set", "to-b", "up")
    inside = ("nsenter", "--net", "--target", str(pid))
    run(*inside, "ip", "addr", "add", "10.99.0.2/24", "dev", "to-a")
    run(*inside, "ip", "link", "set", "to-a", "up")
    start(*inside, sys.executable, "-c", SERVE, "10.99.0.2", "B")
    start(sys.executable, "-c", SERVE, "10.99.0.1", "A")
    dns = resolver("10.99.0.2")
    err = open(os.path.join(DIR, "err"), "w")
    proxy = start(LAUNCHER, "standalone", "--dns", "--listen", "53", "--upstream", "127.0.0.1:5300", "--fault", "dns ttl 1s when name = api.internal",
                  stderr=err, stdout=subprocess.DEVNULL)
    wait("the proxy", lambda: "stats and rules" in open(err.name).read() or proxy.poll() is not None)
    client = Client()
    wait("region B", lambda: client.call() == "B")
    # as the resolver has it, the client would stay with region B for 300 s
    kept = run("dig", "@127.0.0.1", "-p", "5300", "+noall", "+answer", "api.internal").split()[1]
    if kept != "300":
        raise AssertionError("the resolver's time to live is %s" % kept)
    # the partition, and the answer that sends clients to region A
    run("ip", "link", "set", "to-b", "down")
    os.killpg(dns.pid, signal.SIGKILL)
    dns.wait()
    resolver("10.99.0.1")
    run("ip", "link", "set", "to-b", "up")
    run(*inside, "ip", "link", "set", "to-a", "down")
    began = time.monotonic()
    wait("the fail-over to region A", lambda: client.call() == "A", 30)
    seconds = time.monotonic() - began
    if seconds >= 30:
        raise AssertionError("the fail-over took %.1f s" % seconds)
    print("failed over to region A")


try:
    main()
except (AssertionError, subprocess.CalledProcessError) as e:
    sys.stderr.write("%s %s\n" % (e, getattr(e, "stderr", "")))
    sys.exit(1)
finally:
    for p in procs:
        if p.poll() is None:
            p.kill()
