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
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The DNS proxy of one loop: takes questions, has rules decide about them, has resolvers asked, and gives the answers back. A message passes as
 * it is but for its id. Confined to its loop.
 */
final class DnsServer {
    private static final int SPARE = 1024;
    final DnsProxyConfig config;
    final DnsProxyStats stats;
    private final EventLoop loop;
    private final ByteBufAllocator alloc = ByteBufAllocator.DEFAULT;
    private final QuestionReader reader = new QuestionReader();
    private final Resolvers resolvers;
    private final ArrayDeque<Exchange> spare = new ArrayDeque<>();
    private final ArrayDeque<Runnable> clientsToFlush = new ArrayDeque<>();
    private final Map<InetAddress, int[]> perClient = new HashMap<>();
    private final @Nullable DnsCache cache;
    private final @Nullable QuestionLog log;
    private int pending;

    private boolean reading;
    private boolean flushScheduled;

    DnsServer(DnsProxyConfig config, EventLoop loop) {
        this.config = config;
        this.stats = config.stats();
        this.loop = loop;
        cache = config.cacheEntries() == 0 ? null : new DnsCache(config.cacheEntries(), config.cacheSeconds());
        resolvers = new Resolvers(this, loop);
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
            resolvers.ask(exchange);
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

    /** Gives the answer the TTL that rules say. */
    static void change(Exchange exchange, ByteBuf answer) {
        long ttl = exchange.decision.ttlSeconds();
        if (ttl >= 0) {
            DnsMessage.setTtls(answer, ttl);
        }
    }

    /** Sends the answer when its delay is over. */
    void answer(Exchange exchange, ByteBuf transferred) {
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
        resolvers.forget(exchange);
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

    /** A resolver's answer, for those who ask the same. */
    void keep(Exchange exchange, boolean stream, ByteBuf borrowed) {
        if (cache != null) {
            cache.put(exchange.query, exchange.questionEnd, stream, borrowed);
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
        resolvers.flush();
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
