package dev.mishap.proxy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cluster.AddressOrder.Family;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressOrderTest {
    /** Numbers are ports; each is in the order in which Envoy 1.40 tries them. */
    @ParameterizedTest
    @CsvSource({
        "DEFAULT, 1, 4:1 4:2 6:3,                4:1 6:3 4:2",
        "DEFAULT, 2, 4:1 4:2 6:3,                4:1 4:2 6:3",
        "V6,      1, 4:1 4:2 6:3,                6:3 4:1 4:2",
        "V4,      1, 6:3 4:2,                    4:2 6:3",
        "DEFAULT, 1, 6:3 4:2,                    6:3 4:2",
        "DEFAULT, 2, 6:1 4:1 6:2 4:2 6:3 4:3,    6:1 6:2 4:1 6:3 4:2 4:3",
        "V4,      1, 6:1 6:2,                    6:1 6:2",
        "DEFAULT, 1, 4:1 4:2 p:9,                4:1 p:9 4:2",
        "DEFAULT, 1, p:1 p:2 4:3,                p:1 4:3 p:2",
        "V6,      1, 4:1 p:2 6:3 4:4,            6:3 4:1 p:2 4:4",
    })
    void families_alternate(Family first, int count, String given, String wanted) {
        assertThat(new AddressOrder(first, count).of(addresses(given).toList()))
                .containsExactlyElementsOf(addresses(wanted).toList());
    }

    private static Stream<SocketAddress> addresses(String text) {
        return Stream.of(text.split(" ")).map(AddressOrderTest::address);
    }

    private static SocketAddress address(String text) {
        int port = Integer.parseInt(text.substring(2));
        return switch (text.charAt(0)) {
            case '4' -> new InetSocketAddress(NetUtil.LOCALHOST4, port);
            case '6' -> new InetSocketAddress(NetUtil.LOCALHOST6, port);
            default -> new DomainSocketAddress("/p" + port);
        };
    }
}
