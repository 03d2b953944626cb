package dev.mishap.proxy.http.h2;

import dev.mishap.proxy.http.ActiveStream;
import dev.mishap.proxy.http.BytesMeter;
import dev.mishap.proxy.http.DownstreamCodec;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.SpareStreams;
import dev.mishap.proxy.http.Upgrades;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A request on an {@link H2ServerConnection}, and the way of its response. */
final class H2ServerStream extends H2Stream implements DownstreamCodec {
    private static final byte[] HEAD = {'H', 'E', 'A', 'D'};

    private static final long RESET_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final H2ServerConnection owner;
    private final BytesMeter bytes = new BytesMeter();
    private @Nullable ActiveStream stream;
    private @Nullable HeaderMap requestTrailers;
    private @Nullable HeaderMap interim;
    private boolean head;
    /** The client asked for another protocol, by extended CONNECT. */
    private boolean upgrade;

    H2ServerStream(H2ServerConnection connection) {
        super(connection);
        this.owner = connection;
    }

    ActiveStream stream() {
        ActiveStream s = stream;
        assert s != null;
        return s;
    }

    /** The client has opened the stream. */
    void opened(SpareStreams streams) {
        ActiveStream s = streams.take(this);
        stream = s;
        s.incoming().clear();
        bytes.clear();
        count(bytes);
        owner.describe(s);
    }

    /** The request is over, and nobody of it is on the stack. */
    void release(SpareStreams streams) {
        ActiveStream s = stream();
        stream = null;
        streams.giveBack(s);
    }

    // ---- what the client says ----

    @Override
    protected HeaderMap target(boolean trailers) {
        if (!trailers) {
            return stream().incoming();
        }
        HeaderMap t = requestTrailers;
        if (t == null) {
            t = new HeaderMap();
            requestTrailers = t;
        }
        t.clear();
        return t;
    }

    @Override
    protected @Nullable String check(HeaderMap headers, boolean trailers, boolean endStream) {
        if (trailers) {
            return H2HeaderRules.trailers(headers);
        }
        String wrong = H2HeaderRules.request(headers, owner.takesConnect());
        if (wrong != null) {
            return wrong;
        }
        long length = H2HeaderRules.contentLength(headers);
        if (length == -2) {
            return H2HeaderRules.INVALID_FIELD;
        }
        expectLength(length);
        return owner.underscores(headers);
    }

    @Override
    protected void onHeaders(HeaderMap headers, boolean endStream) {
        upgrade = ExtendedConnect.requestFromClient(headers);
        int method = headers.indexOf(HeaderName.METHOD);
        head = headers.valueEquals(method, HEAD);
        stream().onHeaders("HTTP/2", head, endStream);
    }

    @Override
    protected void onData(ByteBuf transferred, boolean endStream) {
        stream().onData(transferred, endStream);
    }

    @Override
    protected void onTrailers(HeaderMap trailers) {
        stream().onTrailers(trailers);
    }

    @Override
    protected void onReset(int code, @Nullable String details) {
        owner.reset(stream());
        if (details != null) {
            boolean tooMuch = code == H2Error.INTERNAL_ERROR;
            stream()
                    .onReset(
                            tooMuch ? ResponseFlag.DOWNSTREAM_REMOTE_RESET : ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR,
                            details);
        } else if (code == H2Error.NO_ERROR) {
            stream().onReset(null, null);
        } else {
            stream().onReset(ResponseFlag.DOWNSTREAM_REMOTE_RESET, H2Connection.REMOTE_RESET);
        }
        owner.checkPrematureResets(stream());
    }

    @Override
    protected void onWritable(boolean writable) {
        stream().onWritability(writable);
    }

    @Override
    protected void onClosed() {
        owner.retire(this);
    }

    // ---- DownstreamCodec ----

    @Override
    public Channel channel() {
        return owner.channel();
    }

    @Override
    public String protocol() {
        return "HTTP/2";
    }

    @Override
    public void account(BytesMeter to) {
        to.copyFrom(bytes);
    }

    @Override
    public boolean multiplexed() {
        return true;
    }

    @Override
    public void drain() {
        owner.drainForProcess();
    }

    @Override
    public void endConnection() {
        owner.startDrain();
    }

    @Override
    public void encodeInformational(HeaderMap headers) {
        writeInformational(headers);
    }

    @Override
    public void encodeContinue() {
        HeaderMap h = interim;
        if (h == null) {
            h = new HeaderMap();
            h.add(HeaderName.STATUS, "100");
            interim = h;
        }
        writeInformational(h);
    }

    @Override
    public void encodeHeaders(HeaderMap headers, boolean endStream, boolean close, boolean tunnel) {
        writeHeaders(ExtendedConnect.responseToClient(headers), endStream);
    }

    @Override
    public void encodeData(ByteBuf transferred, boolean endStream) {
        writeData(transferred, endStream);
    }

    @Override
    public void encodeTrailers(HeaderMap trailers) {
        writeTrailers(trailers);
    }

    @Override
    public boolean requestComplete() {
        return remoteEnded();
    }

    @Override
    public boolean keepAlive() {
        return true;
    }

    @Override
    public boolean upgradeRequested() {
        return upgrade;
    }

    @Override
    public void streamDone() {
        resetAfterEnd(); // what the client still sends of its request is of no use
    }

    @Override
    public void streamCut(boolean reset) {
        reset(tunnelBroke() ? H2Error.CONNECT_ERROR : H2Error.INTERNAL_ERROR);
    }

    @Override
    public void streamReset(int code, boolean wholeConnection) {
        resetWhenSent(code, wholeConnection, id(), System.nanoTime());
    }

    /** A client whose window is closed does not hold the reset up for longer than a second. */
    private void resetWhenSent(int code, boolean wholeConnection, int number, long since) {
        if (id() != number || !isOpen()) {
            return; // the client was quicker
        }
        if (hasQueued() && System.nanoTime() - since < RESET_WAIT_NANOS) {
            owner.channel()
                    .eventLoop()
                    .schedule(() -> resetWhenSent(code, wholeConnection, number, since), 1, TimeUnit.MILLISECONDS);
        } else if (wholeConnection) {
            owner.endBy(code);
        } else {
            reset(code);
        }
    }

    /** Whether what was to be a tunnel has ended since the upstream's connection has. */
    private boolean tunnelBroke() {
        ActiveStream s = stream();
        return (upgrade || Upgrades.isConnect(s.requestHeaders()))
                && (s.info().hasFlag(ResponseFlag.UPSTREAM_CONNECTION_TERMINATION)
                        || s.info().hasFlag(ResponseFlag.UPSTREAM_CONNECTION_FAILURE));
    }

    @Override
    public boolean writable() {
        return isWritable();
    }
}
