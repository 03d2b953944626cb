package dev.mishap.proxy.http.h1;

/**
 * What a peer may send.
 *
 * @param maxHeaderBytes bytes of start line and headers together ({@code max_request_headers_kb}, default 60 KiB)
 * @param maxHeaders number of header lines ({@code max_headers_count}, default 100)
 * @param underscores what happens to a header name with an underscore
 * @param trailers whether trailers are told; if not, they are checked and dropped ({@code enable_trailers}, default false)
 * @param http10 whether HTTP/1.0 is spoken ({@code accept_http_10}, default false)
 */
public record H1Limits(int maxHeaderBytes, int maxHeaders, Underscores underscores, boolean trailers, boolean http10) {
    public static final H1Limits DEFAULT = new H1Limits(60 * 1024, 100, Underscores.ALLOW, false, false);

    public H1Limits(int maxHeaderBytes, int maxHeaders, Underscores underscores, boolean trailers) {
        this(maxHeaderBytes, maxHeaders, underscores, trailers, false);
    }

    /** {@code HttpProtocolOptions.headers_with_underscores_action}. */
    public enum Underscores {
        ALLOW,
        REJECT_REQUEST,
        DROP_HEADER
    }
}
