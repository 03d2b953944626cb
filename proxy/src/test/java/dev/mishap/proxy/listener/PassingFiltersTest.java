package dev.mishap.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.filter.network.NetworkFilter;
import dev.mishap.proxy.filter.network.PassingFilterFactory;
import dev.mishap.proxy.filter.network.TerminalFilterFactory;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TransportSocketFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PassingFiltersTest {
    private final List<String> seen = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel();

    /** Answers what it is told to, and tells what it saw. */
    private final class Probe implements NetworkFilter {
        final String name;
        Status onNew;
        Status onData = Status.CONTINUE;

        @Nullable
        Connection connection;

        Probe(String name, Status onNew) {
            this.name = name;
            this.onNew = onNew;
        }

        @Override
        public Status onNewConnection(Connection c) {
            connection = c;
            seen.add(name + " new");
            return onNew;
        }

        @Override
        public Status onData(ByteBuf data, boolean end) {
            seen.add(name + " " + data.toString(StandardCharsets.US_ASCII) + (end ? " end" : ""));
            return onData;
        }

        @Override
        public void onClose() {
            seen.add(name + " close");
        }

        Connection connection() {
            Connection c = connection;
            assertThat(c).isNotNull();
            return c;
        }
    }

    private void open(Probe... probes) {
        List<PassingFilterFactory> factories = new ArrayList<>();
        for (Probe p : probes) {
            factories.add(() -> p);
        }
        FilterChain chain = new FilterChain(
                "",
                "",
                FilterChainMatch.ANY,
                TransportSocketFactory.RAW_BUFFER,
                0,
                List.of(),
                factories,
                new Terminal(),
                null,
                null);
        TerminalFilterFactory terminal = chain.terminal();
        assertThat(terminal).isNotNull();
        PassingFilters.install(channel, new ConnectionInfo(), chain, terminal, 8);
    }

    /** The last of a chain. */
    private final class Terminal implements TerminalFilterFactory {
        @Override
        public void install(Channel c, ConnectionInfo info) {
            c.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void handlerAdded(ChannelHandlerContext ctx) {
                    seen.add("end new");
                }

                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ByteBuf data = (ByteBuf) message;
                    seen.add("end " + data.toString(StandardCharsets.US_ASCII));
                    data.release();
                }

                @Override
                public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                    seen.add("end end");
                }
            });
        }

        @Override
        public void closedBefore(ConnectionInfo info) {
            seen.add("end closed before");
        }
    }

    private void read(String text) {
        channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    private List<String> seen() {
        List<String> now = List.copyOf(seen);
        seen.clear();
        return now;
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @Test
    void filtersThatWantNothingLeaveNoHandler() {
        open(new Probe("a", NetworkFilter.Status.DONE), new Probe("b", NetworkFilter.Status.DONE));
        assertThat(seen()).containsExactly("a new", "b new", "end new");
        assertThat(channel.pipeline().get(PassingFilters.class)).isNull();
        channel.close();
        assertThat(seen()).containsExactlyInAnyOrder("a close", "b close");
    }

    @Test
    void theLastFilterIsToldOfAConnectionThatDidNotGetToIt() {
        Probe a = new Probe("a", NetworkFilter.Status.STOP);
        open(a);
        a.connection().closeNow("refused");
        assertThat(seen()).containsExactly("a new", "end closed before", "a close");
    }

    @Test
    void bytesGoThroughFiltersUntilTheyAreDone() {
        Probe a = new Probe("a", NetworkFilter.Status.CONTINUE);
        open(a);
        read("one");
        a.onData = NetworkFilter.Status.DONE;
        read("two");
        read("three");
        assertThat(seen()).containsExactly("a new", "end new", "a one", "end one", "a two", "end two", "end three");
        assertThat(channel.pipeline().get(PassingFilters.class)).isNull();
    }

    @Test
    void aFilterThatStopsHidesTheConnectionFromThoseAfterIt() {
        Probe a = new Probe("a", NetworkFilter.Status.CONTINUE);
        Probe b = new Probe("b", NetworkFilter.Status.STOP);
        b.onData = NetworkFilter.Status.STOP;
        Probe c = new Probe("c", NetworkFilter.Status.CONTINUE);
        open(a, b, c);
        read("12345678");
        assertThat(channel.config().isAutoRead()).as("what is held is limited").isFalse();
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        assertThat(seen())
                .containsExactly("a new", "b new", "a 12345678", "b 12345678", "a 12345678 end", "b 12345678 end");
        b.connection().resume();
        assertThat(seen()).containsExactly("c new", "c 12345678 end", "end new", "end 12345678", "end end");
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void aFilterMayCloseWhatLaterOnesNeverSee() {
        Probe a = new Probe("a", NetworkFilter.Status.CONTINUE);
        a.onData = NetworkFilter.Status.STOP;
        Probe b = new Probe("b", NetworkFilter.Status.STOP);
        open(a, b);
        read("x");
        b.connection().closeNow("because");
        assertThat(channel.isOpen()).isFalse();
        assertThat(seen()).containsExactly("a new", "b new", "a x", "end closed before", "a close", "b close");
        assertThat(b.connection().info().localCloseReason).isEqualTo("because");
    }
}
