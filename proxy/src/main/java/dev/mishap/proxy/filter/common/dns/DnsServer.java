package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.dns.wire.DnsMessage;
import dev.mishap.proxy.dns.wire.DnsReply;
import dev.mishap.proxy.dns.wire.QuestionReader;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.rules.QuestionDecision;
import dev.mishap.rules.fault.DnsFault;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The DNS proxy of one loop: takes questions, has rules decide about them, asks resolvers one after the other, and gives the answers
 * back. A message passes as it is but for its id. Confined to its loop.
 */
final class DnsServer {
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

    private static final int SPARE = 1024;
    private static final long SWEEP_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** A resolver that did not answer is asked last for so long. */
    private static final long DOWN_NANOS = TimeUnit.SECONDS.toNanos(5);

    final DnsProxyConfig config;
    final DnsProxyStats stats;
    final RandomBits random = new RandomBits();
    private final EventLoop loop;
    private final ByteBufAllocator alloc = ByteBufAllocator.DEFAULT;
    private final QuestionReader reader = new QuestionReader();
    private final UdpUpstream[] udp;
    /** The same for answers of any length. */
    private final UdpUpstream[] largeUdp;

    private final TcpUpstream[] tcp;
    private final long[] downUntil;
    private final ArrayDeque<Exchange> spare = new ArrayDeque<>();
    private final ArrayDeque<Runnable> clientsToFlush = new ArrayDeque<>();
    private final Map<InetAddress, int[]> perClient = new HashMap<>();
    private final @Nullable DnsCache cache;
    private final @Nullable QuestionLog log;
    private int pending;

    /** Those that wait for resolvers, in the order in which their time is over. */
    private @Nullable Exchange oldest;

    private @Nullable Exchange newest;
    private @Nullable ScheduledFuture<?> timer;
    private @Nullable ScheduledFuture<?> sweeper;
    private boolean reading;
    private boolean flushScheduled;

    DnsServer(DnsProxyConfig config, EventLoop loop) {
        this.config = config;
        this.stats = config.stats();
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
        cache = config.cacheEntries() == 0 ? null : new DnsCache(config.cacheEntries(), config.cacheSeconds());
        log = config.log() == AccessLog.NONE ? null : new QuestionLog(config.log());
    }

    // ---- clients ----

    /** A client's message. */
    void question(DnsClient client, InetSocketAddress from, ByteBuf borrowed) {
        stats.queries.inc();
        if (client.overStream()) {
            stats.tcpQueries.inc();
        }
        if (borrowed.readableBytes() < DnsMessage.HEADER || DnsMessage.isResponse(borrowed)) {
            stats.malformed.inc();
            return; // an answer to an answer would go on for ever
        }
        if (!reader.read(borrowed)) {
            stats.malformed.inc();
            reply(client, from, DnsReply.header(alloc, borrowed, DnsMessage.FORMERR));
            return;
        }
        Exchange exchange = begin(client, from, borrowed);
        if (pending > config.maxPending() || overClientLimit(from.getAddress())) {
            exchange.overflow = true;
            (pending > config.maxPending() ? stats.overflow : stats.clientOverflow).inc();
            send(exchange, DnsReply.empty(alloc, exchange.query, exchange.questionEnd, DnsMessage.SERVFAIL));
            return;
        }
        int type = reader.type();
        boolean plain = reader.klass() == DnsMessage.CLASS_IN && DnsMessage.opcode(borrowed) == 0;
        if (plain && !config.questions().isIdle()) {
            exchange.decision = config.questions()
                    .decide(
                            reader.name(borrowed, true),
                            QuestionReader.typeName(type),
                            from.getAddress(),
                            client.overStream(),
                            exchange::mark);
        }
        DnsFault fault = exchange.decision.answer();
        if (fault != null) {
            inject(exchange, fault);
        } else if (type == DnsMessage.TYPE_AXFR || type == DnsMessage.TYPE_IXFR) {
            // A zone is many messages for one question; whoever copies zones asks their server.
            answer(exchange, DnsReply.empty(alloc, exchange.query, exchange.questionEnd, DnsMessage.REFUSED));
        } else if (!fromCache(exchange)) {
            ask(exchange);
        }
    }

