package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.SecretDelivery;
import org.jspecify.annotations.Nullable;

/**
 * {@code DownstreamTlsContext}.
 *
 * @param requireClientCertificate whether a client without a certificate is refused
 * @param tickets keys of session tickets, or null for keys of the process's own, which change by themselves
 * @param disableStatelessResumption no tickets
 * @param disableStatefulResumption no sessions by id
 * @param sessionTimeoutSeconds how long a session may be resumed; default 2 h
 * @param fullScan whether a server name that no certificate has is answered with the best certificate instead of the first
 * @param preferClientCiphers whether the client's order of cipher suites counts
 * @param ocsp {@code ocsp_staple_policy}
 */
record ServerTlsConfig(
        CommonTlsConfig common,
        boolean requireClientCertificate,
        @Nullable Secret<TicketKeys> tickets,
        boolean disableStatelessResumption,
        boolean disableStatefulResumption,
        long sessionTimeoutSeconds,
        boolean fullScan,
        boolean preferClientCiphers,
        OcspPolicy ocsp) {
    private static final long DEFAULT_TIMEOUT_SECONDS = 7200;

    static ServerTlsConfig from(
            ConfigNode node, Secrets secrets, SecretDelivery.@Nullable Owner owner, TlsEngine engine) {
        ConfigNode commonNode = node.message("common_tls_context");
        CommonTlsConfig common = CommonTlsConfig.from(commonNode, true, secrets, owner, engine);
        if (common.certificates().isEmpty()) {
            throw new ConfigException("No TLS certificates found for server context");
        }
        Secret<TicketKeys> tickets = null;
        ConfigNode keys = node.message("session_ticket_keys");
        ConfigNode named = node.message("session_ticket_keys_sds_secret_config");
        if (keys != null) {
            tickets = secrets.inline(Secrets.Kind.TICKETS, keys);
        } else if (named != null) {
            tickets = secrets.named(Secrets.Kind.TICKETS, named, TicketKeys::from, owner);
        }
        if (tickets != null && engine == TlsEngine.JDK) {
            throw node.error(
                    keys != null ? "session_ticket_keys" : "session_ticket_keys_sds_secret_config",
                    "is not supported by the TLS engine of the JDK");
        }
        long timeout = node.durationNanos("session_timeout", -1);
        return new ServerTlsConfig(
                common,
                node.bool("require_client_certificate", false),
                tickets,
                node.bool("disable_stateless_session_resumption", false),
                node.bool("disable_stateful_session_resumption", false),
                timeout < 0 ? DEFAULT_TIMEOUT_SECONDS : Math.min(timeout / 1_000_000_000L, Integer.MAX_VALUE),
                node.bool("full_scan_certs_on_sni_mismatch", false),
                node.bool("prefer_client_ciphers", false),
                OcspPolicy.valueOf(node.enumName("ocsp_staple_policy")));
    }

    boolean ready() {
        return common.ready() && (tickets == null || tickets.get() != null);
    }
}
