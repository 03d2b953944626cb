package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code CertificateValidationContext}, read with its files: which certificates of peers are accepted.
 *
 * @param authorities of {@code trusted_ca} or of the system; empty when chains are not checked
 * @param path where {@code trusted_ca} came from, as /certs tells it
 * @param crls {@code crl}
 * @param leafCrlOnly {@code only_verify_leaf_cert_crl}
 * @param sans one of them must match a name of the certificate, when there are any
 * @param hashes SHA-256 of accepted certificates, in hex
 * @param spkis SHA-256 of accepted public keys, in base64
 * @param acceptUntrusted {@code trust_chain_verification: ACCEPT_UNTRUSTED}: a bad chain is counted, and the connection goes on
 * @param allowExpired {@code allow_expired_certificate}
 * @param maxDepth {@code max_verify_depth}; -1 = not limited
 * @param domains {@code custom_validator_config}: the SPIFFE validator, which does without hashes and accepts nobody untrusted; null = the usual one
 */
record TrustConfig(
        List<X509Certificate> authorities,
        String path,
        List<X509CRL> crls,
        boolean leafCrlOnly,
        List<SanMatcher> sans,
        List<String> hashes,
        List<String> spkis,
        boolean acceptUntrusted,
        boolean allowExpired,
        int maxDepth,
        @Nullable TrustDomains domains) {
    /** Nothing is checked. */
    static final TrustConfig NONE =
            new TrustConfig(List.of(), "", List.of(), false, List.of(), List.of(), List.of(), false, false, -1, null);

    /** Where distributions keep the authorities that they trust; the first that exists is taken, as Envoy does. */
    private static final List<String> SYSTEM_ROOTS = List.of(
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem",
            "/etc/pki/tls/cacert.pem",
            "/etc/ssl/cert.pem");

    TrustConfig {
        authorities = List.copyOf(authorities);
        crls = List.copyOf(crls);
        sans = List.copyOf(sans);
        hashes = List.copyOf(hashes);
        spkis = List.copyOf(spkis);
    }

    /** Whether there is anything that a peer's certificate is checked against. */
    boolean checks() {
        return !authorities.isEmpty() || !hashes.isEmpty() || !spkis.isEmpty();
    }

    static TrustConfig from(ConfigNode node) {
        ConfigNode crl = node.message("crl");
        if (crl != null && node.message("trusted_ca") == null && node.message("system_root_certs") == null) {
            throw new ConfigException("Failed to load CRL from " + SecretFiles.path(crl) + " without trusted CA");
        }
        return read(node).checked();
    }

    private TrustConfig checked() {
        if (authorities.isEmpty()) {
            if (!sans.isEmpty()) {
                throw new ConfigException(
                        "SAN-based verification of peer certificates without trusted CA is insecure and not allowed");
            }
            if (allowExpired) {
                throw new ConfigException("Certificate validity period is always ignored without trusted CA");
            }
        }
        return this;
    }

    private static TrustConfig read(ConfigNode node) {
        ConfigNode ca = node.message("trusted_ca");
        String path = ca == null ? "" : SecretFiles.path(ca);
        List<X509Certificate> authorities;
        TrustDomains domains = TrustDomains.from(node);
        if (domains != null) {
            path = domains.path();
            authorities = domains.authorities();
        } else if (ca != null) {
            authorities = authorities(SecretFiles.read(ca), path);
        } else if (node.message("system_root_certs") != null) {
            path = systemRoots();
            authorities = authorities(readSystem(path), path);
        } else {
            authorities = List.of();
        }
        ConfigNode crl = node.message("crl");
        List<SanMatcher> sans = new ArrayList<>();
        node.messages("match_typed_subject_alt_names").forEach(m -> sans.add(SanMatcher.typed(m)));
        if (sans.isEmpty()) {
            node.messages("match_subject_alt_names").forEach(m -> sans.add(SanMatcher.untyped(m)));
        }
        return new TrustConfig(
                authorities,
                path,
                crl == null ? List.of() : crls(crl),
                node.bool("only_verify_leaf_cert_crl", false),
                sans,
                hashes(node),
                spkis(node),
                node.enumName("trust_chain_verification").equals("ACCEPT_UNTRUSTED"),
                node.bool("allow_expired_certificate", false),
                (int) Math.min(node.integer("max_verify_depth", -1), 100),
                domains);
    }

    /** What {@code combined_validation_context} asks for: {@code delivered} merged over {@code base}, lists one after the other. */
    static TrustConfig merged(ConfigNode base, ConfigNode delivered) {
        TrustConfig b = read(base);
        TrustConfig d = read(delivered);
        boolean own = !d.authorities.isEmpty();
        return new TrustConfig(
                        own ? d.authorities : b.authorities,
                        own ? d.path : b.path,
                        d.crls.isEmpty() ? b.crls : d.crls,
                        b.leafCrlOnly || d.leafCrlOnly,
                        both(b.sans, d.sans),
                        both(b.hashes, d.hashes),
                        both(b.spkis, d.spkis),
                        b.acceptUntrusted || d.acceptUntrusted,
                        b.allowExpired || d.allowExpired,
                        d.maxDepth < 0 ? b.maxDepth : d.maxDepth,
                        d.domains == null && !own ? b.domains : d.domains)
                .checked();
    }

    private static <T> List<T> both(List<T> first, List<T> second) {
        List<T> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    private static List<X509Certificate> authorities(byte[] pem, String path) {
        try {
            List<X509Certificate> all = Certificates.parse(pem);
            if (!all.isEmpty()) {
                return all;
            }
        } catch (CertificateException e) {
            // told below
        }
        throw new ConfigException("Failed to load trusted CA certificates from " + path);
    }

    private static String systemRoots() {
        for (String candidate : SYSTEM_ROOTS) {
            if (Files.exists(Path.of(candidate))) {
                return candidate;
            }
        }
        throw new ConfigException("system_root_certs: no file of trusted CA certificates was found");
    }

    private static byte[] readSystem(String path) {
        try {
            return Files.readAllBytes(Path.of(path));
        } catch (IOException e) {
            throw new ConfigException("unable to read file: " + path);
        }
    }

    private static List<X509CRL> crls(ConfigNode source) {
        List<X509CRL> all = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Pem.Block block : Pem.blocks(DataSource.bytes(source))) {
                if (block.label().equals("X509 CRL")) {
                    all.add((X509CRL) factory.generateCRL(new ByteArrayInputStream(block.bytes())));
                }
            }
        } catch (CertificateException | CRLException | IllegalArgumentException e) {
            throw new ConfigException("Failed to load CRL from " + SecretFiles.path(source));
        }
        return all;
    }

    private static List<String> hashes(ConfigNode node) {
        List<String> all = new ArrayList<>();
        for (String text : node.strings("verify_certificate_hash")) {
            String hex = text.replace(":", "").toLowerCase(Locale.ROOT);
            try {
                if (HexFormat.of().parseHex(hex).length != 32) {
                    throw new IllegalArgumentException();
                }
            } catch (IllegalArgumentException e) {
                throw new ConfigException("Invalid hex-encoded SHA-256 " + text);
            }
            all.add(hex);
        }
        return all;
    }

    private static List<String> spkis(ConfigNode node) {
        List<String> all = new ArrayList<>();
        for (String text : node.strings("verify_certificate_spki")) {
            try {
                if (Base64.getDecoder().decode(text).length != 32) {
                    throw new IllegalArgumentException();
                }
            } catch (IllegalArgumentException e) {
                throw new ConfigException("Invalid base64-encoded SHA-256 " + text);
            }
            all.add(text);
        }
        return all;
    }

    /** When the first of the authorities ends, in seconds since the epoch, or null when there are none. */
    @Nullable
    Long firstEnd() {
        Long first = null;
        for (X509Certificate c : authorities) {
            long end = c.getNotAfter().getTime() / 1000;
            first = first == null ? end : Math.min(first, end);
        }
        return first;
    }
}
