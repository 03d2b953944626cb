package dev.mishap.proxy.server;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.filter.network.NetworkFilterContext;
import dev.mishap.proxy.http.DrainState;
import dev.mishap.proxy.listener.ChainLife;
import dev.mishap.proxy.listener.ListenerConfig;
import dev.mishap.proxy.listener.ListenerManager;
import dev.mishap.proxy.observe.stats.OwnedScope;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import dev.mishap.proxy.transport.internal.InternalListeners;
import dev.mishap.proxy.xds.Lifecycle;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Translates listeners, with what this process gives to their filters. Stats of a listener or filter chain end with it. */
final class ListenerContexts implements ListenerManager.Translator {
    private final StatsStore stats;
    private final Supplier<RuntimeSnapshot> runtime;
    private final Bootstrap.Node node;
    private final long seed;
    private final DrainState process;
    private final Services services;

    ListenerContexts(
            StatsStore stats,
            Supplier<RuntimeSnapshot> runtime,
            Bootstrap.Node node,
            long seed,
            DrainState process,
            Services services) {
        this.stats = stats;
        this.runtime = runtime;
        this.node = node;
        this.seed = seed;
        this.process = process;
        this.services = services;
    }

    @Override
    public ListenerConfig translate(
            ConfigNode config, Lifecycle life, Supplier<ChainLife> chains, @Nullable ListenerConfig before) {
        OwnedScope root = stats.owned("");
        life.onEnd(root::close);
        ListenerConfig.Contexts contexts = new ListenerConfig.Contexts() {
            @Override
            public NetworkFilterContext ofListener(ListenerConfig.Listening listening, ConfigNode listener) {
                return new Context(root, listening, listener, life, process);
            }

            @Override
            public InternalListeners internal() {
                return services.get(InternalListeners.class);
            }

            @Override
            public ChainLife newChain() {
                return chains.get();
            }

            @Override
            public NetworkFilterContext ofChain(
                    ListenerConfig.Listening listening, ConfigNode listener, ChainLife chain) {
                OwnedScope own = stats.owned("");
                chain.life().onEnd(own::close);
                return new Context(own, listening, listener, chain.life(), chain.drain());
            }
        };
        return ListenerConfig.from(config, root, contexts, before);
    }

    /** What the filters of one listener, or of one of its filter chains, are given. */
    private final class Context implements NetworkFilterContext {
        private final Scope root;
        private final ListenerConfig.Listening listening;
        private final Lifecycle life;
        private final DrainState own;

        private final boolean outbound;

        Context(Scope root, ListenerConfig.Listening listening, ConfigNode listener, Lifecycle life, DrainState own) {
            this.root = root;
            this.listening = listening;
            this.outbound = listener.enumName("traffic_direction").equals("OUTBOUND");
            this.life = life;
            this.own = own;
        }

        @Override
        public boolean outbound() {
            return outbound;
        }

        @Override
        public Scope root() {
            return root;
        }

        @Override
        public Scope listenerScope() {
            return root.scope(listening.scopeName());
        }

        @Override
        public String listenerName() {
            return listening.name();
        }

        @Override
        public int bufferLimit() {
            return listening.bufferLimit();
        }

        @Override
        public Supplier<RuntimeSnapshot> runtime() {
            return runtime;
        }

        @Override
        public String nodeId() {
            return node.id();
        }

        @Override
        public String nodeCluster() {
            return node.cluster();
        }

        @Override
        public long randomSeed() {
            return seed;
        }

        @Override
        public <T> T service(Class<T> type) {
            if (type == DrainState.class) {
                return type.cast(own);
            }
            return type == Lifecycle.class ? type.cast(life) : services.get(type);
        }
    }
}
