package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import io.netty.util.NetUtil;
import java.lang.ref.Cleaner;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * A context of the engine with what belongs to it. Immutable and shared by all loops. It frees its native memory when nobody holds
 * it any more: connections may still be made from it while another takes its place.
 */
final class TlsContext {
    private static final Cleaner CLEANER = Cleaner.create();

    private final SslContext context;
    private final @Nullable TlsCertificate certificate;
    private final PeerVerifier verifier;
    private final boolean asksPeer;
    private final TlsStats stats;
    /** BoringSSL's list of cipher suites when it says what Netty does not let through, else null. */
    private final @Nullable String cipherGroups;

    private final boolean clientOrder;
    private final @Nullable KeyLog keyLog;

    private TlsContext(
            SslContext context,
            TlsParameters parameters,
            boolean clientOrder,
            @Nullable TlsCertificate certificate,
            PeerVerifier verifier,
            boolean asksPeer,
            TlsStats stats,
            @Nullable KeyLog keyLog) {
        this.context = context;
        this.keyLog = keyLog;
        this.certificate = certificate;
        this.verifier = verifier;
        this.asksPeer = asksPeer;
        this.stats = stats;
        this.clientOrder = clientOrder;
        boolean groups = !parameters.ciphers().equals(CipherNames.single(parameters.ciphers()));
        this.cipherGroups = groups && !parameters.protocols().equals(List.of("TLSv1.3"))
                ? String.join(":", parameters.ciphers())
                : null;
        if (keyLog != null) {
            keyLog.listen(context);
        }
        if (context instanceof ReferenceCountedOpenSslContext counted) {
            CLEANER.register(this, new Release(counted));
        }
    }

    /** A class of its own, which can't hold on to what it waits for. */
    private record Release(ReferenceCountedOpenSslContext context) implements Runnable {
        @Override
        public void run() {
            context.release();
        }
    }

    @Nullable
    X509Certificate certificate() {
        return certificate == null ? null : certificate.leaf();
    }

    PeerVerifier verifier() {
        return verifier;
    }

    boolean asksPeer() {
        return asksPeer;
    }

    TlsStats stats() {
        return stats;
    }

    /** Where the secrets of its connections go; null = nowhere. */
    @Nullable
    KeyLog keyLog() {
        return keyLog;
    }

    /**
     * A server's context for one of its certificates.
     *
     * @param certificates all of them; which one is {@code certificate} does not matter for resumption
     */
    static TlsContext server(
            ServerTlsConfig config,
            TlsCertificate certificate,
            TrustConfig trust,
            @Nullable TicketKeys tickets,
            PeerVerifier verifier,
            TlsStats stats,
            TlsEngine engine,
            byte[] sessionContext) {
        ClientAuth auth = config.requireClientCertificate()
                ? ClientAuth.REQUIRE
                : trust.checks() ? ClientAuth.OPTIONAL : ClientAuth.NONE;
        SslContextBuilder builder = SslContextBuilder.forServer(certificate.key(), certificate.chainArray())
                .clientAuth(auth);
        if (certificate.ocsp() != null) {
            if (engine == TlsEngine.JDK) {
                throw new ConfigException("ocsp_staple is not supported by the TLS engine of the JDK");
            }
            builder.enableOcsp(true);
        }
        SslContext made =
                build(builder, config.common().parameters(), config.common().alpn(), verifier, engine);
        if (made instanceof ReferenceCountedOpenSslContext openSsl) {
            openSsl(openSsl, config, tickets, sessionContext);
        } else if (config.disableStatefulResumption() && config.disableStatelessResumption()) {
            made.sessionContext().setSessionTimeout(1);
            made.sessionContext().setSessionCacheSize(1);
        } else {
            made.sessionContext().setSessionTimeout((int) config.sessionTimeoutSeconds());
        }
        return new TlsContext(
                made,
                config.common().parameters(),
                config.preferClientCiphers(),
                certificate,
                verifier,
                auth != ClientAuth.NONE,
                stats,
                config.common().keyLog());
    }

    private static void openSsl(
            ReferenceCountedOpenSslContext context,
            ServerTlsConfig config,
            @Nullable TicketKeys tickets,
            byte[] sessionContext) {
        OpenSslSessionContext sessions = context.sessionContext();
        if (sessions instanceof OpenSslServerSessionContext server) {
            server.setSessionIdContext(sessionContext);
        }
        sessions.setSessionTimeout((int) config.sessionTimeoutSeconds());
        if (!config.disableStatelessResumption()) {
            sessions.setTicketKeys(
                    tickets == null ? new io.netty.handler.ssl.OpenSslSessionTicketKey[0] : tickets.forOpenSsl());
        }
        sessions.setSessionCacheEnabled(!config.disableStatefulResumption());
    }

