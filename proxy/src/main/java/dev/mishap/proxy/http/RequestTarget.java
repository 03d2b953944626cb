package dev.mishap.proxy.http;

/** What a filter has made of a request's target. */
public final class RequestTarget {
    private RequestTarget() {}

    /**
     * To be asked by a filter that has put {@link QueryParameters} together again: what was decoded may be bytes that no request line can hold,
     * or that would end it. Such a request is answered as Envoy's router answers it.
     */
    public static Flow check(HttpStream stream, HeaderMap headers) {
        int path = headers.indexOf(HeaderName.PATH);
        for (int i = 0, n = path < 0 ? 0 : headers.valueLength(path); i < n; i++) {
            byte b = headers.valueByte(path, i);
            if (b >= 0 && b < ' ' || b == 0x7f) {
                stream.info().addFlag(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR);
                stream.sendLocalReply(LocalReply.of(
                        503,
                        "invalid header value for: :path",
                        "filter_removed_required_request_headers{invalid_header_value_for:_:path}"));
                return Flow.PAUSE;
            }
        }
        return Flow.CONTINUE;
    }
}
