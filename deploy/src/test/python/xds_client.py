"""A gRPC client without a proxy, of a control plane.

GRPC_XDS_BOOTSTRAP names its bootstrap. Serves an echo on PORT itself, and calls xds:///NAME all the time, by turns with and without the
metadata x-tier: canary. One line a call: `canary` or `plain`, and the status.
Usage: xds_client.py PORT NAME
"""

import sys
import time
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request)


def main():
    port, name = sys.argv[1:]
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Echo()])
    server.add_insecure_port("127.0.0.1:" + port)
    server.start()
    call = grpc.insecure_channel("xds:///" + name).unary_unary("/echo/Echo")
    for n in range(1_000_000):
        canary = n % 2 == 0
        try:
            call(b"x", timeout=5, metadata=(("x-tier", "canary"),) if canary else ())
            status = "OK"
        except grpc.RpcError as e:
            status = e.code().name
        print("canary" if canary else "plain", status, flush=True)
        time.sleep(0.02)


main()
