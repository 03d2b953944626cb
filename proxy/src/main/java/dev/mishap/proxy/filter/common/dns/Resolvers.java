package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.dns.wire.DnsMessage;
import dev.mishap.proxy.dns.wire.DnsReply;
import dev.mishap.proxy.dns.wire.QuestionReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The resolvers that the DNS proxy of one loop asks, one after the other until one has an answer; those that did not answer of late are asked
 * last. Confined to its loop.
 */
final class Resolvers {
    /**
     * The longest answer that is taken over UDP for clients that have no room for more, which are about all: the sockets that are read with large
     * buffers are for the others. Whoever gets a longer one is told to ask over TCP.
     */
    static final int MAX_UDP_ANSWER = 8192;

    /**
     * The longest answer over UDP that a resolver did not send over UDP itself: what a forged source address could have sent to
     * somebody else is not to grow beyond what resolvers are used to send.
     */
    static final int MAX_MADE_WHOLE = 4096;

    private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** A resolver that did not answer is asked last for so long. */
    private static final long DOWN_NANOS = TimeUnit.SECONDS.toNanos(5);

    final DnsProxyConfig config;
    final DnsProxyStats stats;
    final RandomBits random = new RandomBits();
    private final DnsServer server;
    private final EventLoop loop;
    private final ByteBufAllocator alloc = ByteBufAllocator.DEFAULT;
    private final UdpUpstream[] udp;
    /** The same for answers of any length. */
    private final UdpUpstream[] largeUdp;

    private final TcpUpstream[] tcp;
    private final long[] downUntil;
    /** Those that wait for resolvers, in the order in which their time is over. */
    private @Nullable Exchange oldest;

    private @Nullable Exchange newest;
    private @Nullable ScheduledFuture<?> timer;
    private @Nullable ScheduledFuture<?> sweeper;

    Resolvers(DnsServer server, EventLoop loop) {
        this.server = server;
        this.config = server.config;
        this.stats = server.stats;
        this.loop = loop;
        int n = config.upstreams().size();
        udp = new UdpUpstream[n];
        largeUdp = new UdpUpstream[n];
        tcp = new TcpUpstream[n];
        downUntil = new long[n];
        long now = System.nanoTime();
        for (int i = 0; i < n; i++) {
            InetSocketAddress address = config.upstreams().get(i);
            udp[i] = new UdpUpstream(this, loop, address, MAX_UDP_ANSWER, 8);
            largeUdp[i] = new UdpUpstream(this, loop, address, DnsMessage.MAX, 1);
            tcp[i] = new TcpUpstream(this, loop, address);
            downUntil[i] = now;
        }
    }

    /** Asks one resolver after the other, until one answers or all attempts are used up. */
    void ask(Exchange exchange) {
        DnsClient client = exchange.client;
        boolean stream = client != null && client.overStream();
        while (exchange.attempts < config.attempts()) {
            int i = next(exchange);
            exchange.upstream = i;
            exchange.tried |= 1 << i;
            exchange.attempts++;
            stats.upstreamQueries.inc();
            if (stream ? tcp[i].ask(exchange) : udp(exchange)[i].ask(exchange)) {
                await(exchange);
                return;
            }
            stats.upstreamErrors.inc();
        }
        stats.unanswered.inc();
        exchange.unanswered = true;
        server.answer(exchange, DnsReply.empty(alloc, exchange.query, exchange.questionEnd, DnsMessage.SERVFAIL));
    }

    private UdpUpstream[] udp(Exchange exchange) {
        return exchange.payload > MAX_UDP_ANSWER ? largeUdp : udp;
    }

    /**
     * Asks the resolver that has just truncated its answer for the whole one, if the client has more room than the resolver gave itself;
     * that spares the client the connection. Whether it did.
     */
    private boolean askAgain(Exchange exchange, ByteBuf borrowed) {
        if (exchange.askedAgain
                || !DnsMessage.isTruncated(borrowed)
                || exchange.payload <= DnsMessage.udpPayload(borrowed)) {
            return false;
        }
        exchange.askedAgain = true;
        exchange.truncated = copy(borrowed);
        stats.upstreamAgain.inc();
        if (tcp[exchange.upstream].ask(exchange)) {
            await(exchange);
        } else {
            answerTruncated(exchange);
        }
        return true;
    }

