#!/usr/bin/env python3
"""Port 53 redirected: glibc's resolver asks the server that resolv.conf names, and iptables turns its questions to the DNS proxy, which asks that server itself.

  unshare --net --mount dns_redirect_check.py LAUNCHER

The proxy runs as a user of its own, by whom iptables tells its questions from those of applications.
"""
import encodings.idna  # before the right to read it is gone
import os, re, shutil, signal, socket, subprocess, sys, tempfile, time

LAUNCHER = sys.argv[1]
DIR = tempfile.mkdtemp(prefix="dns_redirect_check.")
SERVER = "10.99.0.53"
procs = []


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=60)


def wait(what, condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timed out: " + what)
        time.sleep(0.02)


def lookup(name):
    """glibc's, in a process of another user, so that its questions are redirected and resolv.conf is read anew"""
    code = ("import socket\n"
            "try: print(socket.getaddrinfo(%r, 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])\n"
            "except socket.gaierror as e: print(next(k for k in dir(socket) if k.startswith('EAI_') and getattr(socket, k) == e.errno))")
    began = time.monotonic()
    return run(sys.executable, "-c", code % name).stdout.strip(), time.monotonic() - began


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError("%s: expected %r, got %r" % (what, wanted, got))


def main():
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", SERVER + "/32", "dev", "lo")
    resolv = os.path.join(DIR, "resolv.conf")
    with open(resolv, "w") as f:
        f.write("nameserver %s\noptions timeout:5 attempts:1\n" % SERVER)
    run("mount", "--make-rprivate", "/")
    run("mount", "--bind", resolv, "/etc/resolv.conf")
    large = ["--host-record=large.internal,192.0.2.%d" % i for i in range(1, 60)]
    names = ["--address=/%s.internal/192.0.2.1" % n for n in ("db", "slow", "nx", "wrong")]
    procs.append(subprocess.Popen(["dnsmasq", "-k", "--port=53", "--no-resolv", "--no-hosts", "--listen-address=" + SERVER, "--bind-interfaces", "--user=root",
                                   "--local-ttl=300", "--pid-file=", *names, *large], start_new_session=True, stderr=subprocess.DEVNULL))
    wait("dnsmasq", lambda: lookup("db.internal")[0] == "192.0.2.1")

    # applications of every user but root, who runs the proxy, are redirected
    for protocol in ("udp", "tcp"):
        run("iptables", "-t", "nat", "-A", "OUTPUT", "-p", protocol, "--dport", "53", "-m", "owner", "!", "--uid-owner", "0", "-j", "REDIRECT", "--to-ports", "5353")
    log, err = os.path.join(DIR, "log"), open(os.path.join(DIR, "err"), "w")
    rules = ("dns delay 1s when name = slow.internal as slow", "dns nxdomain when name = nx.internal as nx", "dns address 10.9.9.9 when name = wrong.internal as wrong")
    procs.append(subprocess.Popen([LAUNCHER, "standalone", "--dns", "--listen", "0.0.0.0:5353", "--upstream", SERVER, "--access-log", log,
                                   *[x for r in rules for x in ("--fault", r)]], stderr=err, stdout=subprocess.DEVNULL))
    wait("the proxy", lambda: "stats and rules" in open(err.name).read() or procs[-1].poll() is not None)

    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        # an application: it resolves in its own process, as another user
        os.setuid(65534)
        out = []
        for name in ("db.internal", "slow.internal", "nx.internal", "wrong.internal", "large.internal"):
            began = time.monotonic()
            try:
                seen = str(len({a[4][0] for a in socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)})) if name.startswith("large") else \
                    socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
            except socket.gaierror as e:
                seen = next(k for k in dir(socket) if k.startswith("EAI_") and getattr(socket, k) == e.errno)
            out.append("%s %s %d" % (name, seen, time.monotonic() - began >= 1))
        os.write(write, "\n".join(out).encode())
        os._exit(0)
    os.close(write)
    seen = os.fdopen(read).read().splitlines()
    os.waitpid(pid, 0)
    expect("the application", seen, ["db.internal 192.0.2.1 0", "slow.internal 192.0.2.1 1", "nx.internal EAI_NONAME 0", "wrong.internal 10.9.9.9 0", "large.internal 59 0"])
    # root's questions are not redirected
    expect("the server itself", lookup("nx.internal")[0], "192.0.2.1")
    wait("the log", lambda: "large.internal" in open(log).read())
    text = open(log).read()
    for line in (r"UDP slow.internal 1 0 1 DI .* slow", r"UDP nx.internal 1 3 0 FI .* nx", r"TCP large.internal 1 0 59 "):
        if not re.search(line, text):
            raise AssertionError("the log has no line %r:\n%s" % (line, text))
    print("every redirected question had its answer")


try:
    main()
except (AssertionError, subprocess.SubprocessError) as e:
    sys.stderr.write("%s %s\n%s\n" % (e, getattr(e, "stderr", ""), open(os.path.join(DIR, "err")).read() if os.path.exists(os.path.join(DIR, "err")) else ""))
    sys.exit(1)
finally:
    for p in procs:
        if p.poll() is None:
            os.killpg(p.pid, signal.SIGKILL) if os.getpgid(p.pid) == p.pid else p.kill()
    shutil.rmtree(DIR, ignore_errors=True)
