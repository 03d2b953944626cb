package dev.mishap.control.overlay;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The control planes to stand before: one connection to each, made when it is needed. */
final class UpstreamServers implements AutoCloseable {
    private static final int MAX_MESSAGE = 256 << 20;

    private final List<String> targets;
    private final List<ManagedChannel> channels = new ArrayList<>();

    UpstreamServers(List<String> targets) {
        this.targets = List.copyOf(targets);
        for (String target : targets) {
            channels.add(NettyChannelBuilder.forTarget(target)
                    .usePlaintext()
                    .maxInboundMessageSize(MAX_MESSAGE)
                    .keepAliveTime(30, TimeUnit.SECONDS)
                    .keepAliveTimeout(10, TimeUnit.SECONDS)
                    .build());
        }
    }

    /** The one to try at the so-manieth attempt. */
    ManagedChannel channel(int attempt) {
        return channels.get(Math.floorMod(attempt, channels.size()));
    }

    String target(int attempt) {
        return targets.get(Math.floorMod(attempt, targets.size()));
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
    }

    @Override
    public String toString() {
        return String.join(", ", targets);
    }
}
