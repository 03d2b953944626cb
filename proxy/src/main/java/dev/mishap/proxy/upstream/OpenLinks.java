package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import java.net.SocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/** The proxy's own connections of one loop, and the gate that they pass. Confined to the loop. */
final class OpenLinks {
    private final Supplier<UpstreamGate> gate;
    private final Set<UpstreamLink> open = new HashSet<>();

    OpenLinks(Supplier<UpstreamGate> gate) {
        this.gate = gate;
    }

    ChannelFuture open(String cluster, Endpoint to, SocketAddress at, ChannelHandler handler, Dialing dialing) {
        UpstreamGate g = gate.get();
        UpstreamLink link = new UpstreamLink(cluster, to, at, handler);
        boolean idle = g.isIdle();
        ChannelFuture future = dialing.start(idle ? UpstreamGate.Way.NOW : g.decide(link));
        Channel channel = future.channel();
        link.begun(channel, dialing);
        if (channel.isOpen()) {
            open.add(link);
            channel.closeFuture().addListener(f -> open.remove(link));
        }
        if (!idle) {
            g.begun(link, future);
        }
        return future;
    }

    /** Has the gate decide again about every connection. */
    void reconsider() {
        UpstreamGate g = gate.get();
        for (UpstreamLink link : open.toArray(new UpstreamLink[0])) {
            if (link.channel().isOpen()) {
                link.dialing().change(g.reconsider(link));
            }
        }
    }
}
