package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

/** Lets the service end a call in its own time, which is a second, before the call is reset. */
final class LingeringCall {
    private static final long SECONDS = 1;

    private LingeringCall() {}

    static void end(GrpcStream call, EventLoop loop) {
        call.halfClose();
        if (!call.isOver()) {
            loop.schedule(
                    () -> {
                        if (!call.isOver()) {
                            call.reset();
                        }
                    },
                    SECONDS,
                    TimeUnit.SECONDS);
        }
    }
}
