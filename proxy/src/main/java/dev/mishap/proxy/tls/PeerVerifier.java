package dev.mishap.proxy.tls;

import io.netty.handler.ssl.OpenSslCertificateException;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Decides on peers' certificates by a {@link TrustConfig} and counts those that it refuses. Called on event loops during
 * handshakes; the last chains found good are remembered until one of their certificates ends, since the connections of a
 * cluster or a mesh show the same few again and again.
 */
final class PeerVerifier extends X509ExtendedTrustManager {
    private static final int REMEMBERED = 8;
    /** KEYUSAGE_NO_CERTSIGN, one of the errors for which peers are told {@code certificate_unknown}. */
    private static final int UNKNOWN = 32;

    private final TrustConfig trust;
    private final TlsStats stats;
    private final @Nullable ChainCheck chains;
    /** Those of the trust domains. */
    private final Map<String, ChainCheck> chainsByDomain = new HashMap<>();

    private final boolean checkHost;
    private final boolean enforceKeyUsage;
    private final Clock clock;
    private volatile List<Good> good = List.of();

    /** A chain whose check passed, and until when (milliseconds since the epoch) that holds. */
    private record Good(X509Certificate[] chain, boolean server, long until) {
        boolean is(X509Certificate[] other, boolean fromServer) {
            return server == fromServer && Arrays.equals(chain, other);
        }
    }

    /**
     * A verifier.
     *
     * @param checkHost whether the certificate must be for the name that the engine knows its peer by, instead of the configured names
     * @param enforceKeyUsage whether an RSA certificate must allow signatures
     */
    PeerVerifier(TrustConfig trust, TlsStats stats, boolean checkHost, boolean enforceKeyUsage, Clock clock) {
        this.trust = trust;
        this.stats = stats;
        TrustDomains domains = trust.domains();
        if (domains != null) {
            domains.bundles().forEach((name, bundle) -> chainsByDomain.put(name, check(bundle, trust)));
        }
        this.chains = domains != null || trust.authorities().isEmpty() ? null : check(trust.authorities(), trust);
        this.checkHost = checkHost;
        this.enforceKeyUsage = enforceKeyUsage;
        this.clock = clock;
    }

    private static ChainCheck check(List<X509Certificate> authorities, TrustConfig trust) {
        return new ChainCheck(authorities, trust.crls(), trust.leafCrlOnly(), trust.allowExpired(), trust.maxDepth());
    }

    /** Whether {@code chain} passes all checks; for questions after the handshake, hence not counted. */
    boolean passes(X509Certificate[] chain, boolean server) {
        if (chain.length == 0 || !trust.checks()) {
            return false;
        }
        try {
            check(chain, server, null);
            return true;
        } catch (CertificateException e) {
            return false;
        }
    }

    private void verify(X509Certificate[] chain, boolean server, @Nullable SSLEngine engine)
            throws CertificateException {
        try {
            check(chain, server, engine);
            if (enforceKeyUsage) {
                keyUsage(chain[0]);
            }
        } catch (VerifyFailure e) {
            switch (e.kind()) {
                case CHAIN -> stats.failVerifyError.inc();
                case SAN -> stats.failVerifySan.inc();
                case HASH -> stats.failVerifyCertHash.inc();
                case KEY_USAGE -> {
                    // counted as a connection error by who sees the handshake fail
                }
            }
            if (!trust.acceptUntrusted() || trust.domains() != null) {
                throw TlsEngine.usesOpenSsl(engine) ? new OpenSslCertificateException(e.getMessage(), e, e.error()) : e;
            }
        }
    }

    private void check(X509Certificate[] chain, boolean server, @Nullable SSLEngine engine)
            throws CertificateException {
        TrustDomains domains = trust.domains();
        if (domains != null) {
            ChainCheck of = chainsByDomain.get(domains.domain(chain[0]));
            chain(of, chain, server);
            identity(TrustDomains.uris(chain[0]));
        } else {
            chain(chains, chain, server);
            names(chain[0], engine);
            hashes(chain[0]);
        }
    }

