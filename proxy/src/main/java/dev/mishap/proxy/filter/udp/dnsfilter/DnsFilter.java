package dev.mishap.proxy.filter.udp.dnsfilter;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.dns.LookupFamily;
import dev.mishap.proxy.dns.NettyResolver;
import dev.mishap.proxy.dns.Resolver;
import dev.mishap.proxy.dns.wire.DnsMessage;
import dev.mishap.proxy.dns.wire.DnsReply;
import dev.mishap.proxy.dns.wire.QuestionReader;
import dev.mishap.proxy.filter.udp.UdpFilter;
import dev.mishap.rules.QuestionDecision;
import dev.mishap.rules.fault.DnsFault;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Answers the questions of one socket. Confined to its loop. */
final class DnsFilter implements UdpFilter {
    /** Answers that faults hold back; more get SERVFAIL at once, as in the DNS proxy. */
    private static final int MAX_HELD = 10_000;

    private final DnsFilterConfig config;
    private final DnsFilterStats stats;
    private final Channel socket;
    private final EventLoop loop;
    private final ByteBufAllocator alloc;
    private final QuestionReader reader = new QuestionReader();
    private final DnsFilterLog log;
    private final ChannelFutureListener atClose = f -> close();
    private @Nullable Resolver resolver;
    private boolean removed;
    private long pending;
    private int held;
    private boolean reading;

    DnsFilter(DnsFilterConfig config, Channel socket) {
        this.config = config;
        this.stats = config.stats();
        this.socket = socket;
        this.loop = socket.eventLoop();
        this.alloc = socket.alloc();
        this.log = new DnsFilterLog(config.log());
        socket.closeFuture().addListener(atClose);
    }

    private void close() {
        Resolver r = resolver;
        if (r != null) {
            resolver = null;
            r.close();
        }
    }

    @Override
    public void onRemoved() {
        removed = true;
        letGo();
    }

    private void letGo() {
        if (removed && pending == 0) {
            socket.closeFuture().removeListener(atClose);
            close();
        }
    }

    @Override
    public void onReceiveError() {
        stats.rxErrors.inc();
    }

    @Override
    public void onReadComplete() {
        reading = false;
        socket.flush();
    }

    @Override
    public boolean onDatagram(ByteBuf borrowed, InetSocketAddress from) {
        reading = true;
        stats.rxBytes.record(borrowed.readableBytes());
        stats.rxQueries.inc();
        if (!parse(borrowed)) {
            stats.rxInvalid.inc();
            ByteBuf reply = Answer.malformed(alloc, borrowed, config.resolver() != null);
            log.malformed(from, local(), borrowed, reply);
            write(from, reply);
            return false;
        }
        ByteBuf copy = alloc.ioBuffer(borrowed.readableBytes())
                .writeBytes(borrowed, borrowed.readerIndex(), borrowed.readableBytes());
        Asked asked = new Asked(
                from,
                copy,
                reader.end(),
                reader.type(),
                reader.name(borrowed, config.table().caseInsensitive()),
                config.table().retries());
        stats.queries.of(asked.type).inc();
        if (!config.questions().isIdle()) {
            asked.decision = config.questions()
                    .decide(
                            asked.name.toLowerCase(Locale.ROOT),
                            QuestionReader.typeName(asked.type),
                            from.getAddress(),
                            false,
                            asked::mark);
        }
        DnsFault fault = asked.decision.answer();
        if (fault == null) {
            resolve(asked);
        } else {
            asked.injected = true;
            inject(asked, fault);
        }
        return false;
    }

    /** What Envoy takes for a question: one, of class IN, with a name, and no record but additional ones. */
    private boolean parse(ByteBuf m) {
        if (m.readableBytes() < DnsMessage.HEADER) {
            stats.underflow.inc();
            return false;
        }
        int at = m.readerIndex();
        if (DnsMessage.isResponse(m) || m.getInt(at + 6) != 0) {
            stats.withAnswers.inc();
            return false;
        }
        if (DnsMessage.questions(m) != 1) {
            return false;
        }
        if (!reader.read(m) || reader.klass() != DnsMessage.CLASS_IN || reader.end() == DnsMessage.HEADER + 5) {
            stats.parsingFailure.inc();
            return false;
        }
        if (m.getUnsignedShort(at + 10) != 0) {
            stats.withAdditional.inc();
        }
        return true;
    }

