package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A certificate of our own with its key: {@code TlsCertificate}, read with its files.
 *
 * @param chain the certificate and those that lead to its authority
 * @param path where the chain came from, as /certs tells it
 * @param ocsp what its authority says of it, or null
 */
record TlsCertificate(
        List<X509Certificate> chain,
        PrivateKey key,
        String path,
        @Nullable OcspResponse ocsp) {
    /** The extension by which a certificate says that it is not to be believed without an answer of its authority (RFC 7633). */
    private static final String TLS_FEATURE = "1.3.6.1.5.5.7.1.24";

    private static final int MIN_RSA_BITS = 2048;

    TlsCertificate {
        chain = List.copyOf(chain);
    }

    X509Certificate leaf() {
        return chain.get(0);
    }

    boolean mustStaple() {
        return leaf().getExtensionValue(TLS_FEATURE) != null;
    }

    boolean isEcdsa() {
        return leaf().getPublicKey() instanceof ECPublicKey;
    }

    X509Certificate[] chainArray() {
        return chain.toArray(new X509Certificate[0]);
    }

    static TlsCertificate from(ConfigNode node) {
        ConfigNode chain = node.message("certificate_chain");
        ConfigNode key = node.message("private_key");
        ConfigNode pkcs12 = node.message("pkcs12");
        ConfigNode password = node.message("password");
        String secret = password == null
                ? ""
                : new String(SecretFiles.readOrEmpty(password), java.nio.charset.StandardCharsets.UTF_8);
        if (pkcs12 != null) {
            if (chain != null || key != null) {
                throw new ConfigException("Certificate configuration can't have both pkcs12 and "
                        + (chain != null ? "certificate_chain" : "private_key"));
            }
            return checked(pkcs12(SecretFiles.readOrEmpty(pkcs12), SecretFiles.path(pkcs12), secret))
                    .with(node.message("ocsp_staple"));
        }
        return checked(pem(chain, key, secret)).with(node.message("ocsp_staple"));
    }

    private TlsCertificate with(@Nullable ConfigNode staple) {
        if (staple == null) {
            return this;
        }
        if ("inline_string".equals(staple.oneof("specifier"))) {
            throw new ConfigException("OCSP staple cannot be provided via inline_string");
        }
        byte[] bytes = DataSource.bytes(staple);
        if (bytes.length == 0) {
            return this;
        }
        OcspResponse response = OcspResponse.parse(bytes);
        if (!response.isAbout(leaf())) {
            throw new ConfigException("OCSP response does not match its TLS certificate");
        }
        return new TlsCertificate(chain, key, path, response);
    }

    private static TlsCertificate pem(
            @Nullable ConfigNode chainSource, @Nullable ConfigNode keySource, String password) {
        String chainPath = SecretFiles.path(chainSource);
        String keyPath = SecretFiles.path(keySource);
        byte[] chainBytes = SecretFiles.readOrEmpty(chainSource);
        if (chainBytes.length == 0) {
            throw new ConfigException(
                    "Failed to load incomplete certificate from " + chainPath + ": certificate chain not set");
        }
        byte[] keyBytes = SecretFiles.readOrEmpty(keySource);
        if (keyBytes.length == 0) {
            throw new ConfigException("Failed to load incomplete private key from path: " + keyPath);
        }
        List<X509Certificate> chain;
        try {
            chain = Certificates.parse(chainBytes);
        } catch (CertificateException e) {
            chain = List.of();
        }
        if (chain.isEmpty()) {
            throw new ConfigException("Failed to load certificate chain from " + chainPath);
        }
        PrivateKey key;
        try {
            key = PrivateKeys.parse(keyBytes, password);
        } catch (PrivateKeys.KeyProblem e) {
            throw new ConfigException("Failed to load private key from " + keyPath + ", Cause: " + e.getMessage());
        }
        String mismatch = PrivateKeys.mismatch(key, chain.get(0).getPublicKey());
        if (mismatch != null) {
            throw new ConfigException("Failed to load private key from " + keyPath + ", Cause: " + mismatch);
        }
        return new TlsCertificate(chain, key, chainPath, null);
    }

    private static TlsCertificate pkcs12(byte[] bytes, String path, String password) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(bytes), password.toCharArray());
            Enumeration<String> aliases = store.aliases();
            while (aliases.hasMoreElements()) {
                String alias = aliases.nextElement();
                if (store.isKeyEntry(alias)) {
                    List<X509Certificate> chain = new ArrayList<>();
                    for (Certificate c : store.getCertificateChain(alias)) {
                        chain.add((X509Certificate) c);
                    }
                    PrivateKey key = (PrivateKey) store.getKey(alias, password.toCharArray());
                    return new TlsCertificate(chain, key, path, null);
                }
            }
        } catch (GeneralSecurityException | IOException | RuntimeException e) {
            // Hostile bytes make the JDK's reader throw whatever it likes; the file is bad, whatever it was.
        }
        throw new ConfigException("Failed to load pkcs12 from " + path);
    }

    private static TlsCertificate checked(TlsCertificate certificate) {
        if (certificate.leaf().getPublicKey() instanceof RSAPublicKey rsa
                && rsa.getModulus().bitLength() < MIN_RSA_BITS) {
            throw new ConfigException("Failed to load certificate chain from " + certificate.path()
                    + ", only RSA certificates with 2048-bit or larger keys are supported");
        }
        return certificate;
    }
}
