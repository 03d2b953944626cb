package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/** What a stream without a request has for a codec: it takes and tells nothing. */
final class NoCodec implements DownstreamCodec {
    @Override
    public Channel channel() {
        throw new IllegalStateException("the request has ended");
    }

    @Override
    public String protocol() {
        return "";
    }

    @Override
    public void encodeInformational(HeaderMap headers) {}

    @Override
    public void encodeContinue() {}

    @Override
    public void encodeHeaders(HeaderMap headers, boolean endStream, boolean close, boolean tunnel) {}

    @Override
    public void encodeData(ByteBuf transferred, boolean endStream) {
        transferred.release();
    }

    @Override
    public void encodeTrailers(HeaderMap trailers) {}

    @Override
    public boolean requestComplete() {
        return true;
    }

    @Override
    public boolean keepAlive() {
        return true;
    }

    @Override
    public boolean upgradeRequested() {
        return false;
    }

    @Override
    public void streamDone() {}

    @Override
    public void streamCut(boolean reset) {}

    @Override
    public void pauseReads() {}

    @Override
    public void resumeReads() {}

    @Override
    public boolean writable() {
        return true;
    }
}
