package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import org.jspecify.annotations.Nullable;

/** Whether a response that was sent to its end is a success: no 5xx, and for a gRPC request the status OK. */
final class Outcome {
    private Outcome() {}

    static boolean isSuccess(HttpStream stream) {
        HeaderMap headers = stream.responseHeaders();
        if (headers == null) {
            return false;
        }
        String status = headers.get(HeaderName.STATUS);
        if (status == null || status.startsWith("5")) {
            return false;
        }
        if (!stream.isGrpcRequest()) {
            return true;
        }
        String grpc = value(stream.responseTrailers());
        return "0".equals(grpc == null ? value(headers) : grpc);
    }

    private static @Nullable String value(@Nullable HeaderMap headers) {
        return headers == null ? null : headers.get(HeaderName.GRPC_STATUS);
    }
}
