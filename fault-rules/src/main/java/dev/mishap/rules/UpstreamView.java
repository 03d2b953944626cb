package dev.mishap.rules;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** What the rules may know of one of the proxy's own connections. */
public interface UpstreamView {
    /** The cluster that it belongs to. */
    String cluster();

    /** The endpoint's address; null when that is not an IP address. */
    @Nullable
    InetAddress address();

    /** The endpoint's port; 0 when it has none. */
    int port();

    /** The endpoint's locality; {@code ""} when unknown. */
    String region();

    /** See {@link #region}. */
    String zone();

    /** See {@link #region}. */
    String subZone();

    /** A label of the endpoint's as text, or null. */
    @Nullable
    String label(String name);
}
