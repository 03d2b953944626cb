package dev.mishap.proxy.filter.udp.dnsfilter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.stats.StatsStore;
import dev.mishap.proxy.rules.ClientQuestions;
import dev.mishap.proxy.rules.RuleStore;
import dev.mishap.proxy.rules.RuleTag;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.text.RuleLine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults on the questions to Envoy's filter; what it answers without them is on record beside Envoy's own answers. */
class DnsFilterTest {
    private static final InetSocketAddress CLIENT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 5353);

    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final StatsStore stats = new StatsStore();
    private final RuleStore store = new RuleStore(ticker, channel.eventLoop(), stats, () -> 7);
    private final List<String> logged = new ArrayList<>();
    private final AccessLog log = (info, request, response, trailers) -> logged.add(info.dns.name() + " "
            + info.responseCode + " "
            + (info.flagCount() == 0 ? "-" : info.flag(0).shortName()) + " "
            + info.dynamicMetadata(RuleTag.METADATA_NAMESPACE));

    private final DnsFilter filter = new DnsFilter(
            new DnsFilterConfig(
                    DnsTable.from(
                            ConfigReader.checkedYaml(
                                    "envoy.data.dns.v3.DnsTable",
                                    "virtual_domains: [{name: db.test, endpoint: {address_list: {address: [10.0.0.1]}}}]"),
                            false),
                    null,
                    1,
                    1,
                    name -> null,
                    log,
                    new ClientQuestions(store, "dns", stats),
                    new DnsFilterStats(stats.scope("dns_filter.p."))),
            channel);

    private void rules(String... lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (int i = 0; i < lines.length; i++) {
            rules.add(RuleLine.parse(lines[i], "r" + i));
        }
        store.replaceOwn(rules);
    }

    private void ask(String name) {
        ByteBuf question = Unpooled.buffer();
        question.writeShort(7).writeShort(0x100).writeShort(1).writeZero(6);
        for (String label : name.split("\\.")) {
            question.writeByte(label.length()).writeCharSequence(label, StandardCharsets.US_ASCII);
        }
        question.writeByte(0).writeShort(1).writeShort(1);
        filter.onDatagram(question, CLIENT);
        filter.onReadComplete();
        question.release();
    }

    /** Flags and answers of the next answer, in hexadecimal; null when there is none. */
    private @Nullable String answer() {
        DatagramPacket packet = channel.readOutbound();
        if (packet == null) {
            return null;
        }
        try {
            assertThat(packet.recipient()).isEqualTo(CLIENT);
            ByteBuf m = packet.content();
            int question = 12 + "db.test".length() + 2 + 4;
            return ByteBufUtil.hexDump(m, 2, 2) + " " + ByteBufUtil.hexDump(m, question, m.readableBytes() - question);
        } finally {
            packet.release();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                                | 8100 02646204746573740000010001 0000012c 0004 0a000001",
                "dns nxdomain                    | 8183",
                "dns servfail                    | 8182",
                "dns refused                     | 8185",
                "dns empty                       | 8180",
                "dns truncate                    | 8380",
                "dns address 10.9.9.9            | 8180 c00c00010001 0000003c 0004 0a090909",
                "dns ttl 5s                      | 8100 02646204746573740000010001 00000005 0004 0a000001",
                "dns nxdomain on listener other  | 8100 02646204746573740000010001 0000012c 0004 0a000001",
                "dns nxdomain from 10.0.0.0/8    | 8100 02646204746573740000010001 0000012c 0004 0a000001"
            })
    void whatTheClientGets(@Nullable String rule, String expected) {
        if (rule != null) {
            rules(rule);
        }
        ask("db.test");
        String got = answer();
        assertThat(got.replace(" ", "")).isEqualTo(expected.replace(" ", ""));
    }

    @Test
    void anAnswerWaitsAndIsToldOf() {
        rules("dns delay 3s experiment E1");
        ask("db.test");
        assertThat(answer()).isNull();
        ticker.advance(2999, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(answer()).isNull();
        ticker.advance(1, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(answer()).startsWith("8100 ");
        assertThat(logged)
                .singleElement()
                .asString()
                .startsWith("db.test 0 DI ")
                .contains("experiment=E1");
        assertThat(stats.counter("mishap.questions_touched").value()).isEqualTo(1);
    }

    @Test
    void aDroppedQuestionGetsNoAnswer() {
        rules("dns drop");
        ask("db.test");
        assertThat(answer()).isNull();
        assertThat(logged).singleElement().asString().startsWith("db.test 0 FI ");
    }
}
