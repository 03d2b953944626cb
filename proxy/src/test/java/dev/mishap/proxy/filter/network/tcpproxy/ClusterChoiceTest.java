package dev.mishap.proxy.filter.network.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.tcpproxy.ClusterChoice.Part;
import dev.mishap.proxy.filter.network.tcpproxy.TcpProxyConfig.Hash;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterChoiceTest {
    @Test
    void everyDrawHasItsClusterInProportionToTheWeights() {
        ClusterChoice choice =
                ClusterChoice.weighted(List.of(new Part("a", 1, null), new Part("b", 3, null), new Part("c", 6, null)));
        Map<String, Integer> drawn = new HashMap<>();
        for (long draw = 0; draw < 1000; draw++) {
            drawn.merge(choice.choose(draw).cluster(), 1, Integer::sum);
        }
        assertThat(drawn).containsExactlyInAnyOrderEntriesOf(Map.of("a", 100, "b", 300, "c", 600));
        assertThat(choice.choose(-1).cluster()).isIn("a", "b", "c");
        assertThat(ClusterChoice.of("only", null).choose(-7).cluster()).isEqualTo("only");
    }

    @Test
    void whatIsHashed() throws UnknownHostException {
        ConnectionInfo connection = new ConnectionInfo();
        assertThat(new Hash(true, "").text(connection)).isNull();
        connection.remoteAddress = new InetSocketAddress(InetAddress.getByName("2001:db8:0:0:0:0:0:1"), 5);
        connection.putFilterState("key", new FilterStateValue("value", "value", true));
        connection.putFilterState("other", new FilterStateValue("value", "value", false));
        assertThat(new Hash(true, "").text(connection)).isEqualTo("2001:db8::1");
        assertThat(new Hash(false, "key").text(connection)).isEqualTo("value");
        assertThat(new Hash(false, "other").text(connection))
                .as("no hashable kind")
                .isNull();
        assertThat(new Hash(false, "none").text(connection)).isNull();
        assertThat(Hash.NONE.text(connection)).isNull();
    }
}
