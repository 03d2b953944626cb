package dev.mishap.proxy.http.h1;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a peer may send.
 *
 * @param maxHeaderBytes bytes of start line and headers together ({@code max_request_headers_kb}, default 60 KiB)
 * @param maxHeaders number of header lines ({@code max_headers_count}, default 100)
 * @param underscores what happens to a header name with an underscore
 * @param trailers whether trailers are told; if not, they are checked and dropped ({@code enable_trailers}, default false)
 * @param http10 whether HTTP/1.0 is spoken ({@code accept_http_10}, default false)
 * @param leniency what is let through beyond that
 */
public record H1Limits(
        int maxHeaderBytes,
        int maxHeaders,
        Underscores underscores,
        boolean trailers,
        boolean http10,
        Leniency leniency) {
    public static final H1Limits DEFAULT = new H1Limits(60 * 1024, 100, Underscores.ALLOW, false, false);

    /**
     * What is let through that is refused, or has another effect, by default.
     *
     * @param lengthBesideChunked whether a length beside chunks is dropped, and not refused ({@code allow_chunked_length})
     * @param customMethods whether any token is a method ({@code allow_custom_methods})
     * @param ignoredUpgrades which protocols of an Upgrade header are left out of it, or null for none
     */
    public record Leniency(
            boolean lengthBesideChunked,
            boolean customMethods,
            @Nullable Predicate<String> ignoredUpgrades) {
        public static final Leniency NONE = new Leniency(false, false, null);
    }

    /** What a server may send. */
    public static H1Limits ofResponses(
            int maxHeaderBytes, int maxHeaders, boolean trailers, boolean lengthBesideChunked) {
        return new H1Limits(
                maxHeaderBytes,
                maxHeaders,
                Underscores.ALLOW,
                trailers,
                false,
                lengthBesideChunked ? new Leniency(true, false, null) : Leniency.NONE);
    }

    public H1Limits(int maxHeaderBytes, int maxHeaders, Underscores underscores, boolean trailers, boolean http10) {
        this(maxHeaderBytes, maxHeaders, underscores, trailers, http10, Leniency.NONE);
    }

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
