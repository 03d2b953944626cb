package dev.mishap.proxy.filter.listener.proxyprotocol;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.SocketContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}.
 *
 * @param rules which TLVs become dynamic metadata
 * @param allowWithout whether connections without a header are served as they are
 * @param passAll whether all TLVs are kept for an upstream header, else those of {@code passTypes}
 */
record ProxyProtocolConfig(
        List<Rule> rules,
        boolean allowWithout,
        boolean passAll,
        List<Integer> passTypes,
        boolean v1Disallowed,
        boolean v2Disallowed,
        Stats stats) {
    static final String TYPE = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE)
                    .supported(
                            "rules",
                            "allow_requests_without_proxy_protocol",
                            "pass_through_tlvs",
                            "disallowed_versions",
                            "stat_prefix"),
            SupportedFields.of(TYPE + ".Rule").supported("tlv_type", "on_tlv_present"),
            SupportedFields.of(TYPE + ".KeyValuePair").supported("metadata_namespace", "key"));

    /** A TLV's value is put under {@code key} of {@code namespace}. */
    record Rule(int type, String namespace, String key) {}

    /** {@code proxy_proto.[<stat_prefix>.]*}. */
    record Stats(Counter error, Counter notFoundAllowed, Counter notFoundDisallowed, Version v1, Version v2) {
        record Version(Counter found, Counter disallowed, Counter error) {
            static Version of(Scope scope) {
                return new Version(scope.counter("found"), scope.counter("disallowed"), scope.counter("error"));
            }
        }

        static Stats of(Scope root, String prefix) {
            Scope scope = root.scope("proxy_proto." + (prefix.isEmpty() ? "" : prefix + "."));
            return new Stats(
                    root.counter("downstream_cx_proxy_proto_error"),
                    scope.counter("not_found_allowed"),
                    scope.counter("not_found_disallowed"),
                    Version.of(scope.scope("versions.v1.")),
                    Version.of(scope.scope("versions.v2.")));
        }
    }

    ProxyProtocolConfig {
        rules = List.copyOf(rules);
        passTypes = List.copyOf(passTypes);
    }

    static ProxyProtocolConfig from(ConfigNode node, SocketContext context) {
        List<Rule> rules = new ArrayList<>();
        for (ConfigNode rule : node.messages("rules")) {
            ConfigNode put = rule.message("on_tlv_present");
            if (put != null) {
                String namespace = put.string("metadata_namespace");
                rules.add(new Rule(
                        (int) rule.integer("tlv_type", 0),
                        namespace.isEmpty() ? "envoy.filters.listener.proxy_protocol" : namespace,
                        put.string("key")));
            }
        }
        @Nullable ConfigNode pass = node.message("pass_through_tlvs");
        List<Long> disallowed = node.integers("disallowed_versions");
        return new ProxyProtocolConfig(
                rules,
                node.bool("allow_requests_without_proxy_protocol", false),
                pass != null && pass.enumName("match_type").equals("INCLUDE_ALL"),
                pass == null
                        ? List.of()
                        : pass.integers("tlv_type").stream().map(Long::intValue).toList(),
                disallowed.contains(0L),
                disallowed.contains(1L),
                Stats.of(context.root(), node.string("stat_prefix")));
    }

    boolean passes(int type) {
        return passAll || passTypes.contains(type);
    }
}
