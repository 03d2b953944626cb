package dev.mishap.proxy.filter.network;

import dev.mishap.proxy.config.schema.ConfigNode;

/** A kind of network filter that is a gate, whose configuration can be replaced while connections live. */
public interface GateFilterExtension extends NetworkFilterExtension {
    /** A gate whose configuration comes and goes. */
    interface Gate extends ConnectionGate {
        /**
         * Makes a configuration ready, to be put in place by what is returned.
         *
         * @param filterName the name that the chain gives the filter
         * @throws dev.mishap.proxy.config.schema.ConfigException when the configuration can't be accepted
         */
        Runnable prepare(String filterName, ConfigNode config);

        /** There is no configuration any more. */
        void clear();
    }

    /** A gate that lets everything through until it is configured. */
    Gate gate(NetworkFilterContext context);

    @Override
    default boolean terminal() {
        return false;
    }

    @Override
    default GateFilterFactory parse(ConfigNode config, NetworkFilterContext context) {
        return parse(name(), config, context);
    }

    @Override
    default GateFilterFactory parse(String filterName, ConfigNode config, NetworkFilterContext context) {
        Gate gate = gate(context);
        gate.prepare(filterName, config).run();
        return () -> gate;
    }
}
