package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.fault.Side;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A connection under two sets of rules: what the one lets go of, the other may still need. */
@Timeout(60)
class ByteFaultsOfTwoRuleSetsTest {
    /** Else an end of the client's direction would take with it what waits for its turn. */
    @Test
    void endsAreToldForAsLongAsOneStands() throws Exception {
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            NioSocketChannel channel = new NioSocketChannel();
            group.register(channel).sync();
            channel.eventLoop()
                    .submit(() -> {
                        ByteFaults first = new ByteFaults(channel, false, Side.DOWNSTREAM, 0);
                        ByteFaults second = new ByteFaults(channel, false, Side.DOWNSTREAM, 1);
                        channel.pipeline().addFirst(first).addFirst(second);
                        second.leave(() -> {});
                        assertThat(channel.pipeline().get(ByteFaults.class)).isSameAs(first);
                        assertThat(channel.config().isAllowHalfClosure()).isTrue();
                        first.leave(() -> {});
                        assertThat(channel.pipeline().get(ByteFaults.class)).isNull();
                        assertThat(channel.config().isAllowHalfClosure()).isFalse();
                    })
                    .get();
            channel.close().sync();
        } finally {
            group.shutdownGracefully();
        }
    }
}
