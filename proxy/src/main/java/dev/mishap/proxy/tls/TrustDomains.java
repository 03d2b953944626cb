package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The SPIFFE validator ({@code SPIFFECertValidatorConfig}): the peer's identity is the first URI among its names, and its chain is
 * followed to the authorities of that identity's trust domain alone. {@code trust_bundles} takes the place of {@code trust_domains}.
 *
 * @param bundles authorities by trust domain
 * @param path where the first bundle came from, as /certs tells it
 */
record TrustDomains(Map<String, List<X509Certificate>> bundles, String path) {
    static final String MESSAGE = "envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig";
    private static final String SCHEME = "spiffe://";
    private static final int KEY_CERT_SIGN = 5;
    private static final int CRL_SIGN = 6;
    /** X509_V_ERR_APPLICATION_VERIFICATION. */
    private static final int REFUSED = 50;

    TrustDomains {
        bundles = Map.copyOf(bundles);
    }

    /** Reads {@code custom_validator_config}; null when there is none. */
    static @Nullable TrustDomains from(ConfigNode context) {
        ConfigNode custom = context.message("custom_validator_config");
        if (custom == null) {
            return null;
        }
        ConfigNode config = custom.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (config == null || !type.equals(MESSAGE)) {
            throw new ConfigException("Didn't find a registered implementation for '" + custom.string("name")
                    + "' with type URL: '" + type + "'");
        }
        ConfigNode together = config.message("trust_bundles");
        if (together != null) {
            return new TrustDomains(SpiffeBundles.read(SecretFiles.read(together)), "");
        }
        Map<String, List<X509Certificate>> bundles = new LinkedHashMap<>();
        String path = "";
        for (ConfigNode domain : config.messages("trust_domains")) {
            String name = domain.string("name");
            if (bundles.containsKey(name)) {
                throw new ConfigException("Multiple trust bundles are given for one trust domain for " + name);
            }
            ConfigNode source = domain.message("trust_bundle");
            List<X509Certificate> bundle = new ArrayList<>();
            if (source != null) {
                try {
                    bundle.addAll(Certificates.parse(SecretFiles.read(source)));
                } catch (CertificateException e) {
                    bundle.clear(); // told below
                }
            }
            if (source == null || bundle.isEmpty()) {
                throw new ConfigException("Failed to load trusted CA certificate for " + name);
            }
            if (path.isEmpty()) {
                path = name + ": " + SecretFiles.path(source);
            }
            bundles.put(name, List.copyOf(bundle));
        }
        return new TrustDomains(bundles, path);
    }

    /** All authorities of all domains. */
    List<X509Certificate> authorities() {
        List<X509Certificate> all = new ArrayList<>();
        bundles.values().forEach(all::addAll);
        return all;
    }

    /**
     * The trust domain that a certificate belongs to.
     *
     * @throws VerifyFailure when it can be nobody's identity, or its domain is not one of these
     */
    String domain(X509Certificate leaf) throws VerifyFailure {
        boolean[] usage = leaf.getKeyUsage();
        if (leaf.getBasicConstraints() >= 0 || usage == null || usage[KEY_CERT_SIGN] || usage[CRL_SIGN]) {
            throw new VerifyFailure(VerifyFailure.Kind.CHAIN, REFUSED, "cert precheck");
        }
        String domain = "";
        for (Certificates.San san : uris(leaf)) {
            String uri = san.value();
            int end = uri.startsWith(SCHEME) ? uri.indexOf('/', SCHEME.length()) : -1;
            domain = end < 0 ? "" : uri.substring(SCHEME.length(), end);
            break;
        }
        if (domain.isEmpty() || !bundles.containsKey(domain)) {
            throw new VerifyFailure(VerifyFailure.Kind.CHAIN, REFUSED, "no trust bundle store");
        }
        return domain;
    }

    /** The names that count: an identity is a URI. */
    static List<Certificates.San> uris(X509Certificate leaf) {
        return Certificates.sans(leaf).stream()
                .filter(san -> san.type() == Certificates.SanType.URI)
                .toList();
    }
}
