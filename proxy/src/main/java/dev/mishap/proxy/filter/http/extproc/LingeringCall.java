package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Lets the service end a call in its own time, which is a second, before the call is reset. */
final class LingeringCall {
    private static final long SECONDS = 1;

    private LingeringCall() {}

    /** The wait, to be cancelled when the call is over; null when it is over already. */
    static @Nullable Future<?> end(GrpcStream call, EventLoop loop) {
        call.halfClose();
        return call.isOver() ? null : loop.schedule(call::reset, SECONDS, TimeUnit.SECONDS);
    }
}
