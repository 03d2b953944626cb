package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigNode;
import org.jspecify.annotations.Nullable;

/** Makes access logs that go to a service instead of a file. */
@FunctionalInterface
public interface RemoteLogs {
    /** None. */
    RemoteLogs NONE = config -> null;

    /** What the first of both makes that knows the configuration. */
    static RemoteLogs of(RemoteLogs first, RemoteLogs second) {
        return config -> {
            AccessLog log = first.make(config);
            return log == null ? second.make(config) : log;
        };
    }

    /** The log of a {@code typed_config}, or null when it is none of these. */
    @Nullable
    AccessLog make(ConfigNode config);
}
