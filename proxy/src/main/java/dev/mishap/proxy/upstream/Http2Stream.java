package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.h2.ExtendedConnect;
import dev.mishap.proxy.http.h2.H2Error;
import dev.mishap.proxy.http.h2.H2HeaderRules;
import dev.mishap.proxy.http.h2.H2Stream;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** One request on an {@link Http2Connection}. */
final class Http2Stream extends H2Stream implements UpstreamStream {
    private static final byte[] NO_CONTENT = {'2', '0', '4'};
    private static final byte[] SWITCHING_PROTOCOLS = {'1', '0', '1'};
    private static final byte[] NOT_MODIFIED = {'3', '0', '4'};

    private final Http2Connection owner;
    private @Nullable UpstreamListener listener;
    private @Nullable HeaderMap response;
    private @Nullable HeaderMap trailers;
    private boolean started;
    private boolean head;
    /** The protocol that the request asks for, if it does. */
    private @Nullable String upgrade;

    /** Whether the connection was made for this request. */
    private boolean first;

    private boolean tcpTunnel;
    private boolean responseEnded;

    Http2Stream(Http2Connection owner) {
        super(owner);
        this.owner = owner;
    }

    void attach(UpstreamListener to, boolean firstOfConnection) {
        assert listener == null;
        first = firstOfConnection;
        listener = to;
        UpstreamLink.tell(owner.channel(), to);
        count(to.meter());
        response = null;
        started = false;
        tcpTunnel = false;
        responseEnded = false;
    }

    /** Lets go of the listener before it is told the end, so that nothing it does then touches the next request. */
    private @Nullable UpstreamListener detach() {
        UpstreamListener l = listener;
        if (l != null) {
            listener = null;
            owner.pool().ended();
        }
        return l;
    }

    // ---- the request's side ----

    @Override
    public Endpoint endpoint() {
        return owner.pool().endpoint();
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return Connector.localAddress(owner.channel());
    }

    @Override
    public @Nullable SocketAddress elsewhere() {
        return Connector.elsewhere(owner.channel(), endpoint());
    }

    @Override
    public @Nullable TlsSession tls() {
        return owner.channel().attr(UpstreamTransport.SESSION).get();
    }

    @Override
    public String protocol() {
        return "HTTP/2";
    }

    @Override
    public long connectionId() {
        return owner.id;
    }

    @Override
    public long connectStartNanos() {
        return first ? owner.life.createdNanos() : 0;
    }

    @Override
    public long connectEndNanos() {
        return first ? owner.life.openedNanos() : 0;
    }

    @Override
    public void carriesTcp() {
        tcpTunnel = true;
    }

    @Override
    public void sendHeaders(HeaderMap headers, boolean endStream) {
        if (listener == null || owner.isClosed()) {
            return;
        }
        head = RequestHead.isHead(headers);
        started = true;
        owner.start(this);
        upgrade = ExtendedConnect.type(headers);
        writeHeaders(ExtendedConnect.requestToUpstream(headers), endStream);
    }

    @Override
    public void sendData(ByteBuf transferred, boolean endStream) {
        writeData(transferred, endStream);
        if (endStream && responseEnded) {
            detach();
        }
    }

    @Override
    public void sendTrailers(HeaderMap trailers) {
        writeTrailers(trailers);
    }

    @Override
    public void reset() {
        if (listener == null) {
            return;
        }
        owner.pool().stats().rqTxReset.inc();
        detach();
        if (started) {
            reset(H2Error.INTERNAL_ERROR); // not CANCEL: this is what Envoy says, whatever the reason
        } else {
            owner.retire(this);
        }
    }

    // ---- the connection's side ----

    /** The connection is gone, or will not answer this request. */
    void lost(ResetReason reason) {
        UpstreamListener l = detach();
        if (l != null) {
            switch (reason) {
                case CONNECTION_TERMINATION ->
                    owner.pool().stats().rqPendingFailureEject.inc();
                case PROTOCOL_ERROR -> owner.pool().stats().rqTxReset.inc();
                default -> {}
            }
            l.onReset(reason);
        }
    }

