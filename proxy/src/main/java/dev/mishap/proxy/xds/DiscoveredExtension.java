package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigNode;

/** A place whose configuration is discovered. Called on the main loop. */
public interface DiscoveredExtension {
    /**
     * Makes a configuration ready, to be put in place by what is returned.
     *
     * @throws dev.mishap.proxy.config.schema.ConfigException when it can't be accepted
     */
    Runnable prepare(ConfigNode config);

    /** There is no configuration, or none any more: the default serves, if there is one. */
    void absent();

    /** Nothing came so far. */
    void absentAtFirst();
}
