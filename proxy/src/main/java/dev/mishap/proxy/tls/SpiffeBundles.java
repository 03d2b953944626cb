package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.json.JsonReader;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code trust_bundles}: the SPIFFE bundles of several trust domains as one JSON document, of which X.509 authorities count. */
final class SpiffeBundles {
    private SpiffeBundles() {}

    /**
     * The authorities by trust domain.
     *
     * @throws ConfigException with Envoy's words
     */
    static Map<String, List<X509Certificate>> read(byte[] json) {
        Object document;
        try {
            document = JsonReader.read(json);
        } catch (JsonReader.MalformedException e) {
            throw new ConfigException("Invalid JSON found in SPIFFE bundle");
        }
        Map<?, ?> domains = object(document, "trust_domains");
        if (domains == null || domains.isEmpty()) {
            throw new ConfigException("No trust domains found in SPIFFE bundle");
        }
        Map<String, List<X509Certificate>> bundles = new LinkedHashMap<>();
        domains.forEach((name, bundle) -> bundles.put(String.valueOf(name), authorities(String.valueOf(name), bundle)));
        return bundles;
    }

    private static List<X509Certificate> authorities(String domain, @Nullable Object bundle) {
        if (!(bundle instanceof Map<?, ?> map) || !(map.get("keys") instanceof List<?> keys) || keys.isEmpty()) {
            throw new ConfigException("No keys found in SPIFFE bundle for domain '" + domain + "'");
        }
        List<X509Certificate> all = new ArrayList<>();
        for (Object key : keys) {
            if (!(key instanceof Map<?, ?> fields) || !"x509-svid".equals(fields.get("use"))) {
                throw new ConfigException("missing or invalid 'use' field found in cert for domain '" + domain + "'");
            }
            if (!(fields.get("x5c") instanceof List<?> chain) || chain.isEmpty()) {
                throw new ConfigException("missing or empty 'x5c' field found in keys for domain: '" + domain + "'");
            }
            for (Object certificate : chain) {
                all.add(certificate(domain, certificate));
            }
        }
        return List.copyOf(all);
    }

    private static X509Certificate certificate(String domain, @Nullable Object text) {
        byte[] der;
        try {
            der = Base64.getDecoder().decode(text instanceof String s ? s : "");
        } catch (IllegalArgumentException e) {
            der = new byte[0];
        }
        if (der.length == 0) {
            throw new ConfigException("Failed to create x509 object while loading certs in domain '" + domain + "'");
        }
        try {
            return Certificates.parseDer(der);
        } catch (CertificateException e) {
            throw new ConfigException("Invalid x509 object in certs for domain '" + domain + "'");
        }
    }

    private static @Nullable Map<?, ?> object(@Nullable Object in, String field) {
        return in instanceof Map<?, ?> map && map.get(field) instanceof Map<?, ?> found ? found : null;
    }
}
