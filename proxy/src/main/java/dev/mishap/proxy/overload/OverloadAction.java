package dev.mishap.proxy.overload;

import org.jspecify.annotations.Nullable;

/** The actions of {@code envoy.config.overload.v3.OverloadAction} that this proxy takes. */
enum OverloadAction {
    STOP_ACCEPTING_REQUESTS,
    DISABLE_HTTP_KEEPALIVE,
    STOP_ACCEPTING_CONNECTIONS,
    REJECT_INCOMING_CONNECTIONS,
    SHRINK_HEAP;

    private static final String PREFIX = "envoy.overload_actions.";

    final String configName = PREFIX + name().toLowerCase(java.util.Locale.ROOT);

    static @Nullable OverloadAction of(String name) {
        for (OverloadAction a : values()) {
            if (a.configName.equals(name)) {
                return a;
            }
        }
        return null;
    }
}
