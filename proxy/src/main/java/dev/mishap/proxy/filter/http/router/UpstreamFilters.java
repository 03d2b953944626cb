package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.UpstreamHttpConfig;
import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.ChainEnd;
import dev.mishap.proxy.http.ConnectionManagerConfig.ChainFilter;
import dev.mishap.proxy.http.FilterChain;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.InvalidValues;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.upstream.ResetReason;
import dev.mishap.proxy.upstream.UpstreamListener;
import dev.mishap.proxy.upstream.UpstreamStream;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The filters between one try of a request and its connection. To the try this is the connection, to the connection it is the try.
 *
 * <p>As in Envoy a try asks for its connection first, then the request goes through the filters, and at their end it waits for the
 * connection. They see the headers of the request itself, so that what they change stays for the next try. What a filter answers is no
 * response of the upstream: the request is over with it.
 */
final class UpstreamFilters implements UpstreamStream, UpstreamListener, ChainEnd {
    private final Attempt attempt;
    private final Tries tries;
    private final AttemptStream stream;
    private final FilterChain chain;
    private final HttpFilter latch = new Latch();
    private @Nullable UpstreamStream connection;
    /** A connection was asked for, and there is no answer yet. */
    private boolean asked;

    private int pauses;

    UpstreamFilters(Attempt attempt, Tries tries, List<ChainFilter> configured) {
        this.attempt = attempt;
        this.tries = tries;
        HttpStream downstream = tries.stream();
        stream = new AttemptStream(downstream, this);
        chain = new FilterChain(stream, this, configured.size() + 2, downstream.bufferLimit());
        chain.begin();
        chain.create(configured, downstream.route());
        chain.append(latch);
        chain.append(new Codec());
    }

    /** Whether the try goes on, now that it is known whom it asks; if not, a filter has answered. */
    boolean admits() {
        asked = !chain.answersFor(attempt.endpoint.address());
        return asked;
    }

    /** The connection is there: what waits for it goes out. */
    void open() {
        chain.resumeRequest(latch);
    }

    FilterChain chain() {
        return chain;
    }

    /** A filter answers the request. */
    void answer(LocalReply reply) {
        chain.stopRequest();
        tries.cleanUp();
        tries.stream().sendLocalReply(reply);
    }

    void answer(int status, String details, LocalReply.HeaderEdit headers) {
        chain.stopRequest();
        tries.cleanUp();
        tries.stream().sendHeaders(status, details, headers);
    }

    /** The try is over. */
    void end() {
        chain.end();
    }

    // ---- the end of the request's way ----

    /** Holds the request until there is a connection. */
    private final class Latch implements HttpFilter {
        @Override
        public Flow onRequestHeaders(HttpStream of, HeaderMap headers, boolean endStream) {
            return connection == null ? Flow.PAUSE : Flow.CONTINUE;
        }
    }

    /** Gives the request to the connection, unless the response has ended before. */
    private final class Codec implements HttpFilter {
        @Override
        public Flow onRequestHeaders(HttpStream of, HeaderMap headers, boolean endStream) {
            if (connection != null && InvalidValues.check(of, headers) == Flow.CONTINUE) {
                connection.sendHeaders(headers, endStream);
            }
            return Flow.CONTINUE;
        }

        @Override
        public Flow onRequestData(HttpStream of, ByteBuf borrowed, boolean endStream) {
            if (connection != null) {
                connection.sendData(borrowed.retain(), endStream);
            }
            return Flow.CONTINUE;
        }

        @Override
        public Flow onRequestTrailers(HttpStream of, HeaderMap trailers) {
            if (connection != null) {
                connection.sendTrailers(trailers);
            }
            return Flow.CONTINUE;
        }
    }

    // ---- the try's side ----

    @Override
    public void sendHeaders(HeaderMap headers, boolean endStream) {
        chain.requestHeaders(endStream);
    }

    @Override
    public void sendData(ByteBuf transferred, boolean endStream) {
        chain.requestData(transferred, endStream);
    }

    @Override
    public void sendTrailers(HeaderMap trailers) {
        chain.requestTrailers(trailers);
    }

    @Override
    public void reset() {
        UpstreamStream c = connection;
        connection = null;
        if (c != null) {
            c.reset();
        } else if (asked) {
            asked = false;
            tries.call().pools().cancel(attempt.endpoint, tries.call().priority(), this);
        }
    }

    @Override
    public void pauseReads() {
        pauses++;
        if (connection != null) {
            connection.pauseReads();
        }
    }

    @Override
    public void resumeReads() {
        pauses--;
        if (connection != null) {
            connection.resumeReads();
        }
    }

    @Override
    public Endpoint endpoint() {
        return attempt.endpoint;
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return connection == null ? null : connection.localAddress();
    }

    @Override
    public @Nullable SocketAddress elsewhere() {
        return connection == null ? null : connection.elsewhere();
    }

    @Override
    public @Nullable TlsSession tls() {
        return connection == null ? null : connection.tls();
    }

    @Override
    public @Nullable String protocol() {
        return connection == null ? null : connection.protocol();
    }

    // ---- the connection's side ----

    @Override
    public void onReady(UpstreamStream to) {
        asked = false;
        connection = to;
        for (int i = 0; i < pauses; i++) {
            to.pauseReads();
        }
        attempt.onReady(to);
    }

    @Override
    public void onMarks(Map<String, Object> marks) {
        attempt.onMarks(marks);
    }

    @Override
    public void onPoolFailure(ResetReason reason, @Nullable String transportFailure) {
        asked = false;
        attempt.onPoolFailure(reason, transportFailure);
    }

    @Override
    public boolean prefersHttp2() {
        return attempt.prefersHttp2();
    }

    @Override
    public @Nullable String serverName(UpstreamHttpConfig.AutoSni how) {
        return attempt.serverName(how);
    }

    @Override
    public @Nullable ConnectionInfo downstreamConnection() {
        return attempt.downstreamConnection();
    }

    @Override
    public Map<String, FilterStateValue> sharedFilterState() {
        return attempt.sharedFilterState();
    }

    @Override
    public HeaderMap responseHeaders() {
        return attempt.responseHeaders();
    }

    @Override
    public BytesMeter meter() {
        return attempt.meter();
    }

    @Override
    public void onInformational(HeaderMap headers) {
        attempt.onInformational(headers);
    }

    @Override
    public void onHeaders(HeaderMap headers, boolean endStream) {
        if (endStream) {
            connection = null;
        }
        stream.response(headers);
        chain.responseHeaders(headers, endStream);
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        if (endStream) {
            connection = null;
        }
        chain.responseData(transferred, endStream);
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        connection = null;
        stream.responseTrailers(trailers);
        chain.responseTrailers(trailers);
    }

    @Override
    public void onReset(ResetReason reason) {
        connection = null;
        attempt.onReset(reason);
    }

    @Override
    public void onWritable(boolean writable) {
        attempt.onWritable(writable);
    }

    // ---- the end of the response's way ----

    @Override
    public void writeHeaders(HeaderMap headers, boolean endStream) {
        attempt.onHeaders(headers, endStream);
    }

    @Override
    public void writeData(ByteBuf transferred, boolean endStream) {
        attempt.onData(transferred, endStream);
    }

    @Override
    public void writeTrailers(HeaderMap trailers) {
        attempt.onTrailers(trailers);
    }
}
