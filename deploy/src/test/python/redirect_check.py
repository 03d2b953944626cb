#!/usr/bin/env python3
"""Connections that iptables redirects to a proxy, which passes them on to where they were going: `redirect_check.py PROXY...` in a network
namespace of its own, as root. Ends with 0 when each client reached the server that it asked for; says which did not."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROXY_PORT = 15001
SERVERS = [("10.99.0.1", 7001), ("10.99.0.2", 7001), ("10.99.0.2", 7002), ("fd99::1", 7001)]
NOBODY = 65534
CONFIGURATION = """
static_resources:
  listeners:
  - name: outbound
    address: {socket_address: {address: "%s", port_value: %d, ipv4_compat: %s}}
    listener_filters:
    - name: envoy.filters.listener.original_dst
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst}
    filter_chains:
    - filter_chain_match: {destination_port: 7002}
      filters:
      - name: tcp
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config, response: {inline_string: "no 7002"}}
    - filters:
      - name: tcp
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: original}
  clusters:
  - {name: original, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, connect_timeout: 5s}
"""


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def serve(address, port):
    server = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)

    def accept():
        while True:
            peer, _ = server.accept()
            peer.sendall(("%s %d" % (address, port)).encode())
            peer.close()
    threading.Thread(target=accept, daemon=True).start()


def call(address, port):
    """what a client is told whose connections are redirected: one of another user"""
    os.seteuid(NOBODY)
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    os.seteuid(0)
    s.settimeout(15)
    got = b""
    try:
        with s:
            s.connect((address, port))
            while True:
                d = s.recv(99)
                if not d:
                    return got.decode()
                got += d
    except OSError as e:
        return "%s after %r" % (e, got)


def main(proxy):
    run("ip", "link", "set", "lo", "up")
    families = {"iptables": [s for s in SERVERS if ":" not in s[0]], "ip6tables": [s for s in SERVERS if ":" in s[0]]}
    try:
        run("ip", "addr", "add", "fd99::1/128", "dev", "lo", "nodad")
        run("ip6tables", "-t", "nat", "-L")
        address, compat = "::", "true"
    except (OSError, subprocess.CalledProcessError):
        print("IPv4 only")
        families["ip6tables"] = []
        address, compat = "0.0.0.0", "false"
    for a in sorted({s[0] for s in families["iptables"]}):
        run("ip", "addr", "add", a + "/32", "dev", "lo")
    for tables, servers in families.items():
        if servers:
            run(tables, "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "-m", "owner", "--uid-owner", str(NOBODY),
                "-j", "REDIRECT", "--to-ports", str(PROXY_PORT))
        for a, port in servers:
            serve(a, port)
    directory = tempfile.mkdtemp(prefix="redirect")
    name = os.path.join(directory, "proxy.yaml")
    with open(name, "w") as f:
        f.write(CONFIGURATION % (address, PROXY_PORT, compat))
    log = open(os.path.join(directory, "log"), "w+")
    process = subprocess.Popen(proxy + ["-c", name, "--disable-hot-restart", "--concurrency", "1"], stdout=log, stderr=log)
    wrong = []
    try:
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", PROXY_PORT)).close()
                break
            except ConnectionRefusedError:
                if time.monotonic() > end or process.poll() is not None:
                    raise
                time.sleep(0.05)
        for a, port in families["iptables"] + families["ip6tables"]:
            got, want = call(a, port), "no 7002" if port == 7002 else "%s %d" % (a, port)
            if got != want:
                wrong.append("%s %d: %r, wanted %r" % (a, port, got, want))
    finally:
        process.terminate()
        process.wait()
        if wrong:
            log.seek(0)
            print(log.read()[-3000:])
        shutil.rmtree(directory)
    print("\n".join(wrong) or "every connection went where it was going")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
