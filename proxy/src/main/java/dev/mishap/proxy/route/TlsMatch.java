package dev.mishap.proxy.route;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import org.jspecify.annotations.Nullable;

/**
 * {@code RouteMatch.tls_context}: what must hold of the client's certificate; null = it does not matter.
 *
 * @param presented whether there has to be one
 * @param validated whether it has to have passed a check, or has to have passed none
 */
record TlsMatch(@Nullable Boolean presented, @Nullable Boolean validated) {
    static final SupportedFields FIELDS = SupportedFields.of("envoy.config.route.v3.RouteMatch.TlsContextMatchOptions")
            .supported("presented", "validated");

    static @Nullable TlsMatch from(@Nullable ConfigNode node) {
        return node == null ? null : new TlsMatch(value(node, "presented"), value(node, "validated"));
    }

    private static @Nullable Boolean value(ConfigNode node, String field) {
        return node.has(field) ? Boolean.valueOf(node.bool(field, false)) : null;
    }

    boolean matches(StreamInfo info) {
        ConnectionInfo connection = info.connection;
        TlsSession tls = connection == null ? null : connection.tls;
        boolean shown = tls != null && !tls.peerCertificates().isEmpty();
        return (presented == null || presented == shown)
                && (validated == null || validated == (tls != null && tls.peerVerified()));
    }
}
