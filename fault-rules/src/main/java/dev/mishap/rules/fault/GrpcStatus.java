package dev.mishap.rules.fault;

import java.util.List;
import java.util.Locale;

/** The names of gRPC's status codes (grpc/grpc, doc/statuscodes.md); the index is the code. */
public final class GrpcStatus {
    public static final List<String> NAMES = List.of(
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
    public static final int MAX = 16;

    private GrpcStatus() {}

    /** The code of a name in either case, or of a number from 0 to 16; -1 when it is neither. */
    public static int parse(String text) {
        int code = NAMES.indexOf(text.toUpperCase(Locale.ROOT));
        if (code < 0 && text.length() <= 2 && !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            code = Integer.parseInt(text);
        }
        return code > MAX ? -1 : code;
    }

    public static String name(int code) {
        return NAMES.get(code);
    }
}
