package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.http.ClientCertHeader;
import dev.mishap.proxy.http.ConnectionManagerConfig;
import dev.mishap.proxy.http.OwnAddress;
import dev.mishap.proxy.http.ProxyStatus;
import dev.mishap.proxy.http.RequestMutation;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.HeaderMutationsConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the connection manager's fields about who clients are, and who this proxy is to them and to services. */
final class IdentityConfig {
    static final String EARLY_MUTATION =
            "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation";

    private IdentityConfig() {}

    /** Sets what the fields of {@code node} say. */
    static void read(ConfigNode node, ConnectionManagerConfig config, NetworkFilterContext context) {
        if (node.bool("add_user_agent", false)) {
            config.userAgent = context.nodeCluster();
            config.nodeId = context.nodeId();
        }
        if (!node.string("server_name").isEmpty()) {
            config.serverName = node.string("server_name");
        }
        config.serverHeader =
                ConnectionManagerConfig.ServerHeader.valueOf(node.enumName("server_header_transformation"));
        config.via = node.string("via");
        config.useRemoteAddress = node.bool("use_remote_address", false);
        config.xffNumTrustedHops = (int) Math.min(node.integer("xff_num_trusted_hops", 0), 1000);
        config.skipXffAppend = node.bool("skip_xff_append", false);
        config.originalIpDetection = OriginalIpDetections.from(node);
        if (config.useRemoteAddress && !config.skipXffAppend || config.originalIpDetection != null) {
            config.localAddress = OwnAddress.ipv4();
        }
        config.earlyMutations = earlyMutations(node);
        config.appendForwardedPort = node.bool("append_x_forwarded_port", false);
        ConfigNode scheme = node.message("scheme_header_transformation");
        if (scheme != null) {
            config.scheme = scheme.has("scheme_to_overwrite") ? scheme.string("scheme_to_overwrite") : null;
            config.schemeOfUpstream = scheme.bool("match_upstream", false);
        }
        config.proxyStatus = proxyStatus(node.message("proxy_status_config"), config, context);
        ConfigNode internal = node.message("internal_address_config");
        if (internal != null) {
            config.internalAddresses = OriginalIpDetections.ranges(internal.messages("cidr_ranges"));
            config.internalUnixSockets = internal.bool("unix_sockets", false);
        }
        config.generateRequestId = node.bool("generate_request_id", true);
        config.preserveExternalRequestId = node.bool("preserve_external_request_id", false);
        config.alwaysSetRequestIdInResponse = node.bool("always_set_request_id_in_response", false);
        config.clientCert = clientCert(node);
        config.proxy100Continue = node.bool("proxy_100_continue", false);
    }

    private static ClientCertHeader clientCert(ConfigNode node) {
        Set<ClientCertHeader.Detail> details = EnumSet.noneOf(ClientCertHeader.Detail.class);
        ConfigNode set = node.message("set_current_client_cert_details");
        if (set != null) {
            for (ClientCertHeader.Detail detail : ClientCertHeader.Detail.values()) {
                if (set.bool(detail.name().toLowerCase(Locale.ROOT), false)) {
                    details.add(detail);
                }
            }
        }
        return new ClientCertHeader(
                ClientCertHeader.Mode.valueOf(node.enumName("forward_client_cert_details")),
                details,
                set != null && set.enumName("format").equals("JSON"));
    }

    private static RequestMutation @Nullable [] earlyMutations(ConfigNode node) {
        List<ConfigNode> extensions = node.messages("early_header_mutation_extensions");
        List<RequestMutation> all = new ArrayList<>();
        for (ConfigNode extension : extensions) {
            ConfigNode config = extension.message("typed_config");
            if (config == null || !config.messageName().equals(EARLY_MUTATION)) {
                throw new ConfigException(
                        "Early header mutation extension not found: '" + extension.string("name") + "'");
            }
            for (HeaderMutations m : HeaderMutationsConfig.oneByOne(config.messages("mutations"), true)) {
                all.add((headers, stream) -> m.apply(headers, stream, null));
            }
        }
        return all.isEmpty() ? null : all.toArray(new RequestMutation[0]);
    }

    private static @Nullable ProxyStatus proxyStatus(
            @Nullable ConfigNode node, ConnectionManagerConfig config, NetworkFilterContext context) {
        if (node == null) {
            return null;
        }
        String name = node.bool("use_node_id", false)
                ? context.nodeId()
                : node.has("literal_proxy_name") ? node.string("literal_proxy_name") : config.serverName;
        return new ProxyStatus(
                name,
                !node.bool("remove_details", false),
                !node.bool("remove_connection_termination_details", false),
                !node.bool("remove_response_flags", false),
                node.bool("set_recommended_response_code", false));
    }
}
