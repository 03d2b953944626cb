package dev.mishap.proxy.filter.network.mishap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.ConnectionDecision;
import dev.mishap.rules.ConnectionView;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.HeaderSlots;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.fault.Side;
import dev.mishap.rules.text.RuleLine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ends a connection, and in which order; of a connection that takes its time to close, as one does that waits for its peer. */
class LiveFaultsTest {
    private final MockTicker ticker = Ticker.newMockTicker();
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(ticker).build();
    private final List<String> ends = new ArrayList<>();
    private final LiveFaults live =
            new LiveFaults(channel, true, Side.DOWNSTREAM, 0, ticker::nanoTime, new LiveFaults.Ends() {
                @Override
                public void reset() {
                    ends.add("reset");
                }

                @Override
                public void close() {
                    ends.add("close");
                }

                @Override
                public void goSilent() {
                    ends.add("silent");
                }
            });

    private static final ConnectionView CONNECTION = new ConnectionView() {
        @Override
        public @Nullable String listener() {
            return null;
        }

        @Override
        public @Nullable String cluster() {
            return null;
        }

        @Override
        public @Nullable String serverName() {
            return null;
        }

        @Override
        public InetAddress sourceAddress() {
            return InetAddress.getLoopbackAddress();
        }

        @Override
        public InetAddress destinationAddress() {
            return InetAddress.getLoopbackAddress();
        }

        @Override
        public int destinationPort() {
            return 1;
        }
    };

    private static ConnectionDecision decide(String lines) {
        List<FaultRule> rules = new ArrayList<>();
        for (String line : lines.split("[|]")) {
            rules.add(RuleLine.parse(line, "r" + rules.size()));
        }
        return RuleSet.compile(rules, 0, () -> 42, new HeaderSlots()).decide(CONNECTION, 0, 0);
    }

    private void pass(long millis) {
        ticker.advance(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "close|reset-connection after 3600s, close",
        "reset-connection|close after 3600s, reset",
        "close|reset-connection, close",
        "half-open|close after 3600s, silent;close",
        "half-open|reset-connection after 3600s|close, silent;close",
        "close after 3600s|reset-connection after 7200s, close",
    })
    void what_has_ended_once_does_not_end_again(String lines, String expected) {
        ConnectionDecision decided = decide(lines);
        live.arm(decided, System.nanoTime());
        pass(3_600_000);
        pass(3_600_000);
        assertThat(ends).containsExactly(expected.split(";"));
        live.arm(decided, System.nanoTime());
        assertThat(ends).hasSize(expected.split(";").length);
        decided.release();
    }

    @Test
    void what_is_to_come_does_not_when_it_is_disarmed() {
        live.arm(decide("close after 3600s"), System.nanoTime());
        live.disarm();
        pass(3_600_000);
        assertThat(ends).isEmpty();
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    private String read() {
        ByteBuf read = channel.readInbound();
        String text = read.toString(StandardCharsets.US_ASCII);
        read.release();
        return text;
    }

    @Test
    void nobody_looks_at_bytes_once_what_the_last_fault_holds_has_gone_on() {
        live.shape(decide("slice 1 bytes every 1h|latency 1h"), false);
        channel.writeInbound(bytes("ab"));
        live.shape(decide("latency 1s"), false);
        assertThat(live.bytes()).isNotNull();
        channel.writeInbound(bytes("cd"));
        live.shape(ConnectionDecision.NONE, false);
        channel.writeInbound(bytes("ef"));
        pass(1_000);
        channel.runPendingTasks();
        assertThat(read() + read() + read()).isEqualTo("abcdef");
        assertThat(live.bytes()).isNull();
        assertThat(channel.pipeline().get(ByteFaults.class)).isNull();
        channel.writeInbound(bytes("gh"));
        assertThat(read()).isEqualTo("gh");
        live.shape(decide("latency 1s"), false);
        channel.writeInbound(bytes("ij"));
        assertThat(channel.<ByteBuf>readInbound()).isNull();
        pass(1_000);
        assertThat(read()).isEqualTo("ij");
    }

    @Test
    void who_waits_for_bytes_to_go_on_stays_when_another_fault_comes() {
        live.shape(decide("latency 1s"), false);
        channel.writeInbound(bytes("ab"));
        live.shape(decide("close after 100 bytes"), false);
        pass(1_000);
        assertThat(read()).isEqualTo("ab");
        channel.runPendingTasks();
        assertThat(channel.pipeline().get(ByteFaults.class)).isNotNull();
    }
}
