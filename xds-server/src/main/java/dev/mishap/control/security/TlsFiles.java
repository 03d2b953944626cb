package dev.mishap.control.security;

import dev.mishap.control.Failures;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's certificate and key, and the authority of its clients' certificates, as files that are read again when they change.
 * A change that cannot be used is logged, and the old one serves on. Connections keep what they began with.
 */
public final class TlsFiles implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.tls");
    private static final long POLL_SECONDS = 5;

    private record Loaded(
            byte[] digest,
            X509ExtendedKeyManager keys,
            @Nullable X509ExtendedTrustManager trust,
            String subject) {}

    private final Path certificate;
    private final Path key;
    private final @Nullable Path clientAuthority;
    private volatile Loaded loaded;
    private @Nullable ScheduledExecutorService poller;
    private String lastFailure = "";

    private TlsFiles(Path certificate, Path key, @Nullable Path clientAuthority) throws IOException {
        this.certificate = certificate;
        this.key = key;
        this.clientAuthority = clientAuthority;
        this.loaded = load();
    }

    /**
     * Reads the files.
     *
     * @param certificate PEM, the server's own first, then those that sign it
     * @param key PEM, of the first certificate
     * @param clientAuthority PEM; null = certificates of clients are not asked for
     * @throws IOException naming the file and what is wrong with it
     */
    public static TlsFiles read(Path certificate, Path key, @Nullable Path clientAuthority) throws IOException {
        return new TlsFiles(certificate, key, clientAuthority);
    }

    /** Looks for changes every few seconds, until it is closed. */
    public TlsFiles watch() {
        ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "mishap-tls-files");
            thread.setDaemon(true);
            return thread;
        });
        executor.scheduleWithFixedDelay(this::reload, POLL_SECONDS, POLL_SECONDS, TimeUnit.SECONDS);
        poller = executor;
        return this;
    }

    /** Reads the files again if they have changed; whether they had, and were good. */
    public synchronized boolean reload() {
        try {
            if (MessageDigest.isEqual(digest(), loaded.digest)) {
                lastFailure = "";
                return false;
            }
            loaded = load();
            lastFailure = "";
            LOG.info("the certificate was read again: {}", loaded.subject);
            return true;
        } catch (IOException e) {
            String failure = String.valueOf(e.getMessage());
            if (!failure.equals(lastFailure)) {
                lastFailure = failure;
                LOG.warn("the changed certificate cannot be used, the one of before serves on: {}", failure);
            }
            return false;
        }
    }

    public boolean asksClients() {
        return clientAuthority != null;
    }

    /** For JSSE; follows the files. */
    public SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {keyManager()}, new TrustManager[] {trustManager()}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no TLS: " + e, e);
        }
    }

    /** Follows the files. */
    public X509ExtendedKeyManager keyManager() {
        return new Keys();
    }

    /** Follows the files; trusts nobody when there is no authority. */
    public X509ExtendedTrustManager trustManager() {
        return new Trust();
    }

    private byte[] digest() throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path file :
                    clientAuthority == null ? List.of(certificate, key) : List.of(certificate, key, clientAuthority)) {
                byte[] bytes = bytes(file);
                digest.update((byte) (bytes.length >> 16));
                digest.update((byte) (bytes.length >> 8));
                digest.update((byte) bytes.length);
                digest.update(bytes);
            }
            return digest.digest();
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try {
            if (Files.size(file) > 1 << 20) {
                throw new IOException(file + ": is larger than 1 MiB");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IOException(file + ": " + Failures.text(e), e);
        }
    }

    private Loaded load() throws IOException {
        byte[] digest = digest();
        List<X509Certificate> chain = of(certificate, () -> Pem.certificates(bytes(certificate)));
        PrivateKey privateKey = of(key, () -> Pem.privateKey(bytes(key)));
        try {
            requirePair(chain.get(0).getPublicKey(), privateKey);
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, null);
            keys.setKeyEntry("server", privateKey, new char[0], chain.toArray(new X509Certificate[0]));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(keys, new char[0]);
            return new Loaded(
                    digest,
                    (X509ExtendedKeyManager) factory.getKeyManagers()[0],
                    clientAuthority == null ? null : trust(clientAuthority),
                    chain.get(0).getSubjectX500Principal() + ", until "
                            + chain.get(0).getNotAfter().toInstant());
        } catch (GeneralSecurityException e) {
            throw new IOException(certificate + ", " + key + ": " + e.getMessage(), e);
        }
    }

    /**
     * Trusts what the certificates of a file sign.
     *
     * @throws IOException naming the file and what is wrong with it
     */
    public static X509ExtendedTrustManager trust(Path authority) throws IOException {
        return of(authority, () -> {
            KeyStore roots = KeyStore.getInstance("PKCS12");
            roots.load(null, null);
            int n = 0;
            for (X509Certificate root : Pem.certificates(bytes(authority))) {
                roots.setCertificateEntry("ca" + n++, root);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(roots);
            return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
        });
    }

    private interface Reading<T> {
        T read() throws GeneralSecurityException, IOException;
    }

    private static <T> T of(Path file, Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (GeneralSecurityException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private void requirePair(PublicKey publicKey, PrivateKey privateKey) throws GeneralSecurityException {
        String algorithm = switch (privateKey.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> "Ed25519";
        };
        byte[] probe = {1, 2, 3};
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(privateKey);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(probe);
            if (signature.verify(signed)) {
                return;
            }
        } catch (GeneralSecurityException e) {
            // Keys of two kinds.
        }
        throw new GeneralSecurityException("the key is not that of the first certificate");
    }

    @Override
    public void close() {
        if (poller != null) {
            poller.shutdownNow();
        }
    }

    private final class Keys extends X509ExtendedKeyManager {
        @Override
        public String @Nullable [] getClientAliases(String keyType, Principal[] issuers) {
            return loaded.keys.getClientAliases(keyType, issuers);
        }

        @Override
        public @Nullable String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
            return loaded.keys.chooseClientAlias(keyType, issuers, socket);
        }

        @Override
        public @Nullable String chooseEngineClientAlias(String[] keyType, Principal[] issuers, SSLEngine engine) {
            return loaded.keys.chooseEngineClientAlias(keyType, issuers, engine);
        }

        @Override
        public String @Nullable [] getServerAliases(String keyType, Principal[] issuers) {
            return loaded.keys.getServerAliases(keyType, issuers);
        }

        @Override
        public @Nullable String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
            return loaded.keys.chooseServerAlias(keyType, issuers, socket);
        }

        @Override
        public @Nullable String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
            return loaded.keys.chooseEngineServerAlias(keyType, issuers, engine);
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            return loaded.keys.getCertificateChain(alias);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            return loaded.keys.getPrivateKey(alias);
        }
    }

    private final class Trust extends X509ExtendedTrustManager {
        private X509ExtendedTrustManager now() throws CertificateException {
            X509ExtendedTrustManager trust = loaded.trust;
            if (trust == null) {
                throw new CertificateException("no authority of clients is configured");
            }
            return trust;
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            now().checkClientTrusted(chain, authType);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            now().checkClientTrusted(chain, authType, socket);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            now().checkClientTrusted(chain, authType, engine);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            now().checkServerTrusted(chain, authType);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            now().checkServerTrusted(chain, authType, socket);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            now().checkServerTrusted(chain, authType, engine);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            X509ExtendedTrustManager trust = loaded.trust;
            return trust == null ? new X509Certificate[0] : trust.getAcceptedIssuers();
        }
    }
}
