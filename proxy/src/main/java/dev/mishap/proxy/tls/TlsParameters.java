package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code TlsParameters}.
 *
 * @param protocols versions that may be negotiated, by the JDK's names, the oldest first
 * @param ciphers suites for TLS 1.2 and below, by BoringSSL's names, in order of preference
 * @param groups groups of the key exchange, by BoringSSL's names
 */
record TlsParameters(List<String> protocols, List<String> ciphers, List<String> groups) {
    private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
    private static final List<String> DEFAULT_GROUPS = List.of("X25519", "P-256");
    private static final List<String> KNOWN_GROUPS = List.of(
            "X25519", "P-256", "P-384", "P-521", "X25519MLKEM768", "MLKEM1024", "X25519Kyber768Draft00", "P-224");

    TlsParameters {
        protocols = List.copyOf(protocols);
        ciphers = List.copyOf(ciphers);
        groups = List.copyOf(groups);
    }

    /** A client goes up to TLS 1.2 by default, a server to 1.3; both start at 1.2. */
    static TlsParameters from(@Nullable ConfigNode node, boolean server) {
        int min = version(node, "tls_minimum_protocol_version", 2);
        int max = version(node, "tls_maximum_protocol_version", server ? 3 : 2);
        List<String> ciphers = node == null ? List.of() : node.strings("cipher_suites");
        List<String> groups = node == null ? List.of() : node.strings("ecdh_curves");
        List<String> rejected = new ArrayList<>();
        for (String cipher : ciphers) {
            if (!CipherNames.isKnown(cipher)) {
                rejected.add(cipher);
            }
        }
        if (!rejected.isEmpty()) {
            throw new ConfigException("Failed to initialize cipher suites " + String.join(":", ciphers)
                    + ". The following ciphers were rejected when tried individually: "
                    + String.join(", ", rejected));
        }
        if (!KNOWN_GROUPS.containsAll(groups)) {
            throw new ConfigException("Failed to initialize ECDH curves " + String.join(":", groups));
        }
        return new TlsParameters(
                min > max ? List.of() : VERSIONS.subList(min, max + 1),
                ciphers.isEmpty() ? CipherNames.DEFAULT : ciphers,
                groups.isEmpty() ? DEFAULT_GROUPS : groups);
    }

    private static int version(@Nullable ConfigNode node, String field, int byDefault) {
        String name = node == null ? "TLS_AUTO" : node.enumName(field);
        return name.equals("TLS_AUTO") ? byDefault : VERSIONS.indexOf(jdkName(name));
    }

    private static String jdkName(String name) {
        return name.equals("TLSv1_0") ? "TLSv1" : name.replace('_', '.');
    }
}
