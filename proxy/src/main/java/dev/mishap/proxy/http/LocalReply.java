package dev.mishap.proxy.http;

import org.jspecify.annotations.Nullable;

/**
 * An answer that the proxy makes itself. The stream maps it by {@code local_reply_config}, turns it into a trailers-only gRPC
 * answer for a gRPC request, and sends it through the filters of the response.
 *
 * @param status HTTP status, 200..599
 * @param body text of the body, {@code ""} for none (sent as text/plain)
 * @param details what %RESPONSE_CODE_DETAILS% tells, for example {@code fault_filter_abort}
 * @param grpcStatus the gRPC status to answer a gRPC request with, or -1 to derive it from {@code status}
 * @param headers sets further headers of the answer before it goes through the filters, or null
 */
public record LocalReply(
        int status,
        String body,
        String details,
        int grpcStatus,
        @Nullable HeaderEdit headers) {
    /** Edits the headers of a reply. */
    @FunctionalInterface
    public interface HeaderEdit {
        void apply(HeaderMap headers);
    }

    public static LocalReply of(int status, String body, String details) {
        return new LocalReply(status, body, details, -1, null);
    }
}
