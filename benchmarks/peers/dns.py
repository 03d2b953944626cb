#!/usr/bin/env python3
"""Forwarders of DNS side by side: dnsmasq, Envoy's dns_filter and a program with Envoy's CLI, before one resolver (dnsmasq that knows every answer).

  dns.py --candidate "NAME=COMMAND" [--rounds 5] [--seconds 3] [--rate 5000]

Needs dnsmasq and dnsperf; envoy is left out when it is not there. The forwarder under test has CPU 0 to itself, the resolver and dnsperf share CPU 1.
In each round every forwarder is run twice: as many questions as it takes (100 outstanding), and --rate questions a second, whose latencies are compared with
those of the resolver asked directly in the same round ("added"). CPU time is what the kernel counts for the process tree.
"""
import argparse, os, shlex, shutil, statistics, subprocess, tempfile, time

RESOLVER, PORT, ADMIN = 27950, 27960, 27961
DIR = tempfile.mkdtemp(prefix="dns-bench.")
NAMES = os.path.join(DIR, "names")

OURS = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}
static_resources:
  listeners:
  - name: dns
    address: {socket_address: {protocol: UDP, address: 127.0.0.1, port_value: %d}}
    listener_filters:
    - name: mishap.filters.udp.dns_proxy
      typed_config:
        "@type": type.googleapis.com/mishap.filters.udp.dns.v1.DnsProxy
        stat_prefix: p
        upstreams: [{socket_address: {address: 127.0.0.1, port_value: %d}}]
""" % (ADMIN, PORT, RESOLVER)
ENVOY = """
static_resources:
  listeners:
  - name: dns
    address: {socket_address: {protocol: UDP, address: 127.0.0.1, port_value: %d}}
    listener_filters:
    - name: envoy.filters.udp.dns_filter
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig
        stat_prefix: p
        server_config: {inline_dns_table: {}}
        client_config:
          resolver_timeout: 5s
          max_pending_lookups: 10000
          typed_dns_resolver_config:
            name: envoy.network.dns_resolver.cares
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig
              resolvers: [{socket_address: {address: 127.0.0.1, port_value: %d}}]
""" % (PORT, RESOLVER)


def start(cpu, command):
    return subprocess.Popen(["taskset", "-c", str(cpu), *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tree(pid):
    pids = [pid]
    for p in pids:
        try:
            for t in os.listdir("/proc/%d/task" % p):
                pids += map(int, open("/proc/%d/task/%s/children" % (p, t)).read().split())
        except OSError:
            pass
    return pids


def cpu_seconds(pid):
    total = 0
    for p in tree(pid):
        try:
            f = open("/proc/%d/stat" % p).read().rsplit(") ", 1)[1].split()
            total += int(f[11]) + int(f[12])
        except OSError:
            pass
    return total / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    kb = 0
    for p in tree(pid):
        try:
            kb += next(int(l.split()[1]) for l in open("/proc/%d/status" % p) if l.startswith("VmRSS"))
        except (OSError, StopIteration):
            pass
    return kb / 1024


def dnsperf(port, seconds, *more):
    out = subprocess.run(["taskset", "-c", "1", "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", NAMES, "-l", str(seconds), *more],
                         capture_output=True, text=True).stdout
    done = lost = 0
    latencies = []
    for line in out.splitlines():
        w = line.split()
        if line.startswith("> NOERROR"):
            latencies.append(float(w[-1]) * 1e6)
        elif "Queries completed" in line:
            done = int(w[2])
        elif "Queries lost" in line:
            lost = int(w[2])
    return done, lost, sorted(latencies)


def percentile(sorted_values, p):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * p))] if sorted_values else float("nan")


def wait_for(port):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if dnsperf(port, 0.1, "-n", "1", "-t", "0.5")[0]:
            return
    raise SystemExit("nobody answers at port %d" % port)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--candidate", action="append", default=[])
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--seconds", type=float, default=3)
    args.add_argument("--rate", type=int, default=5000)
    args.add_argument("--warm", type=float, default=8, help="seconds of load before the first round")
    a = args.parse_args()
    open(NAMES, "w").write("".join("h%d.test A\n" % i for i in range(1000)))
    for name, text in (("ours.yaml", OURS), ("envoy.yaml", ENVOY)):
        open(os.path.join(DIR, name), "w").write(text)
    programs = {"dnsmasq": ["dnsmasq", "-k", "-p", str(PORT), "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces",
                            "--server=127.0.0.1#%d" % RESOLVER, "--cache-size=0", "--dns-forward-max=10000", "--pid-file="]}
    if shutil.which("envoy"):
        programs["envoy"] = ["envoy", "--base-id", "4242", "--concurrency", "1", "-l", "critical", "-c", os.path.join(DIR, "envoy.yaml")]
    for c in a.candidate:
        name, command = c.split("=", 1)
        programs[name] = shlex.split(command) + ["--concurrency", "1", "-l", "critical", "-c", os.path.join(DIR, "ours.yaml")]
    resolver = start(1, ["dnsmasq", "-k", "-p", str(RESOLVER), "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces",
                         "--address=/test/192.0.2.1", "--cache-size=0", "--pid-file="])
    rows = {n: {"qps": [], "cpu": [], "lost": [], "p50": [], "p99": [], "rss": []} for n in programs}
    try:
        wait_for(RESOLVER)
        for round_ in range(a.rounds):
            direct = dnsperf(RESOLVER, a.seconds, "-Q", str(a.rate), "-v")[2]
            for name, command in programs.items():
                p = start(0, command)
                try:
                    wait_for(PORT)
                    dnsperf(PORT, a.warm, "-c", "8", "-q", "100")
                    before = cpu_seconds(p.pid)
                    began = time.monotonic()
                    done, lost, _ = dnsperf(PORT, a.seconds, "-c", "8", "-q", "100")
                    took = time.monotonic() - began
                    r = rows[name]
                    r["qps"].append(done / took)
                    r["cpu"].append((cpu_seconds(p.pid) - before) / max(1, done) * 1e6)
                    lat = dnsperf(PORT, a.seconds, "-c", "8", "-Q", str(a.rate), "-v")[2]
                    r["lost"].append(lost)
                    r["p50"].append(percentile(lat, .5) - percentile(direct, .5))
                    r["p99"].append(percentile(lat, .99) - percentile(direct, .99))
                    r["rss"].append(rss_mb(p.pid))
                finally:
                    p.terminate()
                    p.wait()
    finally:
        resolver.terminate()
        resolver.wait()
        shutil.rmtree(DIR, ignore_errors=True)
    print("medians of %d rounds (lowest..highest); load %s" % (a.rounds, open("/proc/loadavg").read().split()[0]))
    print("| | questions/s | CPU µs a question | added latency, median µs | added, p99 µs | lost | MB |\n|---|---|---|---|---|---|---|")
    for name, r in rows.items():
        cells = ["%.0f (%.0f..%.0f)" % (statistics.median(r[k]), min(r[k]), max(r[k])) if k != "cpu"
                 else "%.1f (%.1f..%.1f)" % (statistics.median(r[k]), min(r[k]), max(r[k])) for k in ("qps", "cpu", "p50", "p99")]
        print("| %s | %s | %d | %.0f |" % (name, " | ".join(cells), sum(r["lost"]), statistics.median(r["rss"])))


main()
