package dev.mishap.proxy.listener;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.filter.listener.ListenerFilterFactory;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * {@code ListenerFilter.filter_disabled}: connections to some ports pass a listener filter by. The port is that of the local
 * address as the filters before have left it, so the one that a redirected connection was for.
 */
final class FilterDisabled {
    private static final String PREDICATE = "envoy.config.listener.v3.ListenerFilterChainMatchPredicate";

    /** The port of a connection that has none, over a unix socket: no range holds it. */
    private static final int NO_PORT = -1;

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(PREDICATE)
                    .supported("or_match", "and_match", "not_match", "any_match", "destination_port_range"),
            SupportedFields.of(PREDICATE + ".MatchSet").supported("rules"));

    private FilterDisabled() {}

    /** The filter, where {@code config} does not switch it off. */
    static ListenerFilterFactory apply(@Nullable ConfigNode config, ListenerFilterFactory filter) {
        if (config == null) {
            return filter;
        }
        IntPredicate disabled = predicate(config);
        return () -> new Guarded(disabled, filter.create());
    }

    static IntPredicate predicate(ConfigNode node) {
        ConfigNode range = node.message("destination_port_range");
        if (range != null) {
            long start = range.integer("start", 0);
            long end = range.integer("end", 0);
            return port -> port >= start && port < end;
        }
        ConfigNode not = node.message("not_match");
        if (not != null) {
            return predicate(not).negate();
        }
        ConfigNode any = node.message("or_match");
        ConfigNode all = node.message("and_match");
        if (any != null) {
            IntPredicate one = port -> false;
            for (ConfigNode rule : any.messages("rules")) {
                one = one.or(predicate(rule));
            }
            return one;
        }
        IntPredicate every = port -> true; // any_match, too
        for (ConfigNode rule : all == null ? List.<ConfigNode>of() : all.messages("rules")) {
            every = every.and(predicate(rule));
        }
        return every;
    }

    private record Guarded(IntPredicate disabled, ListenerFilter filter) implements ListenerFilter {
        @Override
        public Status onAccept(Channel channel, ConnectionInfo connection) {
            InetSocketAddress local = connection.localAddress;
            return disabled.test(local == null ? NO_PORT : local.getPort())
                    ? Status.CONTINUE
                    : filter.onAccept(channel, connection);
        }

        @Override
        public Status onBytes(ByteBuf peeked) {
            return filter.onBytes(peeked);
        }

        @Override
        public void onGone() {
            filter.onGone();
        }
    }
}
