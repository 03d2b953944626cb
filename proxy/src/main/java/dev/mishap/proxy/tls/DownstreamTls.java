package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TransportSocketFactory;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.security.MessageDigest;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The TLS transport socket of a filter chain. Connections take the contexts of the moment at which they begin. */
final class DownstreamTls implements TransportSocketFactory {
    private static final Logger LOG = LoggerFactory.getLogger("secret");
    /** BoringSSL's words for a handshake that the server does not want to go on with. */
    private static final String REJECTED =
            "TLS_error:|268435582:SSL routines:OPENSSL_internal:CONNECTION_REJECTED:TLS_error_end";
    /** A record with the fatal alert handshake_failure. */
    private static final byte[] HANDSHAKE_FAILURE = {21, 3, 3, 0, 2, 2, 40};

    private final ServerTlsConfig config;
    private final TlsEngine engine;
    private final TlsStats stats;
    private final Counter notReady;
    private final Counter updates;
    private volatile @Nullable ServerCertificates certificates;

    /** @param listenerScope {@code listener.<address>.} */
    DownstreamTls(ServerTlsConfig config, Scope listenerScope, TlsEngine engine, CertificateReport report) {
        this.config = config;
        this.engine = engine;
        this.stats = new TlsStats(listenerScope);
        this.notReady = listenerScope.counter("server_ssl_socket_factory.downstream_context_secrets_not_ready");
        this.updates = listenerScope.counter("server_ssl_socket_factory.ssl_context_update_by_sds");
        listenerScope.counter("server_ssl_socket_factory.upstream_context_secrets_not_ready");
        report.add(this, config.common());
        load();
        config.common().onChange(this::reload);
        Secret<TicketKeys> tickets = config.tickets();
        if (tickets != null) {
            tickets.onChange(this::reload);
        }
    }

    private void reload() {
        try {
            load();
            updates.inc();
        } catch (ConfigException e) {
            LOG.warn("TLS context stays as it is: {}", e.getMessage());
        }
    }

    private void load() {
        if (!config.ready()) {
            return;
        }
        List<TlsCertificate> own = config.common().currentCertificates();
        TrustConfig trust = config.common().currentTrust();
        PeerVerifier verifier = new PeerVerifier(trust, stats, false, false, Clock.systemUTC());
        Secret<TicketKeys> tickets = config.tickets();
        byte[] sessionContext = sessionContext(own, trust);
        List<TlsContext> contexts = new ArrayList<>();
        for (TlsCertificate c : own) {
            config.ocsp().check(c);
            contexts.add(TlsContext.server(
                    config, c, trust, tickets == null ? null : tickets.get(), verifier, stats, engine, sessionContext));
        }
        certificates = new ServerCertificates(own, contexts, config.fullScan());
        Expirations.publish(stats, own, trust);
    }

    /** A session that was begun under another policy, or with another authority, is not to be resumed. */
    private static byte[] sessionContext(List<TlsCertificate> own, TrustConfig trust) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (TlsCertificate c : own) {
                Certificates.sans(c.leaf())
                        .forEach(s -> sha.update(s.value().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
                sha.update(c.leaf().getSubjectX500Principal().getEncoded());
                sha.update(c.leaf().getIssuerX500Principal().getEncoded());
            }
            for (X509Certificate authority : trust.authorities()) {
                sha.update(authority.getEncoded());
            }
            sha.update((trust.hashes() + "|" + trust.spkis() + "|" + trust.sans() + trust.acceptUntrusted())
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
            return sha.digest();
        } catch (java.security.NoSuchAlgorithmException | CertificateEncodingException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Future<?> install(Channel channel, ConnectionInfo connection) {
        Promise<Channel> ready = channel.eventLoop().newPromise();
        connection.secure = true;
        ServerCertificates now = certificates;
        if (now == null) {
            notReady.inc();
            connection.transportFailureReason = "TLS error: Secret is not supplied by SDS";
            channel.close();
            return ready.setFailure(new java.nio.channels.ClosedChannelException());
        }
        TlsContext only = now.only();
        if (only != null) {
            SslHandler handler = only.newHandler(channel.alloc());
            TlsConnection behind = behind(channel, handler, only, connection, ready);
            channel.pipeline().addLast(behind.first(), behind.resets(), handler, behind);
        } else {
            channel.pipeline().addLast(new ServerHandshake((ctx, hello) -> choose(ctx, now, hello, connection, ready)));
        }
        return ready;
    }

    private boolean choose(
            ChannelHandlerContext ctx,
            ServerCertificates now,
            ClientHello hello,
            ConnectionInfo connection,
            Promise<Channel> ready) {
        Channel channel = ctx.channel();
        int index = now.index(hello);
        OcspPolicy.Action action = config.ocsp().action(now.certificate(index), hello.asksStatus(), Instant.now());
        count(action);
        if (action == OcspPolicy.Action.FAIL) {
            stats.connectionError.inc();
            connection.transportFailureReason = REJECTED;
            ready.tryFailure(new SSLHandshakeException("the certificate's OCSP response has expired"));
            ctx.writeAndFlush(Unpooled.wrappedBuffer(HANDSHAKE_FAILURE)).addListener(ChannelFutureListener.CLOSE);
            return false;
        }
        TlsContext context = now.context(index);
        SslHandler handler = context.newHandler(channel.alloc());
        byte[] staple = action == OcspPolicy.Action.STAPLE ? OcspPolicy.staple(now.certificate(index)) : null;
        if (staple != null && handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            engine.setOcspResponse(staple);
        }
        TlsConnection behind = behind(channel, handler, context, connection, ready);
        channel.pipeline().addAfter(ctx.name(), null, behind);
        channel.pipeline().addAfter(ctx.name(), null, handler);
        channel.pipeline().addAfter(ctx.name(), null, behind.resets());
        channel.pipeline().addAfter(ctx.name(), null, behind.first());
        return true;
    }

    private void count(OcspPolicy.Action action) {
        if (action == OcspPolicy.Action.NONE) {
            return;
        }
        stats.ocspStapleRequests.inc();
        switch (action) {
            case STAPLE -> stats.ocspStapleResponses.inc();
            case OMIT -> stats.ocspStapleOmitted.inc();
            default -> stats.ocspStapleFailed.inc();
        }
    }

    private static TlsConnection behind(
            Channel channel,
            SslHandler handler,
            TlsContext context,
            ConnectionInfo connection,
            Promise<Channel> ready) {
        KeyLog keyLog = context.keyLog();
        if (keyLog != null) {
            keyLog.follow(handler, () -> connection.localAddress, () -> connection.remoteAddress, ready);
        }
        return new TlsConnection(
                channel,
                handler,
                context,
                TlsConnection.owner(
                        session -> connection.tls = session, reason -> connection.transportFailureReason = reason),
                ready);
    }

    @Override
    public String protocol() {
        return "tls";
    }
}
