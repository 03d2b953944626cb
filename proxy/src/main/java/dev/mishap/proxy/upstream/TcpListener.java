package dev.mishap.proxy.upstream;

import io.netty.buffer.ByteBuf;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Told of what happens on a {@link TcpUpstream}; on its loop. */
public interface TcpListener {
    /** As {@link UpstreamListener#onMarks}. */
    default void onMarks(Map<String, Object> marks) {}

    /** The connection is there. */
    void onConnected();

    /**
     * No connection came about; the last call.
     *
     * @param transportFailure what the system said, as Envoy tells it, or null
     */
    void onConnectFailure(ResetReason reason, @Nullable String transportFailure);

    /** Bytes came; the listener owns them. */
    void onData(ByteBuf data);

    /** All that can be read at the moment was handed over. */
    void onReadComplete();

    /** The peer sends nothing more, but may still read. */
    void onEnd();

    void onWritable(boolean writable);

    /**
     * The connection is closed; the last call. Not called when {@link TcpUpstream#close} or {@link TcpUpstream#reset} was.
     *
     * @param reset whether the peer reset it
     */
    void onClosed(boolean reset);
}
