package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.ConnectionGate;
import dev.mishap.proxy.filter.network.GateFilterExtension;
import dev.mishap.proxy.filter.network.GateFilterFactory;
import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.NetworkFilterFactory;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.xds.DiscoveredExtension;
import dev.mishap.proxy.xds.ExtensionConfigs;
import dev.mishap.proxy.xds.Lifecycle;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One place in a chain of network filters whose configuration is discovered. A connection takes the configuration of the moment when it
 * reaches the place, by one volatile read, and is closed when there is none; a gate's is replaced under the connections that are open.
 */
final class DiscoveredNetworkFilter implements DiscoveredExtension {
    /** How a configuration comes into place. */
    private interface Place {
        Runnable prepare(NetworkFilterExtension extension, ConfigNode config);

        void clear();

        NetworkFilterFactory factory();
    }

    private final String name;
    private final boolean last;
    private final List<NetworkFilterExtension> extensions = new ArrayList<>();
    private final Place place;
    private final @Nullable ConfigNode byDefault;
    private boolean present;

    private DiscoveredNetworkFilter(String name, ConfigNode discovery, boolean last, NetworkFilterContext context) {
        this.name = name;
        this.last = last;
        for (String url : discovery.strings("type_urls")) {
            String type = url.substring(url.lastIndexOf('/') + 1);
            NetworkFilterExtension extension = NetworkFilters.byType(type);
            if (extension == null) {
                throw new ConfigException("Error: no filter factory found for a required type URL " + type + ".");
            }
            NetworkFilters.requirePlace(name, extension, last);
            extensions.add(extension);
        }
        place = place(discovery, context);
        byDefault = discovery.message("default_config");
        boolean at = discovery.bool("apply_default_config_without_warming", false);
        if (byDefault != null) {
            Runnable put = prepare(byDefault);
            if (at) {
                put.run();
            }
        } else if (at) {
            throw new ConfigException(
                    "Error: filter config " + name + " applied without warming but has no default config.");
        }
    }

    /** @param discovery {@code envoy.config.core.v3.ExtensionConfigSource} */
    static NetworkFilterFactory of(String name, ConfigNode discovery, boolean last, NetworkFilterContext context) {
        DiscoveredNetworkFilter filter = new DiscoveredNetworkFilter(name, discovery, last, context);
        context.service(ExtensionConfigs.class)
                .add("network_filter", name, discovery, filter, context.service(Lifecycle.class));
        return filter.place.factory();
    }

    private Place place(ConfigNode discovery, NetworkFilterContext context) {
        Counter missing = context.listenerScope().counter("network_extension_config_missing");
        if (last) {
            return new Terminal(missing, context);
        }
        boolean gate = extensions.get(0) instanceof GateFilterExtension;
        if (gate && extensions.size() > 1) {
            throw discovery.error(
                    "type_urls", extensions.get(0).typeUrl() + " cannot share a place with filters of other types");
        }
        for (NetworkFilterExtension each : extensions) {
            if (each instanceof GateFilterExtension g && !gate) {
                throw discovery.error("type_urls", g.typeUrl() + " cannot share a place with filters of other types");
            }
        }
        return gate
                ? new OfGate(((GateFilterExtension) extensions.get(0)).gate(context), missing)
                : new Passing(missing, context);
    }

    @Override
    public Runnable prepare(ConfigNode config) {
        String type = config.messageName();
        for (NetworkFilterExtension extension : extensions) {
            if (extension.typeUrl().equals(type)) {
                Runnable put = place.prepare(extension, config);
                return () -> {
                    present = true;
                    put.run();
                };
            }
        }
        throw new ConfigException("Error: filter config has type URL " + type + " but expect "
                + String.join(
                        ", ",
                        extensions.stream().map(NetworkFilterExtension::typeUrl).toList())
                + ".");
    }

    @Override
    public void absent() {
        present = false;
        if (byDefault == null) {
            place.clear();
        } else {
            prepare(byDefault).run();
        }
    }

    @Override
    public void absentAtFirst() {
        if (!present) {
            absent();
        }
    }

    /** The last filter of a chain. */
    private final class Terminal implements Place, TerminalFilterFactory {
        private final Counter missing;
        private final NetworkFilterContext context;
        private volatile @Nullable TerminalFilterFactory now;

        Terminal(Counter missing, NetworkFilterContext context) {
            this.missing = missing;
            this.context = context;
        }

        @Override
        public Runnable prepare(NetworkFilterExtension extension, ConfigNode config) {
            TerminalFilterFactory parsed = (TerminalFilterFactory) extension.parse(name, config, context);
            return () -> now = parsed;
        }

        @Override
        public void clear() {
            now = null;
        }

        @Override
        public NetworkFilterFactory factory() {
            return this;
        }

        @Override
        public void install(Channel channel, ConnectionInfo connection) {
            TerminalFilterFactory filter = now;
            if (filter == null) {
                missing.inc();
                channel.close();
            } else {
                filter.install(channel, connection);
            }
        }

        @Override
        public @Nullable String cluster() {
            TerminalFilterFactory filter = now;
            return filter == null ? null : filter.cluster();
        }

        @Override
        public boolean halfCloses() {
            TerminalFilterFactory filter = now;
            return filter != null && filter.halfCloses();
        }
    }

    /** A filter on the way. */
    private final class Passing implements Place {
        private final NetworkFilterContext context;
        private final PassingFilterFactory none;
        private volatile PassingFilterFactory now;

        Passing(Counter missing, NetworkFilterContext context) {
            this.context = context;
            none = () -> connection -> {
                missing.inc();
                connection.closeNow("");
                return NetworkFilter.Status.STOP;
            };
            now = none;
        }

        @Override
        public Runnable prepare(NetworkFilterExtension extension, ConfigNode config) {
            PassingFilterFactory parsed = (PassingFilterFactory) extension.parse(name, config, context);
            return () -> now = parsed;
        }

        @Override
        public void clear() {
            now = none;
        }

        @Override
        public NetworkFilterFactory factory() {
            return (PassingFilterFactory) () -> now.create();
        }
    }

    /** A gate, which stays the same under its configurations. */
    private final class OfGate implements Place, ConnectionGate {
        private final GateFilterExtension.Gate gate;
        private final Counter missing;
        private volatile boolean configured;

        OfGate(GateFilterExtension.Gate gate, Counter missing) {
            this.gate = gate;
            this.missing = missing;
        }

        @Override
        public Runnable prepare(NetworkFilterExtension extension, ConfigNode config) {
            Runnable put = gate.prepare(name, config);
            return () -> {
                configured = true;
                put.run();
            };
        }

        @Override
        public void clear() {
            configured = false;
            gate.clear();
        }

        @Override
        public NetworkFilterFactory factory() {
            return (GateFilterFactory) () -> this;
        }

        @Override
        public boolean isIdle() {
            return configured && gate.isIdle();
        }

        @Override
        public void admit(
                Channel channel,
                ConnectionInfo info,
                String listener,
                TerminalFilterFactory terminal,
                Runnable proceed) {
            if (configured) {
                gate.admit(channel, info, listener, terminal, proceed);
            } else {
                missing.inc();
                channel.close();
            }
        }

        @Override
        public void reconsider(Channel channel, ConnectionInfo info, String listener, TerminalFilterFactory terminal) {
            gate.reconsider(channel, info, listener, terminal);
        }
    }
}
