#!/usr/bin/env python3
"""gRPC of the reference implementation on both sides of a proxy: `grpc_check.py SERVER_PORT PROXY_PORT` serves on the one and calls
through the other. Ends with 0 when every call went as it should; says which did not."""
import concurrent.futures
import sys
import time

import grpc


def unary(request, context):
    for key, value in context.invocation_metadata():
        if key == "x-status":
            context.set_trailing_metadata((("x-why", "asked"),))
            context.abort(grpc.StatusCode[value], "as asked, with a % and an \u00e9")
        if key == "x-wait":
            time.sleep(float(value))
    context.send_initial_metadata((("x-initial", "1"),))
    context.set_trailing_metadata((("x-trailing-bin", b"\0\1\2"),))
    return request


def stream_out(request, context):
    for i in range(int(request)):
        yield b"%d" % i


def stream_in(requests, context):
    return b"%d" % sum(len(r) for r in requests)


def stream_both(requests, context):
    for r in requests:
        yield r + r


class Handlers(grpc.GenericRpcHandler):
    METHODS = {
        "/t.T/Unary": grpc.unary_unary_rpc_method_handler(unary),
        "/t.T/Out": grpc.unary_stream_rpc_method_handler(stream_out),
        "/t.T/In": grpc.stream_unary_rpc_method_handler(stream_in),
        "/t.T/Both": grpc.stream_stream_rpc_method_handler(stream_both),
    }

    def service(self, details):
        return self.METHODS.get(details.method)


def check(name, got, wanted):
    if got != wanted:
        raise AssertionError("%s: %r, wanted %r" % (name, got, wanted))


def fails(name, code, call):
    try:
        call()
    except grpc.RpcError as e:
        check(name, e.code(), code)
        return e
    raise AssertionError("%s: did not fail" % name)


def main():
    size = 64 << 20
    options = [("grpc.max_receive_message_length", size), ("grpc.max_send_message_length", size)]
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(32), options=options)
    server.add_generic_rpc_handlers((Handlers(),))
    server.add_insecure_port("127.0.0.1:" + sys.argv[1])
    server.start()
    channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[2], options=options)
    call = channel.unary_unary("/t.T/Unary")

    reply, info = call.with_call(b"hello", timeout=20, wait_for_ready=True)
    check("unary", reply, b"hello")
    check("initial metadata", dict(info.initial_metadata()).get("x-initial"), "1")
    check("trailing metadata", dict(info.trailing_metadata()).get("x-trailing-bin"), b"\0\1\2")
    check("empty", call(b"", timeout=20), b"")
    big = bytes(range(256)) * 40_000
    check("10 MB both ways", call(big, timeout=20), big)
    many = [call.future(b"%d" % i, timeout=20) for i in range(500)]
    check("500 at once", [f.result() for f in many], [b"%d" % i for i in range(500)])
    check("server stream", list(channel.unary_stream("/t.T/Out")(b"1000", timeout=20)), [b"%d" % i for i in range(1000)])
    check("client stream", channel.stream_unary("/t.T/In")(iter([b"x" * 1000] * 1000), timeout=20), b"1000000")
    check("both streams", list(channel.stream_stream("/t.T/Both")(iter([b"a", b"b"] * 100), timeout=20)), [b"aa", b"bb"] * 100)
    e = fails("status", grpc.StatusCode.FAILED_PRECONDITION, lambda: call(b"x", metadata=(("x-status", "FAILED_PRECONDITION"),), timeout=20))
    check("message", e.details(), "as asked, with a % and an \u00e9")
    check("trailers of a failure", dict(e.trailing_metadata()).get("x-why"), "asked")
    fails("deadline", grpc.StatusCode.DEADLINE_EXCEEDED, lambda: call(b"x", metadata=(("x-wait", "2"),), timeout=0.2))
    fails("no method", grpc.StatusCode.UNIMPLEMENTED, lambda: channel.unary_unary("/t.T/None")(b"", timeout=20))
    cancelled = call.future(b"x", metadata=(("x-wait", "1"),), timeout=20)
    cancelled.cancel()
    check("cancelled", cancelled.cancelled(), True)
    fault = (("x-envoy-fault-abort-grpc-request", "8"),)
    e = fails("fault", grpc.StatusCode.RESOURCE_EXHAUSTED, lambda: call(b"x", metadata=fault, timeout=20))
    check("fault's message", e.details(), "fault filter abort")
    fails("http fault", grpc.StatusCode.UNAVAILABLE, lambda: call(b"x", metadata=(("x-envoy-fault-abort-request", "503"),), timeout=20))
    check("after all that", call(b"still", timeout=20), b"still")
    channel.close()
    server.stop(0)
    print("all calls went well")


if __name__ == "__main__":
    main()
