package dev.mishap.proxy.filter.http.grpcstats;

import dev.mishap.proxy.transport.FilterStateObject;
import java.util.LinkedHashMap;
import java.util.Map;

/** The messages of a call so far: {@code grpc_stats.v3.FilterObject}, the filter state {@code envoy.filters.http.grpc_stats}. */
final class MessageCounts implements FilterStateObject {
    static final String KEY = "envoy.filters.http.grpc_stats";

    long requests;
    long responses;

    @Override
    public String plain() {
        return requests + "," + responses;
    }

    @Override
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        put(fields, "request_message_count", requests);
        put(fields, "response_message_count", responses);
        return fields;
    }

    private static void put(Map<String, Object> to, String name, long n) {
        if (n != 0) {
            to.put(name, Long.toString(n));
        }
    }
}
