package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.SecretDelivery;
import org.jspecify.annotations.Nullable;

/**
 * {@code UpstreamTlsContext}.
 *
 * @param sni the server name to ask for, {@code ""} = none
 * @param autoHostSni whether the endpoint's hostname is asked for, where it has one
 * @param autoSniSanValidation whether the server's certificate must be for the name that was asked for
 * @param maxSessionKeys sessions that are kept to be resumed; default 1, 0 = none
 * @param enforceRsaKeyUsage whether a server's RSA certificate must allow signatures
 */
record ClientTlsConfig(
        CommonTlsConfig common,
        String sni,
        boolean autoHostSni,
        boolean autoSniSanValidation,
        int maxSessionKeys,
        boolean enforceRsaKeyUsage) {
    static ClientTlsConfig from(
            ConfigNode node, Secrets secrets, SecretDelivery.@Nullable Owner owner, TlsEngine engine) {
        String sni = node.string("sni");
        if (sni.indexOf('\0') >= 0) {
            throw new ConfigException("SNI names containing NULL-byte are not allowed");
        }
        CommonTlsConfig common =
                CommonTlsConfig.from(node.message("common_tls_context"), false, secrets, owner, engine);
        boolean autoSan = node.bool("auto_sni_san_validation", false);
        TrustConfig trust = common.trust().get();
        if (autoSan && trust != null && trust.authorities().isEmpty()) {
            throw new ConfigException(
                    "'auto_sni_san_validation' was configured without configuring a validation context");
        }
        return new ClientTlsConfig(
                common,
                sni,
                node.bool("auto_host_sni", false),
                autoSan,
                (int) Math.min(node.integer("max_session_keys", 1), 1 << 20),
                node.bool("enforce_rsa_key_usage", true));
    }
}