    private Exchange begin(DnsClient client, InetSocketAddress from, ByteBuf message) {
        Exchange exchange = spare.poll();
        if (exchange == null) {
            exchange = new Exchange(this);
        }
        exchange.query = alloc.ioBuffer(message.readableBytes())
                .writeBytes(message, message.readerIndex(), message.readableBytes());
        exchange.questionEnd = reader.end();
        exchange.clientId = DnsMessage.id(message);
        exchange.payload =
                client.overStream() ? DnsMessage.MAX : Math.min(DnsMessage.MAX_UDP, DnsMessage.udpPayload(message));
        exchange.client = client;
        exchange.address = from;
        exchange.startNanos = System.nanoTime();
        pending++;
        stats.pending.inc();
        perClient.computeIfAbsent(from.getAddress(), a -> new int[1])[0]++;
        client.began(exchange);
        return exchange;
    }

    private boolean overClientLimit(InetAddress client) {
        int[] count = perClient.get(client);
        return count != null && count[0] > config.maxPerClient();
    }

    private void inject(Exchange exchange, DnsFault fault) {
        exchange.injected = true;
        ByteBuf query = exchange.query;
        int end = exchange.questionEnd;
        QuestionDecision decision = exchange.decision;
        switch (fault.action()) {
            case DROP -> end(exchange, null);
            case SERVFAIL -> answer(exchange, DnsReply.empty(alloc, query, end, DnsMessage.SERVFAIL));
            case NXDOMAIN -> answer(exchange, DnsReply.empty(alloc, query, end, DnsMessage.NXDOMAIN));
            case REFUSED -> answer(exchange, DnsReply.empty(alloc, query, end, DnsMessage.REFUSED));
            case TRUNCATE -> answer(exchange, DnsReply.truncated(alloc, query, end));
            case ADDRESS ->
                answer(
                        exchange,
                        DnsReply.addresses(
                                alloc,
                                query,
                                end,
                                fault.literals(),
                                decision.ttlSeconds() < 0 ? DnsReply.WRONG_ADDRESS_TTL : decision.ttlSeconds()));
            default -> answer(exchange, DnsReply.empty(alloc, query, end, DnsMessage.NOERROR));
        }
    }

    private boolean fromCache(Exchange exchange) {
        DnsCache c = cache;
        DnsClient client = exchange.client;
        ByteBuf kept = c == null || client == null
                ? null
                : c.get(alloc, exchange.query, exchange.questionEnd, client.overStream());
        if (kept == null) {
            return false;
        }
        stats.cacheHits.inc();
        change(exchange, kept);
        answer(exchange, kept);
        return true;
    }

    private static void change(Exchange exchange, ByteBuf answer) {
        long ttl = exchange.decision.ttlSeconds();
        if (ttl >= 0) {
            DnsMessage.setTtls(answer, ttl);
        }
    }

    /** Sends the answer when its delay is over. */
    private void answer(Exchange exchange, ByteBuf transferred) {
        exchange.decision.dropEnded();
        long delay = exchange.decision.delayNanos();
        if (delay <= 0 || config.questions().isKilled()) {
            send(exchange, transferred);
            return;
        }
        exchange.held = transferred;
        exchange.delayStartNanos = System.nanoTime();
        exchange.delay = loop.schedule(exchange, delay, TimeUnit.NANOSECONDS);
        config.questions().hold(exchange, loop);
    }

    /** Rules that delay the answer have ended: what is left of its delay is that of the others. */
    void delayAgain(Exchange exchange) {
        ScheduledFuture<?> before = exchange.delay;
        if (before != null) {
            before.cancel(false);
        }
        long left = exchange.delayStartNanos + exchange.decision.delayNanos() - System.nanoTime();
        exchange.delay = loop.schedule(exchange, Math.max(0, left), TimeUnit.NANOSECONDS);
    }

