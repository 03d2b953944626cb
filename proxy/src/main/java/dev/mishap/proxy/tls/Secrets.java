package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.LineFiles;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.TransportContext;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the secrets that configurations name or hold, and follows those that change. One a process. */
final class Secrets {
    private static final Logger LOG = LoggerFactory.getLogger("secret");

    private final TransportContext context;
    /** By kind: two secrets of different kinds may have one name. */
    private final Map<String, Map<String, ConfigNode>> named = new HashMap<>();

    /** A kind of secret: which field of {@code Secret} holds it, and how it is read. */
    record Kind<T>(String field, String unknown, Function<ConfigNode, T> reader, List<String> files) {
        static final Kind<TlsCertificate> CERTIFICATE = new Kind<>(
                "tls_certificate",
                "Unknown static secret: ",
                TlsCertificate::from,
                List.of("certificate_chain", "private_key", "pkcs12", "ocsp_staple"));
        static final Kind<TrustConfig> TRUST = new Kind<>(
                "validation_context",
                "Unknown static certificate validation context: ",
                TrustConfig::from,
                List.of("trusted_ca", "crl"));
        static final Kind<TicketKeys> TICKETS =
                new Kind<>("session_ticket_keys", "Unknown tls session ticket keys: ", TicketKeys::from, List.of());
        static final Kind<String> GENERIC =
                new Kind<>("generic_secret", "Unknown static generic secret: ", GenericSecret::read, List.of("secret"));
    }

    /** Kinds of secrets in Envoy's messages. */
    private static final Map<String, String> WORDS = Map.of(
            "tls_certificate", "TlsCertificate",
            "validation_context", "CertificateValidationContext",
            "session_ticket_keys", "TlsSessionTicketKeys",
            "generic_secret", "GenericSecret");

    /** Those of the process. */
    static Secrets of(TransportContext context) {
        return context.shared(Secrets.class, Secrets::new);
    }

    private Secrets(TransportContext context) {
        this.context = context;
        for (ConfigNode secret : context.secrets()) {
            String kind = secret.oneof("type");
            String word = kind == null ? null : WORDS.get(kind);
            if (kind == null || word == null) {
                throw new ConfigException("Secret type not implemented");
            }
            String name = secret.string("name");
            if (named.computeIfAbsent(kind, k -> new HashMap<>()).put(name, secret) != null) {
                throw new ConfigException("Duplicate static " + word + " secret name " + name);
            }
        }
    }

    /** Files that connections may write to; null when there is nobody who has them. */
    @Nullable
    LineFiles files() {
        return context.ifMade(LineFiles.class);
    }

    /** Reads all secrets of the bootstrap, and warns of those that can't be: as in Envoy they are refused where one is named. */
    void check() {
        for (Kind<?> kind : List.of(Kind.CERTIFICATE, Kind.TRUST, Kind.TICKETS, Kind.GENERIC)) {
            for (ConfigNode secret : named.getOrDefault(kind.field(), Map.of()).values()) {
                ConfigNode held = secret.message(kind.field());
                if (held != null) {
                    try {
                        var unused = kind.reader().apply(held);
                    } catch (ConfigException e) {
                        LOG.warn("static secret '{}' is of no use: {}", secret.string("name"), e.getMessage());
                    }
                }
            }
        }
    }

    /** A secret that stands in the configuration; read again when its {@code watched_directory} changes. */
    <T> Secret<T> inline(Kind<T> kind, ConfigNode node) {
        Secret<T> secret = new Secret<>(kind.reader().apply(node));
        for (Path directory : SecretFiles.watched(node, false)) {
            follow(directory, secret, () -> kind.reader().apply(node));
        }
        return secret;
    }

    /**
     * A secret by its name ({@code SdsSecretConfig}): one of the bootstrap's, or one that a server or a file delivers.
     *
     * @param over merged over what is delivered, for combined validation contexts
     */
    <T> Secret<T> named(
            Kind<T> kind, ConfigNode config, Function<ConfigNode, T> over, SecretDelivery.@Nullable Owner owner) {
        String name = config.string("name");
        ConfigNode source = config.message("sds_config");
        if (source == null) {
            ConfigNode known = named.getOrDefault(kind.field(), Map.of()).get(name);
            ConfigNode held = known == null ? null : known.message(kind.field());
            if (held == null) {
                throw new ConfigException(kind.unknown() + name);
            }
            Secret<T> secret = new Secret<>(over.apply(held));
            for (Path directory : SecretFiles.watched(held, false)) {
                follow(directory, secret, () -> over.apply(held));
            }
            return secret;
        }
        SecretDelivery delivery = context.ifMade(SecretDelivery.class);
        if (delivery == null) {
            throw config.error("sds_config", "is not supported");
        }
        Secret<T> secret = new Secret<>(null);
        delivery.subscribe(source, name, owner, delivered -> deliver(kind, delivered, secret, over, name));
        return secret;
    }

    private <T> void deliver(
            Kind<T> kind, ConfigNode delivered, Secret<T> secret, Function<ConfigNode, T> over, String name) {
        ConfigNode held = delivered.message(kind.field());
        if (held == null) {
            throw new ConfigException("Unexpected SDS secret type for " + name);
        }
        secret.set(over.apply(held));
        for (Path directory : SecretFiles.watched(held, true, kind.files().toArray(new String[0]))) {
            follow(directory, secret, () -> over.apply(held));
        }
    }

    /** What can't be read leaves what was there: a rotation may move one file after the other. */
    private <T> void follow(Path directory, Secret<T> secret, java.util.function.Supplier<T> read) {
        context.watch(directory, () -> {
            try {
                secret.set(read.get());
            } catch (ConfigException e) {
                LOG.warn("failed to reload certificates in {}: {}", directory, e.getMessage());
            }
        });
    }
}
