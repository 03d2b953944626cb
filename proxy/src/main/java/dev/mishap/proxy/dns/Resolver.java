package dev.mishap.proxy.dns;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns names into addresses. The callback runs on the resolver's loop. */
public interface Resolver extends AutoCloseable {
    /** Asks for the addresses of {@code name}, which may be an IP address already. */
    void resolve(String name, LookupFamily family, Callback callback);

    @Override
    void close();

    /** Told once a question. */
    @FunctionalInterface
    interface Callback {
        /**
         * @param failure null when there is an answer, which may be empty: the name exists without an address of that family
         * @param addresses in the order of the answer, each once
         * @param ttlSeconds smallest time to live of the answer's records; -1 when none is known (hosts file, IP address)
         */
        void onAnswer(@Nullable Throwable failure, List<InetAddress> addresses, long ttlSeconds);
    }
}
