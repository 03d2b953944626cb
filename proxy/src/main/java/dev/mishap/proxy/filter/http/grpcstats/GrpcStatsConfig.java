package dev.mishap.proxy.filter.http.grpcstats;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.WireText;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code grpc_stats.v3.FilterConfig}, resolved.
 *
 * @param allMethods whether every method has stats of its own
 * @param methods those that have, as {@code service/method}; the others share those of their cluster
 * @param upstreamTime whether the time that upstreams take is recorded
 * @param emitFilterState whether the messages of a call are left for access logs
 * @param replaceDots whether dots in the names of services become underscores
 */
record GrpcStatsConfig(
        boolean allMethods, Set<String> methods, boolean upstreamTime, boolean replaceDots, boolean emitFilterState) {
    static final String FILTER = "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(FILTER)
                    .supported(
                            "individual_method_stats_allowlist",
                            "stats_for_all_methods",
                            "enable_upstream_stats",
                            "emit_filter_state",
                            "replace_dots_in_grpc_service_name"),
            SupportedFields.of("envoy.config.core.v3.GrpcMethodList").supported("services"),
            SupportedFields.of("envoy.config.core.v3.GrpcMethodList.Service").supported("name", "method_names"));

    static GrpcStatsConfig from(ConfigNode node) {
        Set<String> methods = new HashSet<>();
        ConfigNode list = node.message("individual_method_stats_allowlist");
        if (list != null) {
            for (ConfigNode service : list.messages("services")) {
                for (String method : service.strings("method_names")) {
                    methods.add(WireText.encode(service.string("name") + "/" + method));
                }
            }
        }
        return new GrpcStatsConfig(
                node.bool("stats_for_all_methods", false),
                Set.copyOf(methods),
                node.bool("enable_upstream_stats", false),
                node.bool("replace_dots_in_grpc_service_name", false),
                node.bool("emit_filter_state", false));
    }
}