    private void identity(List<Certificates.San> uris) throws VerifyFailure {
        if (!trust.sans().isEmpty() && trust.sans().stream().noneMatch(m -> m.matchesAny(uris))) {
            throw new VerifyFailure(VerifyFailure.Kind.SAN, UNKNOWN, "SAN match");
        }
    }

    private void chain(@Nullable ChainCheck chains, X509Certificate[] chain, boolean server) throws VerifyFailure {
        if (chains == null) {
            return;
        }
        long now = clock.millis();
        for (Good g : good) {
            if (now <= g.until() && g.is(chain, server)) {
                return;
            }
        }
        chains.check(chain, server, new Date(now));
        if (trust.crls().isEmpty()) {
            remember(chain, server, now);
        }
    }

    private void remember(X509Certificate[] chain, boolean server, long now) {
        long until = Long.MAX_VALUE;
        for (X509Certificate c : chain) {
            until = Math.min(until, c.getNotAfter().getTime());
        }
        for (X509Certificate c : trust.authorities()) {
            if (c.getNotAfter().getTime() > now) {
                until = Math.min(until, c.getNotAfter().getTime());
            }
        }
        List<Good> next = new ArrayList<>(good);
        if (next.size() >= REMEMBERED) {
            next.remove(0);
        }
        next.add(new Good(chain.clone(), server, trust.allowExpired() ? Long.MAX_VALUE : until));
        good = next; // a race loses an entry, no more
    }

    private void names(X509Certificate leaf, @Nullable SSLEngine engine) throws VerifyFailure {
        List<SanMatcher> wanted = trust.sans();
        if (checkHost && engine != null && engine.getPeerHost() != null) {
            List<Certificates.San> sans = Certificates.sans(leaf);
            if (!SanMatcher.host(engine.getPeerHost()).matchesAny(sans)) {
                throw new VerifyFailure(
                        VerifyFailure.Kind.SAN,
                        UNKNOWN,
                        "verify SAN list, expected SANs: [" + engine.getPeerHost() + "], certificate SANs: "
                                + values(sans));
            }
            return;
        }
        if (wanted.isEmpty()) {
            return;
        }
        List<Certificates.San> sans = Certificates.sans(leaf);
        for (SanMatcher m : wanted) {
            if (m.matchesAny(sans)) {
                return;
            }
        }
        throw new VerifyFailure(VerifyFailure.Kind.SAN, UNKNOWN, "SAN matcher, certificate SANs are " + values(sans));
    }

    private static String values(List<Certificates.San> sans) {
        StringJoiner names = new StringJoiner(", ", "[", "]");
        sans.forEach(s -> names.add(s.value()));
        return names.toString();
    }

    private void hashes(X509Certificate leaf) throws CertificateException {
        if (trust.hashes().isEmpty() && trust.spkis().isEmpty()) {
            return;
        }
        boolean match = trust.hashes().contains(Certificates.hex("SHA-256", leaf.getEncoded()))
                || trust.spkis()
                        .contains(Base64.getEncoder()
                                .encodeToString(Certificates.digest(
                                        "SHA-256", leaf.getPublicKey().getEncoded())));
        if (!match) {
            throw new VerifyFailure(VerifyFailure.Kind.HASH, UNKNOWN, "cert hash and spki");
        }
    }

    private static void keyUsage(X509Certificate leaf) throws VerifyFailure {
        boolean[] usage = leaf.getKeyUsage();
        if (usage != null && !usage[0] && leaf.getPublicKey().getAlgorithm().equals("RSA")) {
            throw new VerifyFailure(VerifyFailure.Kind.KEY_USAGE, UNKNOWN, "KEY_USAGE_BIT_INCORRECT");
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        verify(chain, false, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        verify(chain, true, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        verify(chain, false, null);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        verify(chain, true, null);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        verify(chain, false, null);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        verify(chain, true, null);
    }

    /** What a server names to its clients. */
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return trust.authorities().toArray(new X509Certificate[0]);
    }
}
