package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import org.jspecify.annotations.Nullable;

/** A resource that arrived: read, and checked against its constraints and against what is supported. */
public final class Resource {
    private final String name;
    private final String version;
    private final ConfigNode config;
    private final @Nullable ConfigException refusal;

    /** @param refusal why it can't be honoured, or null when it can */
    Resource(String name, String version, ConfigNode config, @Nullable ConfigException refusal) {
        this.name = name;
        this.version = version;
        this.config = config;
        this.refusal = refusal;
    }

    /** What subscribers ask for. */
    public String name() {
        return name;
    }

    /** The resource's own version in a delta response, else that of its response. */
    public String version() {
        return version;
    }

    /** The resource as it came, whether it can be honoured or not. */
    public ConfigNode unchecked() {
        return config;
    }

    /**
     * The resource.
     *
     * @throws ConfigException when it holds what is not supported; other resources of its response are not affected
     */
    public ConfigNode config() {
        ConfigException e = refusal;
        if (e != null) {
            throw e;
        }
        return config;
    }
}
