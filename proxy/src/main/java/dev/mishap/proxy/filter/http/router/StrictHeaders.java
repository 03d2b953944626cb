package dev.mishap.proxy.filter.http.router;

import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.RetryOn;

/** What {@code strict_check_headers} holds a header to. */
final class StrictHeaders {
    private StrictHeaders() {}

    static boolean valid(HeaderName name, String value) {
        if (name == RouterHeaders.RETRY_ON || name == RouterHeaders.RETRY_GRPC_ON) {
            for (String part : value.split(",", -1)) {
                if (RetryOn.parse(part).isEmpty()) {
                    return false;
                }
            }
            return true;
        }
        return HeaderNumbers.parse(value) >= 0;
    }
}
