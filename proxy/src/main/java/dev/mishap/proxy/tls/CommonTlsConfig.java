package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.SecretDelivery;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code CommonTlsContext}: what both sides of a proxy have in common.
 *
 * @param certificates our own; a server needs one, a client may have one
 * @param trust what peers are checked by
 * @param alpn application protocols in order of preference
 * @param keyLog where the secrets of connections go; null = nowhere
 */
record CommonTlsConfig(
        TlsParameters parameters,
        List<Secret<TlsCertificate>> certificates,
        Secret<TrustConfig> trust,
        List<String> alpn,
        @Nullable KeyLog keyLog) {
    CommonTlsConfig {
        certificates = List.copyOf(certificates);
        alpn = List.copyOf(alpn);
    }

    static CommonTlsConfig from(
            @Nullable ConfigNode node,
            boolean server,
            Secrets secrets,
            SecretDelivery.@Nullable Owner owner,
            TlsEngine engine) {
        if (node == null) {
            return new CommonTlsConfig(
                    TlsParameters.from(null, server), List.of(), new Secret<>(TrustConfig.NONE), List.of(), null);
        }
        return new CommonTlsConfig(
                TlsParameters.from(node.message("tls_params"), server),
                certificates(node, server, secrets, owner),
                trust(node, secrets, owner),
                alpn(node),
                node.has("key_log") ? KeyLog.from(node, engine, secrets.files()) : null);
    }

    private static List<Secret<TlsCertificate>> certificates(
            ConfigNode node, boolean server, Secrets secrets, SecretDelivery.@Nullable Owner owner) {
        List<ConfigNode> inline = node.messages("tls_certificates");
        List<ConfigNode> sds = node.messages("tls_certificate_sds_secret_configs");
        if (server && !inline.isEmpty() && !sds.isEmpty()) {
            throw new ConfigException("SDS and non-SDS TLS certificates may not be mixed in server contexts");
        }
        if (!server && inline.size() + sds.size() > 1) {
            throw new ConfigException("Multiple TLS certificates are not supported for client contexts");
        }
        List<Secret<TlsCertificate>> all = new ArrayList<>();
        inline.forEach(c -> all.add(secrets.inline(Secrets.Kind.CERTIFICATE, c)));
        sds.forEach(c -> all.add(secrets.named(Secrets.Kind.CERTIFICATE, c, TlsCertificate::from, owner)));
        return all;
    }

    private static Secret<TrustConfig> trust(ConfigNode node, Secrets secrets, SecretDelivery.@Nullable Owner owner) {
        String kind = node.oneof("validation_context_type");
        if (kind == null) {
            return new Secret<>(TrustConfig.NONE);
        }
        return switch (kind) {
            case "validation_context" -> secrets.inline(Secrets.Kind.TRUST, node.required("validation_context"));
            case "validation_context_sds_secret_config" ->
                secrets.named(
                        Secrets.Kind.TRUST,
                        node.required("validation_context_sds_secret_config"),
                        TrustConfig::from,
                        owner);
            case "combined_validation_context" -> {
                ConfigNode combined = node.required("combined_validation_context");
                ConfigNode base = combined.required("default_validation_context");
                yield secrets.named(
                        Secrets.Kind.TRUST,
                        combined.required("validation_context_sds_secret_config"),
                        delivered -> TrustConfig.merged(base, delivered),
                        owner);
            }
            default -> throw node.error(kind, "is not supported");
        };
    }

    private static List<String> alpn(ConfigNode node) {
        List<String> all = new ArrayList<>();
        for (String text : node.strings("alpn_protocols")) {
            for (String protocol : text.split(",")) {
                if (protocol.length() > 255) {
                    throw new ConfigException("Invalid ALPN protocol string");
                }
                if (!protocol.isEmpty()) {
                    all.add(protocol);
                }
            }
        }
        return all;
    }

    /** Whether all that others deliver is there. */
    boolean ready() {
        for (Secret<TlsCertificate> c : certificates) {
            if (c.get() == null) {
                return false;
            }
        }
        return trust.get() != null;
    }

    void onChange(Runnable listener) {
        certificates.forEach(c -> c.onChange(listener));
        trust.onChange(listener);
    }

    List<TlsCertificate> currentCertificates() {
        List<TlsCertificate> all = new ArrayList<>();
        for (Secret<TlsCertificate> c : certificates) {
            TlsCertificate now = c.get();
            if (now != null) {
                all.add(now);
            }
        }
        return all;
    }

    TrustConfig currentTrust() {
        TrustConfig now = trust.get();
        return now == null ? TrustConfig.NONE : now;
    }
}
