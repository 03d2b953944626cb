package dev.mishap.proxy.filter.listener.originalsrc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.OriginalSource;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OriginalSrcTest {
    private static @Nullable OriginalSource source(String yaml, @Nullable InetSocketAddress client) {
        ListenerFilter filter = OriginalSrcExtension.filter(
                ConfigReader.checkedYaml("envoy.extensions.filters.listener.original_src.v3.OriginalSrc", yaml));
        ConnectionInfo info = new ConnectionInfo();
        info.remoteAddress = client;
        assertThat(filter.onAccept(new EmbeddedChannel(), info)).isEqualTo(ListenerFilter.Status.CONTINUE);
        return info.upstreamSource;
    }

    @Test
    void connections_upstream_come_from_the_client() {
        InetSocketAddress client = new InetSocketAddress("10.0.0.7", 4711);
        assertThat(source("{}", client)).isEqualTo(new OriginalSource(client.getAddress(), 0, 0));
        assertThat(source("{bind_port: true, mark: 1337}", client))
                .isEqualTo(new OriginalSource(client.getAddress(), 4711, 1337));
        assertThat(source("{}", null)).as("a unix socket").isNull();
    }
}
