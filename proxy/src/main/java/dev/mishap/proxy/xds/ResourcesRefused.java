package dev.mishap.proxy.xds;

import dev.mishap.proxy.config.schema.ConfigException;
import java.util.Map;

/** Some resources of a response can't be accepted; the others of it are applied. */
public final class ResourcesRefused extends ConfigException {
    private static final long serialVersionUID = 1L;

    private final transient Map<String, String> reasons;

    /**
     * @param message of all
     * @param reasons why, by name
     */
    public ResourcesRefused(String message, Map<String, String> reasons) {
        super(message);
        this.reasons = Map.copyOf(reasons);
    }

    /** Why, by name. */
    Map<String, String> reasons() {
        return reasons;
    }
}
