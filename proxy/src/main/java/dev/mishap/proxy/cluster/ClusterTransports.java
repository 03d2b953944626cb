package dev.mishap.proxy.cluster;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.tls.Tls;
import dev.mishap.proxy.transport.SecretDelivery;
import dev.mishap.proxy.transport.TransportContext;
import dev.mishap.proxy.transport.UpstreamTransport;
import dev.mishap.proxy.transport.internal.InternalUpstreamTransport;
import dev.mishap.proxy.transport.proxyprotocol.ProxyProtocolTransport;
import dev.mishap.proxy.xds.InitManager;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The transport sockets of a cluster: {@code transport_socket_matches}, of which the first that the metadata of an endpoint agrees
 * with is its own, else the first that the metadata of its locality agrees with, and {@code transport_socket} for the others. Immutable.
 */
public final class ClusterTransports {
    public static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of("envoy.config.cluster.v3.Cluster.TransportSocketMatch")
                    .supported("name", "match", "transport_socket"));

    /** Where the metadata of an endpoint says which transport it has. */
    public static final String NAMESPACE = "envoy.transport_socket_match";

    private static final String TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
    private static final String RAW_BUFFER = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

    private final List<Match> matches;
    private final @Nullable UpstreamTransport byDefault;
    private final Lifecycle secrets;
    private final Counter defaultCount;

    private record Match(Map<?, ?> criteria, @Nullable UpstreamTransport transport, Counter count) {
        boolean matches(Map<String, Object> metadata) {
            for (Map.Entry<?, ?> e : criteria.entrySet()) {
                if (!java.util.Objects.equals(e.getValue(), metadata.get(String.valueOf(e.getKey())))) {
                    return false;
                }
            }
            return true;
        }
    }

    private ClusterTransports(
            List<Match> matches, @Nullable UpstreamTransport byDefault, Scope scope, Lifecycle secrets) {
        this.secrets = secrets;
        this.matches = List.copyOf(matches);
        this.byDefault = byDefault;
        this.defaultCount = scope.counter("default.total_match_count");
    }

    /** Plain bytes for all endpoints. */
    static ClusterTransports plain(Scope scope) {
        return new ClusterTransports(List.of(), null, scope, new Lifecycle(new InitManager("secrets")));
    }

    /**
     * Reads those of a cluster.
     *
     * @param scope {@code cluster.<name>.}
     */
    static ClusterTransports from(ConfigNode cluster, Scope scope, @Nullable TransportContext context) {
        Lifecycle secrets = new Lifecycle(new InitManager("secrets of " + cluster.string("name")));
        SecretDelivery.Owner owner = new SecretDelivery.Owner(secrets);
        UpstreamTransport byDefault = transport(cluster.message("transport_socket"), cluster, scope, context, owner);
        if (UpstreamHttpTranslator.asksByAlpn(cluster) && (byDefault == null || !byDefault.negotiates())) {
            throw new ConfigException(
                    "ALPN configured for cluster " + cluster.string("name") + " which has a non-ALPN transport socket");
        }
        List<Match> matches = new ArrayList<>();
        for (ConfigNode match : cluster.messages("transport_socket_matches")) {
            if (!match.has("transport_socket")) {
                throw match.error(
                        "transport_socket", "Didn't find a registered implementation for '' with type URL: ''");
            }
            Object criteria = match.struct("match");
            matches.add(new Match(
                    criteria instanceof Map<?, ?> map ? map : Map.of(),
                    transport(match.message("transport_socket"), cluster, scope, context, owner),
                    scope.counter(match.string("name") + ".total_match_count")));
        }
        return new ClusterTransports(matches, byDefault, scope, secrets);
    }

    private static @Nullable UpstreamTransport transport(
            @Nullable ConfigNode socket,
            ConfigNode cluster,
            Scope scope,
            @Nullable TransportContext context,
            SecretDelivery.Owner owner) {
        if (socket == null) {
            return null;
        }
        ConfigNode config = socket.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (type.equals(RAW_BUFFER)) {
            return null;
        }
        if (config != null && type.equals(ProxyProtocolTransport.TYPE)) {
            return ProxyProtocolTransport.from(
                    config, transport(config.message("transport_socket"), cluster, scope, context, owner));
        }
        if (config != null && type.equals(InternalUpstreamTransport.TYPE)) {
            return InternalUpstreamTransport.from(
                    config,
                    transport(config.message("transport_socket"), cluster, scope, context, owner),
                    cluster,
                    scope);
        }
        if (config != null && type.equals(TLS) && context != null) {
            return Tls.of(context).upstream(config, scope, owner);
        }
        throw new ConfigException("Didn't find a registered implementation for '" + socket.string("name")
                + "' with type URL: '" + type + "'");
    }

    /** What the cluster waits for before it may be used: secrets that are discovered. */
    InitManager secrets() {
        return secrets.init();
    }

    /** The cluster is gone: its secrets are followed no longer. */
    void end() {
        secrets.end();
    }

    /** The transport of {@code endpoint}, null for plain bytes. */
    @Nullable
    UpstreamTransport of(Endpoint endpoint) {
        Match m = match(endpoint);
        return m == null ? byDefault : m.transport();
    }

    /** Counts that {@code endpoint} was given its transport. */
    void count(Endpoint endpoint) {
        Match m = match(endpoint);
        (m == null ? defaultCount : m.count()).inc();
    }

    private @Nullable Match match(Endpoint endpoint) {
        if (!matches.isEmpty()) {
            Match own = match(endpoint.metadata());
            return own == null ? match(endpoint.localityMetadata()) : own;
        }
        return null;
    }

    private @Nullable Match match(Map<String, Map<String, Object>> metadata) {
        Map<String, Object> properties = metadata.get(NAMESPACE);
        for (Match m : matches) {
            if (m.matches(properties == null ? Map.of() : properties)) {
                return m;
            }
        }
        return null;
    }
}
