package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.CertificateInfo;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.transport.TransportSocketFactory;
import dev.mishap.proxy.transport.UpstreamTransport;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the TLS sockets of both sides. Loaded when the first configuration names TLS. One a process. */
public final class Tls {
    private static final Logger LOG = LoggerFactory.getLogger("config");

    private final Secrets secrets;
    private final TlsEngine engine;
    private final CertificateReport report = new CertificateReport(Clock.systemUTC());

    private Tls(TransportContext context) {
        this(context, TlsEngine.best());
        LOG.info("TLS by {}", engine.description());
    }

    Tls(TransportContext context, TlsEngine engine) {
        this.secrets = Secrets.of(context);
        this.engine = engine;
        context.give(CertificateInfo.class, report);
    }

    /** That of the process. */
    public static Tls of(TransportContext context) {
        return context.shared(Tls.class, Tls::new);
    }

    /** Reads the bootstrap's secrets, so that what is wrong with one is told although nobody names it. */
    public void checkSecrets() {
        secrets.check();
    }

    /**
     * The socket of a {@code DownstreamTlsContext}.
     *
     * @param listenerScope {@code listener.<address>.}
     * @param owner who waits for secrets that SDS delivers, or null when there can be none
     * @throws ConfigException when it can't be accepted
     */
    public TransportSocketFactory downstream(
            ConfigNode config, Scope listenerScope, SecretDelivery.@Nullable Owner owner) {
        return new DownstreamTls(ServerTlsConfig.from(config, secrets, owner, engine), listenerScope, engine, report);
    }

    /**
     * The socket of an {@code UpstreamTlsContext}.
     *
     * @param clusterScope {@code cluster.<name>.}
     * @throws ConfigException when it can't be accepted
     */
    public UpstreamTransport upstream(ConfigNode config, Scope clusterScope, SecretDelivery.@Nullable Owner owner) {
        return new UpstreamTls(ClientTlsConfig.from(config, secrets, owner, engine), clusterScope, engine, report);
    }
}
