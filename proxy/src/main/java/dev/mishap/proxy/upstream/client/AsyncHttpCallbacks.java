package dev.mishap.proxy.upstream.client;

import dev.mishap.proxy.http.HeaderMap;
import io.netty.buffer.ByteBuf;

/** Who waits for the answer to a request of the proxy's own. One of the two is called, once, on the request's loop. */
public interface AsyncHttpCallbacks {
    /** A complete response; headers and body are valid during the call. */
    void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody);

    void onFailure(AsyncFailure failure);
}
