#!/usr/bin/env python3
"""What real clients see of DNS faults. Runs in namespaces of its own (unshare --net --mount), where port 53 and resolv.conf are its.

  unshare --net --mount dns_check.py LAUNCHER

dnsmasq is the resolver, `mishap standalone --dns` stands before it, and dig and glibc's resolver (through resolv.conf) ask.
"""
import os, re, signal, socket, subprocess, sys, tempfile, time

LAUNCHER = sys.argv[1]
DIR = tempfile.mkdtemp(prefix="dns_check.")
RULES = [
    "dns delay 1s when name = slow.internal as slow",
    "dns drop when name = drop.internal as drop",
    "dns servfail when name = servfail.internal as servfail",
    "dns nxdomain when name = nx.internal as nx",
    "dns refused when name = refused.internal as refused",
    "dns empty when name = empty.internal as empty",
    "dns ttl 7s when name = ttl.internal as ttl",
    "dns address 10.9.9.9 when name = wrong.internal as wrong",
    "dns truncate when name = tc.internal as tc",
    "dns nxdomain when name $= .aaaa.internal and type = AAAA as aaaa",
]
procs = []


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=60)


def start(*command, **k):
    procs.append(subprocess.Popen(command, **k))
    return procs[-1]


def wait(what, condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timed out: " + what)
        time.sleep(0.02)


def dig(*args):
    out = run("dig", "@127.0.0.1", "+tries=1", "+time=2", *args, check=False).stdout
    status = re.search(r"status: (\w+)", out)
    return {
        "status": status and status.group(1),
        "answers": [re.sub(r"\s+", " ", x) for x in out.splitlines() if x and not x.startswith(";")],
        "ms": int((re.search(r"Query time: (\d+)", out) or [0, -1])[1]),
        "tcp": "(TCP)" in out,
        "size": int((re.search(r"rcvd: (\d+)", out) or [0, -1])[1]),
        "text": out,
    }


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError("%s: expected %r, got %r" % (what, wanted, got))


def getaddrinfo(name, family=socket.AF_INET):
    """glibc's, in a process of its own, so that it reads resolv.conf anew; the first address or the error's name"""
    code = ("import socket,sys\n"
            "try: print(socket.getaddrinfo(%r, 80, %d, socket.SOCK_STREAM)[0][4][0])\n"
            "except socket.gaierror as e: print(next(k for k in dir(socket) if k.startswith('EAI_') and getattr(socket, k) == e.errno))")
    began = time.monotonic()
    return run(sys.executable, "-c", code % (name, family)).stdout.strip(), time.monotonic() - began


def main():
    run("ip", "link", "set", "lo", "up")
    resolv = os.path.join(DIR, "resolv.conf")
    open(resolv, "w").write("nameserver 127.0.0.1\noptions timeout:5 attempts:1\n")
    run("mount", "--make-rprivate", "/")
    run("mount", "--bind", resolv, "/etc/resolv.conf")
    txt = ["--txt-record=large.internal," + ",".join(["x" * 250] * 12)]
    hosts = ["--address=/%s.internal/192.0.2.1" % n for n in ("slow", "drop", "servfail", "nx", "refused", "empty", "ttl", "wrong", "tc", "db")]
    resolver = start("dnsmasq", "-k", "--port=5300", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
          "--address=/aaaa.internal/192.0.2.2", "--address=/aaaa.internal/2001:db8::2", "--local-ttl=300", "--pid-file=", "--edns-packet-max=4096", *hosts, *txt,
          start_new_session=True)
    wait("dnsmasq", lambda: "192.0.2.1" in dig("-p", "5300", "db.internal")["text"])
    err = open(os.path.join(DIR, "err"), "w+")
    out = open(os.path.join(DIR, "out"), "w+")
    proxy = start(LAUNCHER, "standalone", "--dns", "--listen", "53", "--upstream", "127.0.0.1:5300", "--access-log", os.path.join(DIR, "log"),
                  *[x for r in RULES for x in ("--fault", r)], stderr=err, stdout=out)
    wait("the proxy", lambda: "stats and rules" in open(err.name).read() or proxy.poll() is not None)
    wait("an answer", lambda: dig("db.internal")["status"] == "NOERROR")

    # dig: each fault
    d = dig("slow.internal")
    expect("delayed", (d["status"], d["answers"]), ("NOERROR", ["slow.internal. 300 IN A 192.0.2.1"]))
    if not 1000 <= d["ms"]:
        raise AssertionError("early: %r" % d)
    expect("dropped", dig("+time=1", "drop.internal")["status"], None)
    for name, status in (("servfail", "SERVFAIL"), ("nx", "NXDOMAIN"), ("refused", "REFUSED"), ("empty", "NOERROR")):
        d = dig(name + ".internal")
        expect(name, (d["status"], d["answers"]), (status, []))
    expect("ttl", dig("ttl.internal")["answers"], ["ttl.internal. 7 IN A 192.0.2.1"])
    expect("wrong address", dig("wrong.internal")["answers"], ["wrong.internal. 60 IN A 10.9.9.9"])
    d = dig("tc.internal")
    expect("truncated, then whole over TCP", (d["tcp"], d["answers"]), (True, ["tc.internal. 300 IN A 192.0.2.1"]))
    expect("truncated", "tc" in dig("+ignore", "tc.internal")["text"].split("flags:")[1].split(";")[0], True)
    expect("by type", (dig("x.aaaa.internal", "AAAA")["status"], dig("x.aaaa.internal", "A")["status"]), ("NXDOMAIN", "NOERROR"))

    # what passes: large answers by EDNS and by TCP, the case of names, DNSSEC's DO, unknown types, many at once
    d = dig("+bufsize=4096", "large.internal", "TXT")
    expect("large over UDP", (d["tcp"], d["size"] > 3000), (False, True))
    d = dig("+bufsize=512", "large.internal", "TXT")
    expect("large over TCP", (d["tcp"], d["size"] > 3000), (True, True))
    expect("case", dig("Db.InTerNal")["answers"], ["Db.InTerNal. 300 IN A 192.0.2.1"])
    expect("DO", "flags: do" in dig("+dnssec", "db.internal")["text"], True)
    expect("unknown type", dig("db.internal", "TYPE65280")["status"], dig("-p", "5300", "db.internal", "TYPE65280")["status"])
    batch = os.path.join(DIR, "batch")
    open(batch, "w").write("\n".join("db.internal" for _ in range(200)))
    expect("many", run("dig", "@127.0.0.1", "+short", "-f", batch).stdout.split(), ["192.0.2.1"] * 200)
    expect("many over one TCP connection", run("dig", "@127.0.0.1", "+tcp", "+keepopen", "+short", "-f", batch).stdout.split(), ["192.0.2.1"] * 200)

    # glibc through resolv.conf
    expect("glibc", getaddrinfo("db.internal")[0], "192.0.2.1")
    address, seconds = getaddrinfo("slow.internal")
    expect("glibc, delayed", (address, seconds >= 1), ("192.0.2.1", True))
    expect("glibc, wrong address", getaddrinfo("wrong.internal")[0], "10.9.9.9")
    expect("glibc, nxdomain", getaddrinfo("nx.internal")[0], "EAI_NONAME")
    expect("glibc, servfail", getaddrinfo("servfail.internal")[0], "EAI_AGAIN")
    expect("glibc, empty", getaddrinfo("empty.internal")[0], "EAI_NODATA")
    expect("glibc, truncated", getaddrinfo("tc.internal")[0], "192.0.2.1")

    # the resolver goes: SERVFAIL at once (its port refuses), and comes back
    os.killpg(resolver.pid, signal.SIGKILL)  # with the children that serve TCP, who have its sockets, too
    resolver.wait()
    expect("no resolver", dig("db.internal")["status"], "SERVFAIL")

    proxy.send_signal(signal.SIGTERM)
    expect("exit code", proxy.wait(30), 0)
    log = open(os.path.join(DIR, "log")).read()
    for line in (r"UDP slow.internal 1 0 1 DI 1\d\d\d .* slow", r"UDP drop.internal 1 0 0 FI .* drop", r"TCP tc.internal 1 0 1 - .* -", r"UDP nx.internal 1 3 0 FI .* nx"):
        if not re.search(line, log):
            raise AssertionError("the log has no line %r:\n%s" % (line, log))
    summary = open(out.name).read()
    if not re.search(r"questions in .* touched by a fault", summary):
        raise AssertionError(summary)
    print("every client saw what it was to see")


try:
    main()
except AssertionError as e:
    sys.stderr.write("%s\n%s\n" % (e, open(os.path.join(DIR, "err")).read() if os.path.exists(os.path.join(DIR, "err")) else ""))
    sys.exit(1)
finally:
    for p in procs:
        if p.poll() is None:
            p.kill()
