package dev.mishap.proxy.dns.cache;

import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One host of a {@link HostCache}. What any loop may read is volatile; the rest is the main loop's. */
public final class CachedHost {
    final String key;
    final String name;
    final int port;
    /** Those who wait for the first answer. */
    final List<Runnable> waiting = new ArrayList<>(1);

    @Nullable
    Future<?> timer;

    /** Counts questions, so that an answer that comes too late is known. */
    int question;

    long failureWait;

    volatile List<InetSocketAddress> addresses = List.of();
    volatile String failure = "";
    volatile boolean answered;
    volatile long usedNanos;

    CachedHost(String key, String name, int port, long now) {
        this.key = key;
        this.name = name;
        this.port = port;
        this.usedNanos = now;
    }

    /** The host with its port. */
    public String key() {
        return key;
    }

    /** Whether there was an answer, be it a good one or not. */
    public boolean answered() {
        return answered;
    }

    /** Where the host is; null when that is not known. */
    public @Nullable InetSocketAddress address() {
        List<InetSocketAddress> all = addresses;
        return all.isEmpty() ? null : all.get(0);
    }

    /** {@link #address} and the others of the answer, which are tried when it can't be reached. */
    public List<InetSocketAddress> addresses() {
        return addresses;
    }

    /** Why there is no address, as {@code %RESPONSE_CODE_DETAILS%} tells it. */
    public String failure() {
        return failure;
    }
}
