package dev.mishap.proxy.config;

import dev.mishap.proxy.config.schema.ConfigNode;

/** {@code transport_api_version} of whatever names a gRPC service: AUTO means V3, and there is nothing else. */
public final class TransportVersion {
    private TransportVersion() {}

    /** Refuses V2. */
    public static void check(ConfigNode holder) {
        if (holder.enumName("transport_api_version").equals("V2")) {
            throw holder.error(
                    "transport_api_version",
                    "V2 xDS transport protocol version is deprecated. The v2 xDS major version has been removed and is no longer"
                            + " supported.");
        }
    }
}