    /** A client's context. */
    static TlsContext client(
            ClientTlsConfig config,
            @Nullable TlsCertificate certificate,
            List<String> alpn,
            PeerVerifier verifier,
            TlsStats stats,
            TlsEngine engine) {
        SslContextBuilder builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
        if (certificate != null) {
            builder.keyManager(certificate.key(), certificate.chainArray());
        }
        SslContext made = build(builder, config.common().parameters(), alpn, verifier, engine);
        if (made instanceof ReferenceCountedOpenSslContext openSsl) {
            OpenSslSessionContext sessions = openSsl.sessionContext();
            if (config.maxSessionKeys() == 0) {
                sessions.setSessionCacheEnabled(false);
            } else {
                sessions.setTicketKeys();
                sessions.setSessionCacheEnabled(true);
                sessions.setSessionCacheSize(config.maxSessionKeys());
            }
        } else {
            made.sessionContext().setSessionCacheSize(Math.max(1, config.maxSessionKeys()));
        }
        return new TlsContext(
                made,
                config.common().parameters(),
                false,
                certificate,
                verifier,
                true,
                stats,
                config.common().keyLog());
    }

    private static SslContext build(
            SslContextBuilder builder,
            TlsParameters parameters,
            List<String> alpn,
            PeerVerifier verifier,
            TlsEngine engine) {
        if (parameters.protocols().isEmpty()) {
            throw new ConfigException("tls_minimum_protocol_version is over tls_maximum_protocol_version");
        }
        boolean openSsl = engine == TlsEngine.BORINGSSL;
        List<String> ciphers = new ArrayList<>();
        if (parameters.protocols().contains("TLSv1.3")) {
            ciphers.addAll(CipherNames.TLS_1_3);
        }
        if (!parameters.protocols().equals(List.of("TLSv1.3"))) {
            ciphers.addAll(openSsl ? CipherNames.single(parameters.ciphers()) : CipherNames.jdk(parameters.ciphers()));
        }
        // The store that the key passes through is in memory only. PKCS12, the default, would encrypt it there with
        // 10,000 rounds of
        // a hash and decrypt it at once: some 200 ms for each certificate while the JVM is cold, on each load and each
        // rotation.
        builder.keyStoreType("JKS")
                .sslProvider(engine.provider())
                .protocols(parameters.protocols())
                .ciphers(ciphers, IdentityCipherSuiteFilter.INSTANCE_DEFAULTING_TO_SUPPORTED_CIPHERS)
                .trustManager(verifier);
        if (openSsl) {
            builder.option(OpenSslContextOption.USE_TASKS, false);
            builder.option(OpenSslContextOption.GROUPS, parameters.groups().toArray(new String[0]));
        }
        if (!alpn.isEmpty()) {
            builder.applicationProtocolConfig(new ApplicationProtocolConfig(
                    ApplicationProtocolConfig.Protocol.ALPN,
                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                    ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                    alpn));
        }
        try {
            return builder.build();
        } catch (SSLException | IllegalArgumentException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new ConfigException("Failed to initialize TLS: " + cause.getMessage());
        }
    }

    /** The handler of a connection that was accepted. */
    SslHandler newHandler(ByteBufAllocator alloc) {
        return prepared(context.newHandler(alloc));
    }

    /** The handler of a connection to {@code to}, that asks for {@code serverName} when it is not empty. */
    SslHandler newHandler(ByteBufAllocator alloc, SocketAddress to, String serverName) {
        // Sessions are kept by host and port; without a name, the address has to be the host.
        InetSocketAddress ip = to instanceof InetSocketAddress i ? i : null;
        String host = !serverName.isEmpty()
                ? serverName
                : ip == null ? to.toString() : NetUtil.toAddressString(ip.getAddress());
        SslHandler handler = prepared(context.newHandler(alloc, host, ip == null ? 1 : ip.getPort()));
        if (!serverName.isEmpty() && isHostName(serverName)) {
            SSLParameters parameters = handler.engine().getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(serverName.getBytes(StandardCharsets.US_ASCII))));
            handler.engine().setSSLParameters(parameters);
        }
        return handler;
    }

    private static boolean isHostName(String name) {
        try {
            new SNIHostName(name.getBytes(StandardCharsets.US_ASCII));
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private SslHandler prepared(SslHandler handler) {
        // Envoy has no limit of its own either: transport_socket_connect_timeout and connect_timeout are above us.
        handler.setHandshakeTimeoutMillis(0);
        if (handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            openSsl(engine);
        } else if (clientOrder) {
            SSLParameters p = handler.engine().getSSLParameters();
            p.setUseCipherSuitesOrder(false);
            handler.engine().setSSLParameters(p);
        }
        return handler;
    }

    /** What Netty has no setting for has to be said to each connection. */
    private void openSsl(ReferenceCountedOpenSslEngine engine) {
        if (cipherGroups != null) {
            try {
                SSL.setCipherSuites(engine.sslPointer(), cipherGroups, false);
            } catch (Exception e) {
                throw new IllegalStateException("cipher suites " + cipherGroups, e);
            }
        }
        if (clientOrder) {
            SSL.clearOptions(engine.sslPointer(), SSL.SSL_OP_CIPHER_SERVER_PREFERENCE);
        }
    }
}
