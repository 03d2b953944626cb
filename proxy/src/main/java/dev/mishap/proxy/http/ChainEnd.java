package dev.mishap.proxy.http;

import io.netty.buffer.ByteBuf;

/** Where a response goes that went through all filters of a chain. */
public interface ChainEnd {
    void writeHeaders(HeaderMap headers, boolean endStream);

    void writeData(ByteBuf transferred, boolean endStream);

    void writeTrailers(HeaderMap trailers);
}
