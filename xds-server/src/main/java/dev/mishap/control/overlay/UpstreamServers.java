package dev.mishap.control.overlay;

import io.grpc.CallCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The control planes to stand before: one connection to each, made when it is needed. */
final class UpstreamServers implements AutoCloseable {
    private static final int MAX_MESSAGE = 256 << 20;

    private final List<String> targets;
    private final @Nullable CallCredentials token;
    private final List<ManagedChannel> channels = new ArrayList<>();

    UpstreamServers(List<String> targets, UpstreamAccess access) {
        this.targets = List.copyOf(targets);
        this.token = access.token();
        for (String target : targets) {
            NettyChannelBuilder channel = NettyChannelBuilder.forTarget(target, access.channel());
            if (!access.serverName().isEmpty()) {
                channel.overrideAuthority(access.serverName());
            }
            channels.add(channel.maxInboundMessageSize(MAX_MESSAGE)
                    .keepAliveTime(30, TimeUnit.SECONDS)
                    .keepAliveTimeout(10, TimeUnit.SECONDS)
                    .build());
        }
    }

    /** The one to try at the so-manieth attempt. */
    ManagedChannel channel(int attempt) {
        ManagedChannel channel = channels.get(Math.floorMod(attempt, channels.size()));
        // When to try again is decided above; the channel itself would wait for up to two minutes.
        channel.resetConnectBackoff();
        return channel;
    }

    /** What streams are begun with. */
    @Nullable
    CallCredentials token() {
        return token;
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