    /** Sends the answer now. */
    void send(Exchange exchange, ByteBuf transferred) {
        DnsClient client = exchange.client;
        InetSocketAddress to = exchange.address;
        if (client == null || to == null) {
            transferred.release();
            return;
        }
        DnsMessage.setId(transferred, exchange.clientId);
        end(exchange, transferred);
        reply(client, to, transferred);
    }

    private void reply(DnsClient client, InetSocketAddress to, ByteBuf transferred) {
        stats.responses.inc();
        client.answer(transferred, to);
    }

    /** The client is gone: nobody waits for the answer. */
    void abandon(Exchange exchange) {
        ScheduledFuture<?> delay = exchange.delay;
        if (delay != null) {
            delay.cancel(false);
        }
        end(exchange, null);
    }

    /** @param answer null when there is none */
    private void end(Exchange exchange, @Nullable ByteBuf answer) {
        unlink(exchange);
        UpstreamPath path = exchange.path;
        if (path != null) {
            path.forget(exchange);
        }
        ByteBuf held = exchange.held;
        exchange.ended();
        if (held != null) {
            held.release();
        }
        pending--;
        stats.pending.dec();
        InetSocketAddress from = exchange.address;
        if (from != null) {
            int[] count = perClient.get(from.getAddress());
            if (count != null && --count[0] == 0) {
                perClient.remove(from.getAddress());
            }
        }
        stats.latency.record((System.nanoTime() - exchange.startNanos) / 1_000_000);
        if (log != null) {
            log.log(
                    exchange,
                    answer,
                    exchange.attempts == 0 ? null : config.upstreams().get(exchange.upstream));
        }
        exchange.decision.release();
        DnsClient client = exchange.client;
        if (client != null) {
            client.ended(exchange);
        }
        exchange.clear();
        if (spare.size() < SPARE) {
            spare.add(exchange);
        }
    }

    // ---- resolvers ----

    private void ask(Exchange exchange) {
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
        answer(exchange, DnsReply.empty(alloc, exchange.query, exchange.questionEnd, DnsMessage.SERVFAIL));
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
        change(exchange, kept);
        answer(exchange, kept);
        return true;
    }

    private ByteBuf copy(ByteBuf borrowed) {
        return alloc.ioBuffer(borrowed.readableBytes())
                .writeBytes(borrowed, borrowed.readerIndex(), borrowed.readableBytes());
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
            answer(exchange, DnsReply.truncated(alloc, exchange.query, exchange.questionEnd));
            return;
        }
        if (cache != null) {
            cache.put(exchange.query, exchange.questionEnd, stream, borrowed);
        }
        // An answer that waits has bytes of its own: it is not to hold the buffer of all that came with it.
        ByteBuf answer = exchange.decision.delayNanos() > 0 || stream || exchange.askedAgain
                ? copy(borrowed)
                : borrowed.retainedSlice();
        change(exchange, answer);
        answer(exchange, answer);
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
            unlink(e);
            UpstreamPath path = e.path;
            if (path != null) {
                path.forget(e);
            }
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
        flush();
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

    // ---- flushes: once for all that one readiness brought ----

    /** What comes until {@link #flush} belongs together. */
    void reading() {
        reading = true;
    }

    /** Something is to be flushed: when what is being read has been, or else soon. */
    void flushLater() {
        if (!reading && !flushScheduled) {
            flushScheduled = true;
            loop.execute(this::flush);
        }
    }

    void flush() {
        reading = false;
        flushScheduled = false;
        for (int i = 0; i < udp.length; i++) {
            udp[i].flush();
            largeUdp[i].flush();
            tcp[i].flush();
        }
        for (Runnable each = clientsToFlush.poll(); each != null; each = clientsToFlush.poll()) {
            each.run();
        }
    }

    /** Has {@code flush} run with the next flush. */
    void flushClient(Runnable flush) {
        clientsToFlush.add(flush);
        flushLater();
    }
}
