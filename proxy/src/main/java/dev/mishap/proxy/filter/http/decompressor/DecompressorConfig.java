package dev.mishap.proxy.filter.http.decompressor;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.route.match.RuntimeFlag;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code Decompressor}, resolved.
 *
 * @param chunkSize bytes that are decompressed at a time, default 4,096
 * @param maxRatio how many times longer than it came a body may get, default 100
 * @param advertise whether upstreams are told that they may compress
 */
record DecompressorConfig(
        String libraryName, int chunkSize, long maxRatio, boolean advertise, Direction request, Direction response) {
    static final String FILTER = "envoy.extensions.filters.http.decompressor.v3.Decompressor";
    private static final String GZIP = "envoy.extensions.compression.gzip.decompressor.v3.Gzip";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported("decompressor_library", "request_direction_config", "response_direction_config"),
            SupportedFields.of(FILTER + ".CommonDirectionConfig").supported("enabled", "ignore_no_transform_header"),
            SupportedFields.of(FILTER + ".RequestDirectionConfig")
                    .supported("common_config", "advertise_accept_encoding"),
            SupportedFields.of(FILTER + ".ResponseDirectionConfig").supported("common_config"),
            SupportedFields.of(GZIP)
                    .supported("chunk_size", "max_inflate_ratio")
                    .accepted("window_bits", "the JDK's zlib reads streams of every window"));

    private static final int DEFAULT_CHUNK_SIZE = 4096;
    private static final long DEFAULT_MAX_RATIO = 100;

    /** What one direction does. */
    record Direction(RuntimeFlag enabled, boolean ignoresNoTransform) {
        static Direction from(@Nullable ConfigNode direction) {
            ConfigNode common = direction == null ? null : direction.message("common_config");
            RuntimeFlag enabled = common == null ? null : RuntimeFlag.from(common.message("enabled"));
            return new Direction(
                    enabled == null ? RuntimeFlag.ON : enabled,
                    common != null && common.bool("ignore_no_transform_header", false));
        }
    }

    static DecompressorConfig from(ConfigNode node) {
        ConfigNode library = node.required("decompressor_library");
        ConfigNode gzip = library.message("typed_config");
        if (gzip == null || !gzip.messageName().equals(GZIP)) {
            throw new ConfigException("Didn't find a registered implementation for '" + library.string("name")
                    + "' with type URL: '" + (gzip == null ? "" : gzip.messageName()) + "'");
        }
        ConfigNode request = node.message("request_direction_config");
        return new DecompressorConfig(
                library.string("name"),
                (int) gzip.integer("chunk_size", DEFAULT_CHUNK_SIZE),
                gzip.integer("max_inflate_ratio", DEFAULT_MAX_RATIO),
                request == null || request.bool("advertise_accept_encoding", true),
                Direction.from(request),
                Direction.from(node.message("response_direction_config")));
    }
}
