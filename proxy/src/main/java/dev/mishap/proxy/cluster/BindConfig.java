package dev.mishap.proxy.cluster;

import dev.mishap.proxy.transport.Transport.RawOption;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.config.core.v3.BindConfig}: where upstream connections come from, and what their sockets are asked for.
 *
 * @param sources {@code source_address} and {@code extra_source_addresses}, at most one of an IP version; none = the system's choice
 * @param options of sockets whose source has none of its own; {@code freebind} is among them
 */
public record BindConfig(List<Source> sources, List<Option> options) {
    public BindConfig {
        sources = List.copyOf(sources);
        options = List.copyOf(options);
    }

    /** An address, and the options that go with it. */
    public record Source(InetSocketAddress address, List<Option> options) {
        public Source {
            options = List.copyOf(options);
        }

        /** Whether sockets that are bound to this one can reach {@code to}. */
        public boolean canReach(InetSocketAddress to) {
            return to.getAddress() != null
                    && address.getAddress().getAddress().length
                            == to.getAddress().getAddress().length;
        }
    }

    /**
     * A socket option.
     *
     * @param beforeConnect whether it is set on the new socket; else it is once the socket is bound or connected
     */
    public record Option(RawOption value, boolean beforeConnect) {}

    /** The source of connections to {@code to}: the one of its IP version, else the first; null when there is none. */
    public @Nullable Source source(InetSocketAddress to) {
        for (Source s : sources) {
            if (s.canReach(to)) {
                return s;
            }
        }
        return sources.isEmpty() ? null : sources.get(0);
    }
}
