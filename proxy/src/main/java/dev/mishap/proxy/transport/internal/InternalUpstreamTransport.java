package dev.mishap.proxy.transport.internal;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.transport.ProxiedConnection;
import dev.mishap.proxy.transport.UpstreamTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells the internal listener that a connection goes to some metadata of the endpoint or the cluster, and the filter state of the
 * connection that it is for; then leaves it to the transport inside.
 */
public final class InternalUpstreamTransport implements UpstreamTransport {
    private static final String TYPES = "envoy.extensions.transport_sockets.internal_upstream.v3.";
    /** The message that configures it. */
    public static final String TYPE = TYPES + "InternalUpstreamTransport";

    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(TYPE).supported("passthrough_metadata", "transport_socket"),
            SupportedFields.of(TYPE + ".MetadataValueSource").supported("kind", "name"));

    private final @Nullable UpstreamTransport inside;
    private final List<String> ofHost;
    private final Map<String, Map<String, Object>> ofCluster;
    private final Counter missing;
    /** How many namespaces each connection lacks of those that the cluster is asked for. */
    private final int missingOfCluster;

    private InternalUpstreamTransport(
            @Nullable UpstreamTransport inside,
            List<String> ofHost,
            Map<String, Map<String, Object>> ofCluster,
            int missingOfCluster,
            Counter missing) {
        this.inside = inside;
        this.ofHost = List.copyOf(ofHost);
        this.ofCluster = Map.copyOf(ofCluster);
        this.missingOfCluster = missingOfCluster;
        this.missing = missing;
    }

    /**
     * Reads {@code InternalUpstreamTransport}.
     *
     * @param inside the transport of its {@code transport_socket}; null for plain bytes
     * @param cluster whose transport it is
     * @param scope {@code cluster.<name>.}
     */
    public static UpstreamTransport from(
            ConfigNode node, @Nullable UpstreamTransport inside, ConfigNode cluster, Scope scope) {
        List<String> ofHost = new ArrayList<>();
        Map<String, Map<String, Object>> ofCluster = new LinkedHashMap<>();
        int lacking = 0;
        for (ConfigNode source : node.messages("passthrough_metadata")) {
            String kind = source.required("kind").oneof("kind");
            String name = source.string("name");
            if ("host".equals(kind)) {
                ofHost.add(name);
            } else if ("cluster".equals(kind)) {
                Map<String, Object> fields = metadata(cluster, name);
                if (fields == null) {
                    lacking++;
                } else {
                    ofCluster.put(name, fields);
                }
            } else {
                throw new ConfigException("metadata type is not supported: " + kind + " {}");
            }
        }
        return new InternalUpstreamTransport(
                inside, ofHost, ofCluster, lacking, scope.counter("internal_upstream.no_metadata"));
    }

    private static @Nullable Map<String, Object> metadata(ConfigNode cluster, String namespace) {
        ConfigNode metadata = cluster.message("metadata");
        if (metadata != null
                && metadata.struct("filter_metadata") instanceof Map<?, ?> all
                && all.get(namespace) instanceof Map<?, ?> given) {
            Map<String, Object> fields = new LinkedHashMap<>();
            given.forEach((key, value) -> fields.put(String.valueOf(key), value));
            return fields;
        }
        return null;
    }

    @Override
    public Future<Channel> install(
            Channel channel,
            SocketAddress to,
            String hostname,
            Map<String, Map<String, Object>> metadata,
            Options options) {
        if (channel instanceof InternalChannel internal) {
            Map<String, Map<String, Object>> told = new LinkedHashMap<>();
            missing.add(missingOfCluster);
            for (String namespace : ofHost) {
                Map<String, Object> fields = metadata.get(namespace);
                if (fields == null) {
                    missing.inc();
                } else {
                    told.put(namespace, fields);
                }
            }
            told.putAll(ofCluster);
            internal.tell(told, options.filterState());
        }
        return inside == null ? whenActive(channel) : inside.install(channel, to, hostname, metadata, options);
    }

    private static Future<Channel> whenActive(Channel channel) {
        Promise<Channel> active = channel.eventLoop().newPromise();
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.fireChannelActive();
                ctx.pipeline().remove(this);
                active.trySuccess(ctx.channel());
            }
        });
        return active;
    }

    @Override
    public Future<Channel> install(Channel channel, SocketAddress to, String hostname, Options options) {
        return install(channel, to, hostname, Map.of(), options);
    }

    @Override
    public @Nullable String failure(Throwable cause) {
        return inside == null ? null : inside.failure(cause);
    }

    @Override
    public boolean negotiates() {
        return inside != null && inside.negotiates();
    }

    @Override
    public int bytesBefore(Channel channel, @Nullable ProxiedConnection downstream) {
        return inside == null ? 0 : inside.bytesBefore(channel, downstream);
    }

    @Override
    public boolean tellsOfDownstream() {
        return inside != null && inside.tellsOfDownstream();
    }
}
