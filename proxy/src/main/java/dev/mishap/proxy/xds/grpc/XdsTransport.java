package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.proto.ProtoWriter;
import org.jspecify.annotations.Nullable;

/** Opens streams to a management server. On the main loop. */
public interface XdsTransport {
    /** What comes of a stream; told later than {@link XdsTransport#open} returns, or before when it fails at once. */
    interface Listener {
        /** A message, encoded. */
        void onMessage(byte[] message);

        /** The stream is over or never was. */
        void onClose(int code, String message);
    }

    /** A stream that is open. */
    interface Stream {
        void send(ProtoWriter message);

        /** Ends the stream; nothing more is told. */
        void reset();
    }

    /** Opens a stream; null when it failed at once, which the listener was told. */
    @Nullable
    Stream open(String method, Listener listener);

    /** Up to how long is waited before a stream that has ended is opened again, in nanoseconds; each time twice as long. */
    default long backOffBaseNanos() {
        return 500_000_000L;
    }

    /** What that grows to. */
    default long backOffMaxNanos() {
        return 30_000_000_000L;
    }

    /** The name of the server's cluster, for the log. */
    String name();
}
