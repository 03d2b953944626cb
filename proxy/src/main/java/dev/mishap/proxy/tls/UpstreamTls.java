package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.SocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The TLS transport socket of a cluster's connections. */
final class UpstreamTls implements UpstreamTransport {
    private static final Logger LOG = LoggerFactory.getLogger("secret");

    private final ClientTlsConfig config;
    private final TlsEngine engine;
    private final TlsStats stats;
    private final Counter notReady;
    private final Counter updates;
    private volatile Map<Key, TlsContext> contexts = Map.of();

    /** What makes a context of its own, since the engine takes it by the context. */
    private record Key(List<String> alpn, boolean verifyName) {}

    /** @param clusterScope {@code cluster.<name>.} */
    UpstreamTls(ClientTlsConfig config, Scope clusterScope, TlsEngine engine, CertificateReport report) {
        this.config = config;
        this.engine = engine;
        this.stats = new TlsStats(clusterScope);
        this.notReady = clusterScope.counter("client_ssl_socket_factory.upstream_context_secrets_not_ready");
        this.updates = clusterScope.counter("client_ssl_socket_factory.ssl_context_update_by_sds");
        clusterScope.counter("client_ssl_socket_factory.downstream_context_secrets_not_ready");
        report.add(this, config.common());
        load();
        config.common().onChange(this::reload);
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
        if (!config.common().ready()) {
            return;
        }
        Map<Key, TlsContext> next = new ConcurrentHashMap<>();
        for (Key key : contexts.isEmpty()
                ? List.of(new Key(config.common().alpn(), config.autoSniSanValidation()))
                : contexts.keySet()) {
            next.put(key, context(key));
        }
        contexts = next;
        Expirations.publish(
                stats, config.common().currentCertificates(), config.common().currentTrust());
    }

    private TlsContext context(Key key) {
        TrustConfig trust = config.common().currentTrust();
        List<TlsCertificate> own = config.common().currentCertificates();
        PeerVerifier verifier =
                new PeerVerifier(trust, stats, key.verifyName(), config.enforceRsaKeyUsage(), Clock.systemUTC());
        return TlsContext.client(config, own.isEmpty() ? null : own.get(0), key.alpn(), verifier, stats, engine);
    }

    @Override
    public Future<Channel> install(Channel channel, SocketAddress to, String hostname, Options options) {
        Promise<Channel> ready = channel.eventLoop().newPromise();
        Map<Key, TlsContext> now = contexts;
        if (now.isEmpty()) {
            notReady.inc();
            return ready.setFailure(new NotReady());
        }
        List<String> alpn = !options.instead().isEmpty()
                ? options.instead()
                : config.common().alpn().isEmpty()
                        ? options.applicationProtocols()
                        : config.common().alpn();
        boolean verify = options.verifyName() || config.autoSniSanValidation();
        TlsContext context = now.computeIfAbsent(new Key(alpn, verify), this::context);
        SslHandler handler = context.newHandler(channel.alloc(), to, serverName(hostname, options));
        KeyLog keyLog = context.keyLog();
        if (keyLog != null) {
            keyLog.follow(handler, channel::localAddress, channel::remoteAddress, ready);
        }
        TlsConnection behind = new TlsConnection(
                channel,
                handler,
                context,
                TlsConnection.owner(session -> channel.attr(SESSION).set(session), reason -> {
                    // the promise's failure tells it
                }),
                ready);
        channel.pipeline().addLast(behind.resets(), handler, behind);
        return ready;
    }

    private String serverName(String hostname, Options options) {
        String wanted = options.serverName();
        if (wanted != null) {
            return wanted;
        }
        return config.autoHostSni() && !hostname.isEmpty() ? hostname : config.sni();
    }

    /** The secrets of the context have not come yet. */
    private static final class NotReady extends Exception {
        private static final long serialVersionUID = 1L;

        NotReady() {
            super("TLS error: Secret is not supplied by SDS", null, false, false);
        }
    }

    @Override
    public @Nullable String failure(Throwable cause) {
        return cause instanceof NotReady ? cause.getMessage() : TlsFailure.text(cause);
    }

    @Override
    public boolean negotiates() {
        return true;
    }
}
