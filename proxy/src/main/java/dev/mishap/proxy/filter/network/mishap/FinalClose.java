package dev.mishap.proxy.filter.network.mishap;

import dev.mishap.proxy.transport.HalfClose;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.util.concurrent.TimeUnit;

/** Ends a connection by a FIN and waits for the client's, for a second at most. Who calls it drops what is read meanwhile. */
final class FinalClose {
    private static final long LINGER_MILLIS = 1000;

    private FinalClose() {}

    static void of(Channel channel) {
        if (!channel.isActive()) {
            channel.close();
            return;
        }
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        channel.config().setAutoRead(true);
        HalfClose.end(channel);
        channel.eventLoop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }
}
