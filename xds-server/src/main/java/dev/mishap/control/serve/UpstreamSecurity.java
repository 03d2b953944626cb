package dev.mishap.control.serve;

import dev.mishap.control.overlay.UpstreamAccess;
import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the control planes upstream of an overlay are reached.
 *
 * @param tls whether by TLS; files make it so
 * @param authority PEM: what signs their certificates; null = who this machine trusts
 * @param certificate PEM, our own; null = none
 * @param key PEM, of that certificate
 * @param serverName what their certificates must be for; empty = the host of the address
 * @param token a file with the token that a stream is begun with; null = none
 */
public record UpstreamSecurity(
        boolean tls,
        @Nullable Path authority,
        @Nullable Path certificate,
        @Nullable Path key,
        String serverName,
        @Nullable Path token) {
    /** Clear text, and no token. */
    public static final UpstreamSecurity NONE = new UpstreamSecurity(false, null, null, null, "", null);

    private static final long RELOAD_SECONDS = 5;
    private static final Pattern LOOPBACK = Pattern.compile("(localhost|127(\\.[0-9]+){3}|\\[::1]):[0-9]+");

    public UpstreamSecurity {
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException("--upstream-xds-cert and --upstream-xds-key are given together");
        }
        tls |= authority != null || certificate != null || !serverName.isEmpty();
    }

    /**
     * Refuses what cannot be meant.
     *
     * @param upstreams {@code host:port} each
     */
    void check(List<String> upstreams) {
        if (upstreams.isEmpty() && !equals(NONE)) {
            throw new IllegalArgumentException(
                    "--upstream-xds-… flags say how --upstream-xds is reached, which is not given");
        }
        if (token != null
                && !tls
                && !upstreams.stream().allMatch(u -> LOOPBACK.matcher(u).matches())) {
            throw new IllegalArgumentException(
                    "--upstream-xds-token-file: a token is not sent in clear text beyond this machine; add --upstream-xds-tls");
        }
    }

    /**
     * Reads the files.
     *
     * @param reloader on which they are read again when they change
     * @throws IOException naming the file that cannot be used
     */
    UpstreamAccess open(ScheduledExecutorService reloader) throws IOException {
        CallCredentials bearer = token == null ? null : TokenFile.read(token);
        return new UpstreamAccess(channel(reloader), bearer, serverName);
    }

    private ChannelCredentials channel(ScheduledExecutorService reloader) throws IOException {
        if (!tls) {
            return InsecureChannelCredentials.create();
        }
        TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
        Path read = authority;
        try {
            if (read != null) {
                AdvancedTlsX509TrustManager trust =
                        AdvancedTlsX509TrustManager.newBuilder().build();
                trust.updateTrustCredentials(read.toFile(), RELOAD_SECONDS, TimeUnit.SECONDS, reloader);
                credentials.trustManager(trust);
            }
            Path own = certificate;
            Path secret = key;
            if (own != null && secret != null) {
                read = own;
                AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
                keys.updateIdentityCredentials(
                        own.toFile(), secret.toFile(), RELOAD_SECONDS, TimeUnit.SECONDS, reloader);
                credentials.keyManager(keys);
            }
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(read + ": cannot be used to reach --upstream-xds: " + e.getMessage(), e);
        }
        return credentials.build();
    }
}