    // ---- answers from the table and clusters ----

    private void resolve(Asked asked) {
        DnsTable table = config.table();
        boolean known = table.knows(asked.name);
        if (known) {
            stats.knownDomain.inc();
        }
        Answer answer = new Answer();
        boolean forwards = config.resolver() != null;
        if (known || !forwards) {
            if (fromClusters(asked, answer) || fromTable(asked, answer)) {
                finish(asked, answer);
                return;
            }
        }
        if (forwards) {
            ask(asked);
        } else {
            finish(asked, answer);
        }
    }

    private void finish(Asked asked, Answer answer) {
        if (answer.isEmpty()) {
            stats.unanswered.inc();
        }
        asked.found = answer.found();
        answer(asked, answer.write(alloc, asked, config.resolver() != null));
    }

    private boolean fromClusters(Asked asked, Answer answer) {
        DnsTable.Endpoint endpoint = config.table().find(asked.name);
        if (asked.type == DnsMessage.TYPE_SRV) {
            DnsTable.Service service = endpoint == null ? null : endpoint.service();
            return service != null && service.targets().get(0).cluster() && serviceOfCluster(service, answer);
        }
        if (asked.type != DnsMessage.TYPE_A && asked.type != DnsMessage.TYPE_AAAA) {
            return false;
        }
        String redirected = endpoint == null ? null : endpoint.cluster();
        String name = redirected == null ? asked.name : redirected;
        boolean found = false;
        for (InetSocketAddress host : hosts(name)) {
            if (typeOf(host.getAddress()) == asked.type) {
                answer.address(host.getAddress(), config.table().ttl(name));
                stats.clusterAnswers.of(asked.type).inc();
                found = true;
            }
        }
        return found;
    }

    private boolean serviceOfCluster(DnsTable.Service service, Answer answer) {
        DnsTable.Target target = service.targets().get(0);
        boolean found = false;
        for (InetSocketAddress host : hosts(target.name())) {
            answer.service(target, target.port() == 0 ? host.getPort() : target.port(), service.ttl());
            stats.clusterAnswers.of(DnsMessage.TYPE_SRV).inc();
            answer.additional(target.name(), host.getAddress(), config.table().ttl(target.name()));
            stats.clusterAnswers.of(typeOf(host.getAddress())).inc();
            found = true;
        }
        return found;
    }

    private List<InetSocketAddress> hosts(String clusterName) {
        Cluster cluster = config.clusters().apply(clusterName);
        return cluster == null
                ? List.of()
                : cluster.endpoints().all().stream()
                        .map(Endpoint::ip)
                        .filter(ip -> ip != null && ip.getAddress() != null)
                        .toList();
    }

    private static int typeOf(InetAddress address) {
        return address.getAddress().length == 4 ? DnsMessage.TYPE_A : DnsMessage.TYPE_AAAA;
    }

    private boolean fromTable(Asked asked, Answer answer) {
        DnsTable.Endpoint endpoint = config.table().find(asked.name);
        if (endpoint == null) {
            return false;
        }
        if (asked.type == DnsMessage.TYPE_SRV) {
            return endpoint.service() != null && service(endpoint.service(), answer);
        }
        List<InetAddress> addresses = endpoint.addresses();
        if (addresses == null || asked.type != DnsMessage.TYPE_A && asked.type != DnsMessage.TYPE_AAAA) {
            return false;
        }
        for (InetAddress address : addresses) {
            if (typeOf(address) == asked.type) {
                answer.address(address, config.table().ttl(asked.name));
                stats.localAnswers.of(asked.type).inc();
            }
        }
        return true;
    }

    private boolean service(DnsTable.Service service, Answer answer) {
        boolean found = false;
        for (DnsTable.Target target : service.targets()) {
            DnsTable.Endpoint endpoint = config.table().find(target.name());
            List<InetAddress> addresses = endpoint == null ? null : endpoint.addresses();
            if (addresses == null) {
                continue;
            }
            stats.localAnswers.of(DnsMessage.TYPE_SRV).inc();
            answer.service(target, target.port(), service.ttl());
            for (InetAddress address : addresses) {
                stats.localAnswers.of(typeOf(address)).inc();
                answer.additional(target.name(), address, config.table().ttl(target.name()));
                found = true;
            }
        }
        return found;
    }

    // ---- answers of resolvers ----

