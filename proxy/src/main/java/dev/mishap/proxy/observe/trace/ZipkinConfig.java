package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/**
 * {@code envoy.config.trace.v3.ZipkinConfig}.
 *
 * @param hostname {@code :authority} of reports
 * @param sharedSpans a span that came with a request is continued under its own id, instead of as a parent
 */
record ZipkinConfig(String cluster, String endpoint, String hostname, boolean longTraceIds, boolean sharedSpans) {
    static final String MESSAGE = "envoy.config.trace.v3.ZipkinConfig";

    static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(MESSAGE)
            .supported(
                    "collector_cluster",
                    "collector_endpoint",
                    "collector_endpoint_version",
                    "collector_hostname",
                    "trace_id_128bit",
                    "shared_span_context"));

    static Tracer tracer(ConfigNode node, TracingConfig.Environment environment) {
        String cluster = node.string("collector_cluster");
        if (cluster.isEmpty() || node.string("collector_endpoint").isEmpty()) {
            throw node.error(
                    "", "collector_cluster and collector_endpoint must be specified when not using collector_service");
        }
        if (environment.clusters().get(cluster) == null) {
            throw new ConfigException("unknown cluster '" + cluster + "'");
        }
        String version = node.enumName("collector_endpoint_version");
        if (!version.equals("HTTP_JSON")) {
            throw node.error("collector_endpoint_version", version + " is not supported");
        }
        String hostname = node.string("collector_hostname");
        ZipkinConfig config = new ZipkinConfig(
                cluster,
                node.string("collector_endpoint"),
                hostname.isEmpty() ? cluster : hostname,
                node.bool("trace_id_128bit", false),
                node.bool("shared_span_context", true));
        return new ZipkinTracer(config, environment);
    }
}
