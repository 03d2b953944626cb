package dev.mishap.proxy.config.schema;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Extensions of Envoy that people use and that are not here: why, or what there is instead. */
public final class AbsentExtensions {
    private static final String NO_CEL = "there is no evaluator of CEL expressions";
    private static final String NO_WASM = "there is no WebAssembly engine";
    private static final String GZIP_ONLY = "gzip is the only coding; the JDK has no other";
    private static final String SINKS =
            "statsd, dog_statsd, graphite_statsd, metrics_service and open_telemetry are the sinks that there are";

    /** By what the names of their messages begin with. */
    private static final Map<String, String> REASONS = reasons();

    private AbsentExtensions() {}

    private static Map<String, String> reasons() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("envoy.extensions.filters.http.lua.", "there is no Lua engine");
        all.put("envoy.extensions.filters.http.wasm.", NO_WASM);
        all.put("envoy.extensions.filters.network.wasm.", NO_WASM);
        all.put("envoy.extensions.wasm.", NO_WASM);
        all.put("envoy.extensions.access_loggers.wasm.", NO_WASM);
        all.put("envoy.extensions.access_loggers.filters.cel.", NO_CEL);
        all.put("envoy.extensions.formatter.cel.", NO_CEL);
        all.put("envoy.extensions.matching.input_matchers.cel_matcher.", NO_CEL);
        all.put("envoy.extensions.rate_limit_descriptors.expr.", NO_CEL);
        all.put("envoy.extensions.compression.brotli.", GZIP_ONLY);
        all.put("envoy.extensions.compression.zstd.", GZIP_ONLY);
        all.put("envoy.config.metrics.v3.HystrixSink", SINKS);
        return Map.copyOf(all);
    }

    /** Why the extension configured by the message {@code type} is not there, or null when nobody says. */
    static @Nullable String why(String type) {
        for (Map.Entry<String, String> e : REASONS.entrySet()) {
            if (type.startsWith(e.getKey())) {
                return e.getValue();
            }
        }
        return null;
    }

    /** All of them, by what the names of their messages begin with. */
    public static Map<String, String> all() {
        return REASONS;
    }
}
