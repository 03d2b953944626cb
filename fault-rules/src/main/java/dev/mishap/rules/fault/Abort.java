package dev.mishap.rules.fault;

import org.jspecify.annotations.Nullable;

/**
 * Answers the request in place of the upstream. Exactly one of the two statuses is set, as in Envoy's {@code FaultAbort}.
 *
 * @param httpStatus 200 to 599 (the range that Envoy accepts), or 0 when {@code grpcStatus} is set
 * @param grpcStatus 0 to 16, or -1 when {@code httpStatus} is set
 * @param body the body of an HTTP abort, or the message of a gRPC one; null = {@code fault filter abort}, as Envoy answers
 */
public record Abort(
        int httpStatus, int grpcStatus, @Nullable String body) implements Fault.Terminal {
    public static final int MAX_BODY_CHARS = 65_536;

    public Abort {
        if (httpStatus == 0 ? grpcStatus < 0 : grpcStatus >= 0) {
            throw new IllegalArgumentException("exactly one of httpStatus and grpcStatus must be set");
        }
        if (httpStatus != 0 && (httpStatus < 200 || httpStatus > 599)) {
            throw new IllegalArgumentException("httpStatus must be from 200 to 599, got " + httpStatus);
        }
        if (grpcStatus > GrpcStatus.MAX) {
            throw new IllegalArgumentException(
                    "grpcStatus must be from 0 to " + GrpcStatus.MAX + ", got " + grpcStatus);
        }
        if (body != null && body.length() > MAX_BODY_CHARS) {
            throw new IllegalArgumentException(
                    "body must have at most " + MAX_BODY_CHARS + " characters, got " + body.length());
        }
    }

    public static Abort http(int status) {
        return new Abort(status, -1, null);
    }

    public static Abort http(int status, @Nullable String body) {
        return new Abort(status, -1, body);
    }

    public static Abort grpc(int status) {
        return new Abort(0, status, null);
    }

    public static Abort grpc(int status, @Nullable String message) {
        return new Abort(0, status, message);
    }

    public boolean isGrpc() {
        return grpcStatus >= 0;
    }

    @Override
    public Kind kind() {
        return Kind.ABORT;
    }
}