    /** The whole answer did not come, or the client has no room for it. Whether there was a truncated one. */
    private boolean answerTruncated(Exchange exchange) {
        ByteBuf kept = exchange.truncated;
        if (kept == null) {
            return false;
        }
        exchange.truncated = null;
        DnsServer.change(exchange, kept);
        server.answer(exchange, kept);
        return true;
    }

    /** The first resolver that was not asked in this round, and answered of late if there is one. */
    private int next(Exchange exchange) {
        if (exchange.tried == (1 << udp.length) - 1) {
            exchange.tried = 0;
        }
        long now = System.nanoTime();
        int down = -1;
        for (int i = 0; i < udp.length; i++) {
            if ((exchange.tried & 1 << i) == 0) {
                if (downUntil[i] - now <= 0) {
                    return i;
                }
                down = down < 0 ? i : down;
            }
        }
        return down;
    }

    private boolean hasUntried(Exchange exchange) {
        return exchange.attempts < config.attempts() && exchange.tried != (1 << udp.length) - 1;
    }

    /** The question with another id, and with its length before it for TCP. The caller owns it. */
    ByteBuf toUpstream(Exchange exchange, int id, boolean stream) {
        ByteBuf query = exchange.query;
        int length = query.readableBytes();
        ByteBuf copy = alloc.ioBuffer(length + 2);
        if (stream) {
            copy.writeShort(length);
        }
        copy.writeShort(id);
        return copy.writeBytes(query, query.readerIndex() + 2, length - 2);
    }

    /** Whose answer it is, of those that wait on a socket; null when it is nobody's. */
    @Nullable
    Exchange matches(IntObjectHashMap<Exchange> waiting, ByteBuf answer) {
        Exchange exchange = answer.readableBytes() < DnsMessage.HEADER || !DnsMessage.isResponse(answer)
                ? null
                : waiting.get(DnsMessage.id(answer));
        if (exchange == null || !isAnswerTo(exchange, answer)) {
            stats.upstreamMismatched.inc();
            return null;
        }
        return exchange;
    }

    private static boolean isAnswerTo(Exchange exchange, ByteBuf answer) {
        if (QuestionReader.same(exchange.query, exchange.questionEnd, answer)) {
            return true;
        }
        int rcode = DnsMessage.rcode(answer);
        // A server that could not read the question does not repeat it.
        return DnsMessage.questions(answer) == 0
                && answer.readableBytes() == DnsMessage.HEADER
                && (rcode == DnsMessage.FORMERR || rcode == DnsMessage.NOTIMP);
    }

    /** A resolver's answer; the exchange waits for none any more. */
    void answered(Exchange exchange, ByteBuf borrowed) {
        unlink(exchange);
        downUntil[exchange.upstream] = System.nanoTime();
        int rcode = DnsMessage.rcode(borrowed);
        if (exchange.askedAgain) {
            boolean fits = rcode == DnsMessage.NOERROR
                    && borrowed.readableBytes() <= Math.min(exchange.payload, MAX_MADE_WHOLE);
            if (!fits && answerTruncated(exchange)) {
                return;
            }
        }
        if ((rcode == DnsMessage.SERVFAIL || rcode == DnsMessage.REFUSED) && hasUntried(exchange)) {
            stats.upstreamFailovers.inc();
            ask(exchange);
            return;
        }
        DnsClient client = exchange.client;
        boolean stream = client != null && client.overStream();
        if (!stream && askAgain(exchange, borrowed)) {
            return;
        }
        if (!stream && borrowed.readableBytes() >= MAX_UDP_ANSWER && exchange.payload <= MAX_UDP_ANSWER) {
            server.answer(exchange, DnsReply.truncated(alloc, exchange.query, exchange.questionEnd));
            return;
        }
        server.keep(exchange, stream, borrowed);
        // An answer that waits has bytes of its own: it is not to hold the buffer of all that came with it.
        ByteBuf answer = exchange.decision.delayNanos() > 0 || stream || exchange.askedAgain
                ? copy(borrowed)
                : borrowed.retainedSlice();
        DnsServer.change(exchange, answer);
        server.answer(exchange, answer);
    }

