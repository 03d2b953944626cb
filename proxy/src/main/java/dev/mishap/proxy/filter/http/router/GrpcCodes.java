package dev.mishap.proxy.filter.http.router;

/** gRPC statuses as HTTP ones, for stats. */
final class GrpcCodes {
    private GrpcCodes() {}

    /** The HTTP status that a gRPC status counts as; an unknown or missing one is 500. */
    static int toHttp(long grpcStatus) {
        return switch ((int) grpcStatus) {
            case 0 -> 200;
            case 1 -> 499;
            case 3, 9, 11 -> 400;
            case 4 -> 504;
            case 5 -> 404;
            case 6, 10 -> 409;
            case 7 -> 403;
            case 8 -> 429;
            case 12 -> 501;
            case 14 -> 503;
            case 16 -> 401;
            default -> 500;
        };
    }
}