    @Override
    protected HeaderMap target(boolean ofTrailers) {
        if (ofTrailers) {
            HeaderMap t = trailers;
            if (t == null) {
                t = new HeaderMap();
                trailers = t;
            }
            t.clear();
            return t;
        }
        HeaderMap r = response;
        if (r == null) {
            UpstreamListener l = listener;
            r = l == null ? new HeaderMap() : l.responseHeaders();
            response = r;
        }
        r.clear();
        return r;
    }

    @Override
    protected @Nullable String check(HeaderMap headers, boolean ofTrailers, boolean endStream) {
        if (ofTrailers) {
            return H2HeaderRules.trailers(headers);
        }
        String wrong = H2HeaderRules.response(headers);
        if (wrong != null) {
            return wrong;
        }
        if (isInformational(headers)) {
            boolean switches = headers.valueEquals(headers.indexOf(HeaderName.STATUS), SWITCHING_PROTOCOLS);
            return endStream || switches ? H2HeaderRules.MESSAGING : null;
        }
        long length = H2HeaderRules.contentLength(headers);
        if (length == -2) {
            return H2HeaderRules.INVALID_FIELD;
        }
        int status = headers.indexOf(HeaderName.STATUS);
        boolean bodyless = head || headers.valueEquals(status, NO_CONTENT) || headers.valueEquals(status, NOT_MODIFIED);
        expectLength(bodyless ? 0 : length);
        return null;
    }

    @Override
    protected boolean isInformational(HeaderMap headers) {
        return headers.valueByte(headers.indexOf(HeaderName.STATUS), 0) == '1';
    }

    @Override
    protected void onInformational(HeaderMap headers) {
        UpstreamListener l = listener;
        if (l != null) {
            l.onInformational(headers);
        }
    }

    @Override
    protected void onHeaders(HeaderMap headers, boolean endStream) {
        String type = upgrade;
        if (type != null) {
            ExtendedConnect.responseFromUpstream(headers, type);
        }
        UpstreamListener l = endStream ? answered() : listener;
        if (l != null) {
            l.onHeaders(headers, endStream);
        }
    }

    @Override
    protected void onData(ByteBuf transferred, boolean endStream) {
        UpstreamListener l = endStream ? answered() : listener;
        if (l != null) {
            l.onData(transferred, endStream);
        } else {
            transferred.release();
        }
    }

    @Override
    protected void onTrailers(HeaderMap received) {
        UpstreamListener l = answered();
        if (l != null) {
            l.onTrailers(received);
        }
    }

    /** The response is complete; what is left of the request goes nowhere, unless it is a direction of its own. */
    private @Nullable UpstreamListener answered() {
        if (tcpTunnel && !localEnded()) {
            responseEnded = true;
            return listener;
        }
        UpstreamListener l = detach();
        if (!localEnded()) {
            owner.pool().stats().rqTxReset.inc();
            reset(H2Error.INTERNAL_ERROR);
        }
        return l;
    }

    @Override
    protected void onReset(int code, @Nullable String details) {
        UpstreamListener l = detach();
        if (l == null) {
            return;
        }
        if (details != null && !H2HeaderRules.isTooMuch(details)) {
            owner.pool().stats().rqTxReset.inc();
            l.onReset(ResetReason.PROTOCOL_ERROR);
        } else if (code == H2Error.REFUSED_STREAM) {
            l.onReset(ResetReason.REMOTE_REFUSED_STREAM_RESET);
        } else {
            owner.pool().stats().rqRxReset.inc();
            l.onReset(ResetReason.REMOTE_RESET);
        }
    }

    @Override
    protected void onWritable(boolean writable) {
        UpstreamListener l = listener;
        if (l != null) {
            l.onWritable(writable);
        }
    }

    @Override
    protected void onClosed() {
        owner.retire(this);
    }
}