    /** The resolver can't be reached; the exchange waits for none any more. */
    void failed(Exchange exchange) {
        unlink(exchange);
        if (!exchange.askedAgain) {
            downUntil[exchange.upstream] = System.nanoTime() + DOWN_NANOS;
        }
        again(exchange);
    }

    private void again(Exchange exchange) {
        if (answerTruncated(exchange)) {
            return;
        }
        if (exchange.attempts < config.attempts()) {
            stats.upstreamFailovers.inc();
        }
        ask(exchange);
    }

    private void await(Exchange exchange) {
        exchange.deadline = System.nanoTime() + config.timeoutNanos();
        exchange.waiting = true;
        exchange.older = newest;
        exchange.newer = null;
        if (newest == null) {
            oldest = exchange;
        } else {
            newest.newer = exchange;
        }
        newest = exchange;
        if (timer == null) {
            timer = loop.schedule(this::timeOut, config.timeoutNanos(), TimeUnit.NANOSECONDS);
        }
        if (sweeper == null) {
            sweeper = loop.schedule(this::sweep, SWEEP_NANOS, TimeUnit.NANOSECONDS);
        }
    }

    /** It waits for no resolver any more. */
    void forget(Exchange exchange) {
        unlink(exchange);
        UpstreamPath path = exchange.path;
        if (path != null) {
            path.forget(exchange);
        }
    }

    private void unlink(Exchange exchange) {
        if (!exchange.waiting) {
            return;
        }
        exchange.waiting = false;
        Exchange older = exchange.older;
        Exchange newer = exchange.newer;
        if (older == null) {
            oldest = newer;
        } else {
            older.newer = newer;
        }
        if (newer == null) {
            newest = older;
        } else {
            newer.older = older;
        }
        exchange.older = exchange.newer = null;
    }

    private void timeOut() {
        timer = null;
        long now = System.nanoTime();
        for (Exchange e = oldest; e != null && e.deadline - now <= 0; e = oldest) {
            forget(e);
            stats.upstreamTimeouts.inc();
            if (!e.askedAgain) {
                downUntil[e.upstream] = now + DOWN_NANOS;
            }
            again(e);
        }
        Exchange first = oldest;
        if (first != null && timer == null) {
            timer = loop.schedule(this::timeOut, Math.max(0, first.deadline - now), TimeUnit.NANOSECONDS);
        }
        server.flush();
    }

    private void sweep() {
        sweeper = null;
        boolean open = false;
        for (int i = 0; i < udp.length; i++) {
            open |= udp[i].sweep();
            open |= largeUdp[i].sweep();
            open |= tcp[i].sweep();
        }
        if (open) {
            sweeper = loop.schedule(this::sweep, SWEEP_NANOS, TimeUnit.NANOSECONDS);
        }
    }

    private ByteBuf copy(ByteBuf borrowed) {
        return alloc.ioBuffer(borrowed.readableBytes())
                .writeBytes(borrowed, borrowed.readerIndex(), borrowed.readableBytes());
    }

    /** Sends what was written to them. */
    void flush() {
        for (int i = 0; i < udp.length; i++) {
            udp[i].flush();
            largeUdp[i].flush();
            tcp[i].flush();
        }
    }

    /** Something was written: it is flushed with all else. */
    void flushLater() {
        server.flushLater();
    }

    /** All that was read of a resolver is dealt with. */
    void readComplete() {
        server.flush();
    }
}
