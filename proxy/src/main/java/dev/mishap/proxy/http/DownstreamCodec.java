package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/** A stream's way to its client; implemented by each codec. Calls come on the connection's event loop. */
public interface DownstreamCodec {
    /** The codec of a stream that has no request. */
    DownstreamCodec NONE = new NoCodec();

    Channel channel();

    /** {@code HTTP/1.1} or {@code HTTP/2}: what a request is in logs before its head was read. */
    String protocol();

    /** Whether the connection carries other requests beside this one, and so does not end with it. */
    default boolean multiplexed() {
        return false;
    }

    /** Announces the end of a multiplexed connection: the requests on it go on, new ones go elsewhere. */
    default void drain() {}

    /** Announces the end of a multiplexed connection whose client asked for what it must not have. */
    default void endConnection() {}

    void encodeInformational(HeaderMap headers);

    /** Answers {@code expect: 100-continue}. */
    void encodeContinue();

    /**
     * @param close whether to announce that the connection ends after this response
     * @param tunnel whether the response opens a tunnel: its body is another protocol's bytes
     */
    void encodeHeaders(HeaderMap headers, boolean endStream, boolean close, boolean tunnel);

    void encodeData(ByteBuf transferred, boolean endStream);

    void encodeTrailers(HeaderMap trailers);

    /** Whether the request was read to its end. */
    boolean requestComplete();

    /** Whether the client allows another request on the connection, if that means anything to the protocol. */
    boolean keepAlive();

    /** Whether the client asked for another protocol on the connection. */
    boolean upgradeRequested();

    /** The stream is over after a complete response; the codec may take the next request. */
    void streamDone();

    /**
     * The stream is over without a complete response: cuts it.
     *
     * @param reset whether by TCP RST where the connection carries just this stream
     */
    void streamCut(boolean reset);

    /**
     * The stream is over in the middle of its response, or before it: what was written is delivered, then it is cut, by a TCP RST where
     * the connection carries just this stream.
     *
     * @param code HTTP/2's error code
     * @param wholeConnection whether a multiplexed connection ends with the stream, by GOAWAY
     */
    default void streamReset(int code, boolean wholeConnection) {
        streamCut(true);
    }

    /** Stops reading; counted. */
    void pauseReads();

    void resumeReads();

    /** Brings the bytes of the stream under way up to date; it is about to be logged. */
    default void account(BytesMeter bytes) {}

    /** Whether the connection takes more of the response at the moment. */
    boolean writable();
}
