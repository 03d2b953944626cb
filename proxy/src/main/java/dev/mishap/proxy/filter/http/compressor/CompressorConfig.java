package dev.mishap.proxy.filter.http.compressor;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.RuntimeFlag;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * {@code Compressor}, resolved.
 *
 * @param responseStats what the names of the response's stats start with
 * @param request what requests are compressed, or null for none
 */
record CompressorConfig(
        String libraryName,
        String responseStats,
        GzipConfig gzip,
        @Nullable Direction request,
        Direction response,
        boolean disableOnEtag,
        boolean removeAcceptEncoding,
        Set<Integer> uncompressibleCodes,
        boolean tellsStatus,
        boolean weakensEtag) {
    static final String FILTER = "envoy.extensions.filters.http.compressor.v3.Compressor";
    static final String PER_ROUTE = "envoy.extensions.filters.http.compressor.v3.CompressorPerRoute";
    private static final String PACKAGE = "envoy.extensions.filters.http.compressor.v3.";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported(
                            "content_length",
                            "content_type",
                            "disable_on_etag_header",
                            "remove_accept_encoding_header",
                            "runtime_enabled",
                            "compressor_library",
                            "request_direction_config",
                            "response_direction_config")
                    .accepted("choose_first", "gzip is the only coding"),
            SupportedFields.of(FILTER + ".CommonDirectionConfig")
                    .supported("enabled", "min_content_length", "content_type", "content_type_matcher"),
            SupportedFields.of(FILTER + ".RequestDirectionConfig").supported("common_config"),
            SupportedFields.of(FILTER + ".ResponseDirectionConfig")
                    .supported(
                            "common_config",
                            "disable_on_etag_header",
                            "remove_accept_encoding_header",
                            "uncompressible_response_codes",
                            "status_header_enabled",
                            "weaken_etag_on_compress"),
            SupportedFields.of(PER_ROUTE).supported("disabled", "overrides"),
            SupportedFields.of(PACKAGE + "CompressorOverrides").supported("response_direction_config"),
            SupportedFields.of(PACKAGE + "ResponseDirectionOverrides").supported("remove_accept_encoding_header"),
            GzipConfig.FIELDS);

    private static final long DEFAULT_MIN_LENGTH = 30;
    private static final List<String> DEFAULT_TYPES = List.of(
            "text/html",
            "text/plain",
            "text/css",
            "application/javascript",
            "application/x-javascript",
            "text/javascript",
            "text/x-javascript",
            "text/ecmascript",
            "text/js",
            "text/jscript",
            "text/x-js",
            "application/ecmascript",
            "application/x-json",
            "application/xml",
            "application/json",
            "image/svg+xml",
            "text/xml",
            "application/xhtml+xml",
            "application/grpc-web");

    /**
     * What one direction compresses.
     *
     * @param types in lower case
     * @param typeMatchers count instead, unless there is none
     */
    record Direction(RuntimeFlag enabled, long minLength, Set<String> types, List<StringMatcher> typeMatchers) {
        static Direction of(
                @Nullable RuntimeFlag enabled, long minLength, List<String> types, List<StringMatcher> typeMatchers) {
            return new Direction(
                    enabled == null ? RuntimeFlag.ON : enabled,
                    minLength,
                    (types.isEmpty() ? DEFAULT_TYPES : types)
                            .stream().map(t -> t.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet()),
                    typeMatchers);
        }

        static Direction from(@Nullable ConfigNode common) {
            return common == null
                    ? of(null, DEFAULT_MIN_LENGTH, List.of(), List.of())
                    : of(
                            RuntimeFlag.from(common.message("enabled")),
                            common.integer("min_content_length", DEFAULT_MIN_LENGTH),
                            common.strings("content_type"),
                            common.messages("content_type_matcher").stream()
                                    .map(StringMatcher::from)
                                    .toList());
        }
    }

    /**
     * What a route says.
     *
     * @param enabled whether responses are compressed, or null when nothing is said
     * @param removeAcceptEncoding null when nothing is said
     */
    record PerRoute(@Nullable Boolean enabled, @Nullable Boolean removeAcceptEncoding) {}

    static CompressorConfig from(ConfigNode node) {
        ConfigNode library = node.required("compressor_library");
        ConfigNode gzip = library.message("typed_config");
        if (gzip == null || !gzip.messageName().equals(GzipConfig.MESSAGE)) {
            throw new ConfigException("Didn't find a registered implementation for '" + library.string("name")
                    + "' with type URL: '" + (gzip == null ? "" : gzip.messageName()) + "'");
        }
        ConfigNode request = node.message("request_direction_config");
        ConfigNode response = node.message("response_direction_config");
        // The fields of the filter itself are those of the response from before it had a message of its own.
        ConfigNode options = response == null ? node : response;
        return new CompressorConfig(
                library.string("name"),
                response == null ? "" : "response.",
                GzipConfig.from(gzip),
                request == null ? null : Direction.from(request.message("common_config")),
                response == null
                        ? Direction.of(
                                RuntimeFlag.from(node.message("runtime_enabled")),
                                node.integer("content_length", DEFAULT_MIN_LENGTH),
                                node.strings("content_type"),
                                List.of())
                        : Direction.from(response.message("common_config")),
                options.bool("disable_on_etag_header", false),
                options.bool("remove_accept_encoding_header", false),
                response == null
                        ? Set.of()
                        : response.integers("uncompressible_response_codes").stream()
                                .map(Long::intValue)
                                .collect(Collectors.toUnmodifiableSet()),
                response != null && response.bool("status_header_enabled", false),
                response != null && response.bool("weaken_etag_on_compress", false));
    }

    static PerRoute perRoute(ConfigNode node) {
        if (node.bool("disabled", false)) {
            return new PerRoute(false, null);
        }
        ConfigNode overrides = node.message("overrides");
        ConfigNode response = overrides == null ? null : overrides.message("response_direction_config");
        if (response == null) {
            return new PerRoute(null, null);
        }
        return new PerRoute(
                true,
                response.has("remove_accept_encoding_header")
                        ? response.bool("remove_accept_encoding_header", false)
                        : null);
    }
}
