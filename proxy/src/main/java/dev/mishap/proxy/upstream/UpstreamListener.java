package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who waits for a connection and then for a response. All calls are on the loop of the request. After
 * {@link #onPoolFailure}, {@link #onReset} or the end of the response nothing more is told.
 */
public interface UpstreamListener {
    /** A connection is there; the listener sends its request on {@code stream}. */
    void onReady(UpstreamStream stream);

    /**
     * There will be no connection.
     *
     * @param transportFailure what the operating system said, blanks as underscores, or null
     */
    void onPoolFailure(ResetReason reason, @Nullable String transportFailure);

    /**
     * A rule touches the connection that the request is on, or would have had; before what comes of that is told.
     *
     * @param marks what the request gets in its dynamic metadata under {@code mishap}
     */
    default void onMarks(Map<String, Object> marks) {}

    /** Whether the request goes out by HTTP/2 when the cluster speaks what the client spoke. */
    default boolean prefersHttp2() {
        return false;
    }

    /** The host that the connection is to be made for, where the cluster's TLS follows that of the request; else null. */
    default @Nullable String serverName(UpstreamHttpConfig.AutoSni how) {
        return null;
    }

    /** The client's connection that the request came by, of which a PROXY header tells; null when there is none. */
    default @Nullable ConnectionInfo downstreamConnection() {
        return null;
    }

    /** What a connection that is made for the request is told of its filter state; by key. */
    default Map<String, FilterStateValue> sharedFilterState() {
        return Map.of();
    }

    /** Where the response's headers shall be read to; asked once a request. Stays the listener's. */
    HeaderMap responseHeaders();

    /** Where the request's bytes on the wire are counted, or null. Asked once a request. */
    default @Nullable BytesMeter meter() {
        return null;
    }

    /** A 1xx response; {@code headers} are valid during the call. */
    void onInformational(HeaderMap headers);

    void onHeaders(HeaderMap headers, boolean endStream);

    void onData(ByteBuf transferred, boolean endStream);

    /** The end of a response that has trailers; they are valid until the next call on this listener's connection. */
    void onTrailers(HeaderMap trailers);

    /** The request ended before its response did. */
    void onReset(ResetReason reason);

    /** The connection can't take more of the request ({@code false}) or can again. */
    void onWritable(boolean writable);
}
