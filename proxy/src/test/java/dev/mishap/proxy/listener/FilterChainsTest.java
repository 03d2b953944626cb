package dev.mishap.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.listener.FilterChainMatch.SourceType;
import dev.mishap.proxy.transport.Cidr;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TransportSocketFactory;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FilterChainsTest {
    private static Cidr cidr(String text) {
        int slash = text.indexOf('/');
        byte[] address = NetUtil.createByteArrayFromIpAddressString(text.substring(0, slash));
        assertThat(address).isNotNull();
        return Cidr.of(address, Integer.parseInt(text.substring(slash + 1)));
    }

    private static FilterChain chain(String name, FilterChainMatch match) {
        return new FilterChain(
                name, name, match, TransportSocketFactory.RAW_BUFFER, 0, List.of(), List.of(), null, null, null);
    }

    /** A match in short: {@code port=1 to=10.0.0.0/8 sni=a,b tp=tls alpn=h2 direct= type=EXTERNAL from= ports=}. */
    private static FilterChain chain(String name, String match) {
        int port = 0;
        List<Cidr> to = new ArrayList<>();
        List<String> sni = new ArrayList<>();
        String transport = "";
        List<String> alpn = new ArrayList<>();
        List<Cidr> direct = new ArrayList<>();
        SourceType type = SourceType.ANY;
        List<Cidr> from = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        for (String part : match.isEmpty() ? new String[0] : match.split(" ")) {
            String value = part.substring(part.indexOf('=') + 1);
            for (String v : value.split(",")) {
                switch (part.substring(0, part.indexOf('='))) {
                    case "port" -> port = Integer.parseInt(v);
                    case "to" -> to.add(cidr(v));
                    case "sni" -> sni.add(v);
                    case "tp" -> transport = v;
                    case "alpn" -> alpn.add(v);
                    case "direct" -> direct.add(cidr(v));
                    case "type" -> type = SourceType.valueOf(v);
                    case "from" -> from.add(cidr(v));
                    case "ports" -> ports.add(Integer.parseInt(v));
                    default -> throw new IllegalArgumentException(part);
                }
            }
        }
        return chain(name, new FilterChainMatch(port, to, sni, transport, alpn, direct, type, from, ports));
    }

    private static ConnectionInfo connection(String local, String remote) {
        ConnectionInfo info = new ConnectionInfo();
        info.localAddress = address(local);
        info.remoteAddress = info.directRemoteAddress = address(remote);
        return info;
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new InetSocketAddress(
                NetUtil.createInetAddressFromIpAddressString(text.substring(0, colon)),
                Integer.parseInt(text.substring(colon + 1)));
    }

    private static String find(FilterChains chains, ConnectionInfo info) {
        FilterChain found = chains.find(info);
        return found == null ? "-" : found.name();
    }

    @ParameterizedTest(name = "{0} from {1}")
    @CsvSource({
        "10.1.2.3:80, 9.9.9.9:1, port",
        "10.1.2.3:81, 9.9.9.9:1, ten-one",
        "10.2.2.3:81, 9.9.9.9:1, ten",
        "11.2.2.3:81, 9.9.9.9:1, any",
        "[::1]:81, [fd00::1]:1, any",
        "[fd00::2]:81, [fd00::1]:1, six",
    })
    void destinationPortAndThenTheLongestNetwork(String local, String remote, String expected) {
        FilterChains chains = new FilterChains(
                List.of(
                        chain("any", ""),
                        chain("ten", "to=10.0.0.0/8"),
                        chain("ten-one", "to=10.1.0.0/16"),
                        chain("six", "to=fd00::/8"),
                        chain("port", "port=80")),
                null);
        assertThat(find(chains, connection(local, remote))).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "a.test, '', tls, exact",
        "x.b.test, '', tls, b",
        "x.y.b.test, '', tls, b",
        "x.deep.b.test, '', tls, deep",
        "b.test, '', tls, -",
        "b.test, h2, tls, h2",
        "other, 'http/1.1,h2', tls, h2",
        "'', 'http/1.1', tls, -",
        "'', '', raw_buffer, raw",
        "a.test, '', raw_buffer, exact",
    })
    void serverNamesTransportAndProtocols(String sni, String alpn, String transport, String expected) {
        FilterChains chains = new FilterChains(
                List.of(
                        chain("exact", "sni=a.test"),
                        chain("b", "sni=.b.test"),
                        chain("deep", "sni=.deep.b.test"),
                        chain("h2", "alpn=h2 tp=tls"),
                        chain("raw", "tp=raw_buffer")),
                null);
        ConnectionInfo info = connection("127.0.0.1:1", "127.0.0.1:2");
        info.requestedServerName = sni.isEmpty() ? null : sni;
        info.applicationProtocols = alpn.isEmpty() ? List.of() : List.of(alpn.split(","));
        info.detectedTransportProtocol = transport;
        assertThat(find(chains, info)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} from {1}")
    @CsvSource({
        "1.1.1.1:80, 2.2.2.2:5, external",
        "1.1.1.1:80, 1.1.1.1:5, local",
        "127.0.0.1:80, 127.0.0.9:5, external",
        "1.1.1.1:80, 8.8.8.8:7, port",
        "1.1.1.1:80, 8.8.8.8:8, eight",
        "1.1.1.1:80, 9.9.9.9:8, direct",
    })
    void sources(String local, String remote, String expected) {
        FilterChains chains = new FilterChains(
                List.of(
                        chain("external", "type=EXTERNAL"),
                        chain("local", "type=SAME_IP_OR_LOOPBACK"),
                        chain("eight", "type=EXTERNAL from=8.0.0.0/8"),
                        chain("port", "type=EXTERNAL from=8.0.0.0/8 ports=6,7"),
                        chain("direct", "direct=9.0.0.0/8")),
                null);
        assertThat(find(chains, connection(local, remote))).isEqualTo(expected);
    }

    @Test
    void aConnectionThatFailsALaterCriterionDoesNotTurnBack() {
        List<FilterChain> some = List.of(chain("port", "port=80 sni=a.test"), chain("b", "sni=b.test"));
        ConnectionInfo info = connection("127.0.0.1:80", "127.0.0.1:2");
        info.requestedServerName = "b.test";
        assertThat(find(new FilterChains(some, null), info)).isEqualTo("-");
        assertThat(find(new FilterChains(some, chain("default", "")), info)).isEqualTo("default");
    }

    @Test
    void aConnectionWithoutAddressMatchesChainsThatAskForNone() {
        FilterChains chains = new FilterChains(
                List.of(chain("ten", "to=10.0.0.0/8"), chain("any", "type=SAME_IP_OR_LOOPBACK")), null);
        assertThat(find(chains, new ConnectionInfo())).isEqualTo("any");
    }

    @Test
    void twoChainsThatMatchTheSameAreRefused() {
        assertThatThrownBy(() ->
                        new FilterChains(List.of(chain("1", "sni=a.test"), chain("2", "sni=a.test,b.test")), null))
                .isInstanceOf(FilterChains.Duplicate.class);
    }

    /** The index finds what a search level by level through all chains finds. */
    @RepeatedTest(20)
    void asASearchThroughAllChains(RepetitionInfo repetition) {
        SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
        List<FilterChain> chains = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            String match = (pick(random, "", "port=80 ", "port=81 ")
                            + pick(random, "", "to=10.0.0.0/8 ", "to=10.1.0.0/16 ")
                            + pick(random, "", "sni=a.test ", "sni=.test ")
                            + pick(random, "", "from=10.0.0.0/9 ", "from=10.0.0.0/8 "))
                    .trim();
            FilterChain next = chain("c" + i, match);
            if (chains.stream().noneMatch(c -> c.match().equals(next.match()))) {
                chains.add(next);
            }
        }
        FilterChains index = new FilterChains(chains, null);
        for (int i = 0; i < 200; i++) {
            ConnectionInfo info = connection(
                    pick(random, "10.1.1.1", "10.2.1.1", "9.1.1.1") + ":" + pick(random, "80", "81", "82"),
                    pick(random, "10.1.1.1", "10.200.1.1", "9.1.1.1") + ":1");
            info.requestedServerName = pick(random, "a.test", "b.test", "c");
            FilterChain expected = search(chains, info);
            assertThat(index.find(info)).as("connection %d", i).isSameAs(expected);
        }
    }

    private static String pick(SplittableRandom random, String... values) {
        return values[random.nextInt(values.length)];
    }

    private static @Nullable FilterChain search(List<FilterChain> all, ConnectionInfo info) {
        InetSocketAddress local = info.localAddress;
        InetSocketAddress remote = info.remoteAddress;
        assertThat(local).isNotNull();
        assertThat(remote).isNotNull();
        List<FilterChain> left = best(
                all,
                c -> c.match().destinationPort() == 0 ? 0 : c.match().destinationPort() == local.getPort() ? 1 : -1);
        left = best(left, c -> bits(c.match().prefixRanges(), local));
        left = best(left, c -> {
            if (c.match().serverNames().isEmpty()) {
                return 0;
            }
            String name = c.match().serverNames().get(0);
            return name.equals(info.requestedServerName)
                    ? 2
                    : name.startsWith(".")
                                    && String.valueOf(info.requestedServerName).endsWith(name)
                            ? 1
                            : -1;
        });
        left = best(left, c -> bits(c.match().sourcePrefixRanges(), remote));
        return left.isEmpty() ? null : left.get(0);
    }

    private static int bits(List<Cidr> ranges, InetSocketAddress address) {
        if (ranges.isEmpty()) {
            return 0;
        }
        Cidr range = ranges.get(0);
        return range.contains(address.getAddress().getAddress()) ? range.bits() : -1;
    }

    private static List<FilterChain> best(
            List<FilterChain> chains, java.util.function.ToIntFunction<FilterChain> rank) {
        int best = chains.stream().mapToInt(rank).max().orElse(-1);
        return best < 0
                ? List.of()
                : chains.stream().filter(c -> rank.applyAsInt(c) == best).toList();
    }
}