    private void ask(Asked asked) {
        if (pending >= config.maxPending() || asked.type != DnsMessage.TYPE_A && asked.type != DnsMessage.TYPE_AAAA) {
            resolved(asked, List.of());
            return;
        }
        pending++;
        new Lookup(asked).start();
    }

    private Resolver resolver() {
        Resolver r = resolver;
        if (r == null) {
            r = new NettyResolver(loop, java.util.Objects.requireNonNull(config.resolver()));
            resolver = r;
        }
        return r;
    }

    /** One question to the resolver, which is given up when its time is over. */
    private final class Lookup implements Resolver.Callback {
        private final Asked asked;
        private boolean done;
        private @Nullable ScheduledFuture<?> timer;

        Lookup(Asked asked) {
            this.asked = asked;
        }

        void start() {
            timer = loop.schedule(() -> onAnswer(null, List.of(), -1), config.timeoutNanos(), TimeUnit.NANOSECONDS);
            resolver()
                    .resolve(
                            asked.name,
                            asked.type == DnsMessage.TYPE_A ? LookupFamily.V4_ONLY : LookupFamily.V6_ONLY,
                            this);
        }

        @Override
        public void onAnswer(@Nullable Throwable failure, List<InetAddress> addresses, long ttlSeconds) {
            if (done) {
                return;
            }
            done = true;
            ScheduledFuture<?> t = timer;
            if (t != null) {
                t.cancel(false);
            }
            if (failure != null && asked.retries > 0) {
                asked.retries--;
                new Lookup(asked).start();
                return;
            }
            pending--;
            resolved(asked, addresses);
            letGo();
        }
    }

    private void resolved(Asked asked, List<InetAddress> addresses) {
        stats.externallyResolved.inc();
        stats.externalQueries.of(asked.type).inc();
        Answer answer = new Answer();
        for (InetAddress address : addresses) {
            stats.externalAnswers.of(asked.type).inc();
            answer.address(address, config.table().ttl(asked.name));
        }
        finish(asked, answer);
    }

    // ---- out ----

    private void inject(Asked asked, DnsFault fault) {
        ByteBuf query = asked.query;
        int end = asked.questionEnd;
        switch (fault.action()) {
            case DROP -> end(asked, null);
            case SERVFAIL -> answer(asked, DnsReply.empty(alloc, query, end, DnsMessage.SERVFAIL));
            case NXDOMAIN -> answer(asked, DnsReply.empty(alloc, query, end, DnsMessage.NXDOMAIN));
            case REFUSED -> answer(asked, DnsReply.empty(alloc, query, end, DnsMessage.REFUSED));
            case TRUNCATE -> answer(asked, DnsReply.truncated(alloc, query, end));
            case ADDRESS ->
                answer(asked, DnsReply.addresses(alloc, query, end, fault.literals(), DnsReply.WRONG_ADDRESS_TTL));
            default -> answer(asked, DnsReply.empty(alloc, query, end, DnsMessage.NOERROR));
        }
    }

    private void answer(Asked asked, ByteBuf transferred) {
        QuestionDecision decision = asked.decision;
        if (decision.ttlSeconds() >= 0) {
            DnsMessage.setTtls(transferred, decision.ttlSeconds());
        }
        if (decision.delayNanos() > 0) {
            if (held >= MAX_HELD) {
                transferred.release();
                end(asked, DnsReply.empty(alloc, asked.query, asked.questionEnd, DnsMessage.SERVFAIL));
                return;
            }
            held++;
            config.questions().later(loop, decision, () -> {
                held--;
                end(asked, transferred);
            });
        } else {
            end(asked, transferred);
        }
    }

    private void end(Asked asked, @Nullable ByteBuf answer) {
        stats.latency.record((System.nanoTime() - asked.startNanos) / 1_000_000);
        log.ended(asked, local(), answer);
        asked.decision.release();
        asked.query.release();
        if (answer != null) {
            write(asked.from, answer);
        }
    }

    private void write(InetSocketAddress to, ByteBuf transferred) {
        stats.txResponses.inc();
        stats.txBytes.record(transferred.readableBytes());
        socket.write(new DatagramPacket(transferred, to), socket.voidPromise());
        if (!reading) {
            socket.flush();
        }
    }

    private @Nullable InetSocketAddress local() {
        return socket.localAddress() instanceof InetSocketAddress ip ? ip : null;
    }
}
