package dev.mishap.control.overlay;

import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import org.jspecify.annotations.Nullable;

/**
 * How control planes upstream are reached.
 *
 * @param channel clear text, TLS, or TLS with a certificate of our own
 * @param token what each stream is begun with; null = nothing
 * @param serverName what their certificates must be for; empty = the host of the address
 */
public record UpstreamAccess(
        ChannelCredentials channel, @Nullable CallCredentials token, String serverName) {
    /** Clear text, and no token. */
    public static final UpstreamAccess PLAIN = new UpstreamAccess(InsecureChannelCredentials.create(), null, "");
}
