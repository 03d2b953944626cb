package dev.mishap.proxy.listener;

import dev.mishap.proxy.filter.network.NetworkFilterExtension;
import dev.mishap.proxy.filter.network.hcm.HttpConnectionManagerExtension;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The network filters that are built in. To add one, add a line to {@link #ALL}. */
final class NetworkFilters {
    private static final List<NetworkFilterExtension> ALL = List.of(new HttpConnectionManagerExtension());

    private NetworkFilters() {}

    /** The filter whose configuration is the message {@code messageName}, or null. */
    static @Nullable NetworkFilterExtension byType(String messageName) {
        for (NetworkFilterExtension extension : ALL) {
            if (extension.typeUrl().equals(messageName)) {
                return extension;
            }
        }
        return null;
    }
}
