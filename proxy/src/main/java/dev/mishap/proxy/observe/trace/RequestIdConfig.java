package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/**
 * What a connection manager's {@code request_id_extension} says; the only one there is makes UUIDs.
 *
 * @param packTraceReason whether the decision to trace is read from the request's id and written into it; default true
 * @param sampleById whether that decision is drawn by the id; default true. If not, every request counts as sampled, whatever
 *     the shares of the tracing configuration: the tracer alone decides, by what the client sent it
 */
public record RequestIdConfig(boolean packTraceReason, boolean sampleById) {
    private static final String UUID = "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig";

    static final RequestIdConfig DEFAULT = new RequestIdConfig(true, true);

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension")
                    .supported("typed_config"),
            SupportedFields.of(UUID).supported("pack_trace_reason", "use_request_id_for_trace_sampling"));

    /** Reads {@code HttpConnectionManager.request_id_extension}. */
    public static RequestIdConfig from(ConfigNode connectionManager) {
        ConfigNode extension = connectionManager.message("request_id_extension");
        ConfigNode config = extension == null ? null : extension.message("typed_config");
        if (config == null) {
            return DEFAULT;
        }
        if (!config.messageName().equals(UUID)) {
            throw new ConfigException(
                    "Didn't find a registered implementation for type: '" + config.messageName() + "'");
        }
        return new RequestIdConfig(
                config.bool("pack_trace_reason", true), config.bool("use_request_id_for_trace_sampling", true));
    }
}
