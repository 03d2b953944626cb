package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code %GRPC_STATUS%}: from the trailers, the headers, or the HTTP status; nothing for a request that is not gRPC. */
final class GrpcStatusField extends Field {
    private static final List<String> CAMEL = List.of(
            "OK",
            "Canceled",
            "Unknown",
            "InvalidArgument",
            "DeadlineExceeded",
            "NotFound",
            "AlreadyExists",
            "PermissionDenied",
            "ResourceExhausted",
            "FailedPrecondition",
            "Aborted",
            "OutOfRange",
            "Unimplemented",
            "Internal",
            "Unavailable",
            "DataLoss",
            "Unauthenticated");
    private static final List<String> SNAKE = List.of(
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED");

    /** Names by number, or null to write the number. */
    private final @Nullable List<String> names;

    private GrpcStatusField(@Nullable List<String> names) {
        this.names = names;
    }

    static Field create(Command command) {
        if (command.maxLength() >= 0) {
            throw new ConfigException(command.name() + " does not allow length to be specified.");
        }
        if (command.name().equals("GRPC_STATUS_NUMBER")) {
            return new GrpcStatusField(null);
        }
        return switch (command.parameters()) {
            case "", "CAMEL_STRING" -> new GrpcStatusField(CAMEL);
            case "SNAKE_STRING" -> new GrpcStatusField(SNAKE);
            case "NUMBER" -> new GrpcStatusField(null);
            default ->
                throw new ConfigException(
                        "GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: "
                                + command.parameters());
        };
    }

    @Override
    boolean append(LogContext context, LogBuffer out) {
        long status = status(context);
        if (status < 0) {
            return false;
        }
        if (names != null && status < names.size()) {
            out.latin1(names.get((int) status));
        } else {
            out.number(status);
        }
        return true;
    }

    @Override
    boolean appendJson(LogContext context, LogBuffer out) {
        return names == null ? append(context, out) : super.appendJson(context, out);
    }

    /** The status of a gRPC request, -1 = the request is not gRPC or has none. */
    static long status(LogContext context) {
        String type = context.request().get(HeaderName.CONTENT_TYPE);
        if (type == null || !(type.equals("application/grpc") || type.startsWith("application/grpc+"))) {
            return -1;
        }
        return anyStatus(context);
    }

    /** The status that the response's trailers, headers or HTTP status tell, -1 = none. */
    static long anyStatus(LogContext context) {
        long status = read(context.trailers());
        if (status < 0) {
            status = read(context.response());
        }
        return status < 0 ? fromHttp(context.info().responseCode) : status;
    }

    private static long read(@Nullable HeaderMap headers) {
        String text = headers == null ? null : headers.get(HeaderName.GRPC_STATUS);
        if (text == null || text.isEmpty() || text.length() > 9) {
            return -1;
        }
        long n = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            n = n * 10 + digit;
        }
        return n;
    }

    private static long fromHttp(int status) {
        return switch (status) {
            case 0 -> -1;
            case 400 -> 13;
            case 401 -> 16;
            case 403 -> 7;
            case 404 -> 12;
            case 429, 502, 503, 504 -> 14;
            default -> 2;
        };
    }
}
