package dev.mishap.proxy.dns;

import dev.mishap.proxy.transport.Transport;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.DefaultHostsFileEntriesResolver;
import io.netty.resolver.HostsFileEntriesResolver;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddresses;
import io.netty.resolver.dns.NoopDnsCache;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks the name servers of the system (resolv.conf), after the hosts file. Answers are not cached: the cluster asks as often
 * as it is configured to, and wants to see the TTL. Confined to its loop.
 */
public final class NettyResolver implements Resolver {
    private final EventLoop loop;
    private final DnsNameResolver dns;
    private final HostsFileEntriesResolver hosts = new DefaultHostsFileEntriesResolver();
    private final SearchDomains search;

    /** A resolver on {@code loop}, asking the system's name servers. */
    public NettyResolver(EventLoop loop) {
        this(loop, DnsOptions.DEFAULT);
    }

    /** A resolver on {@code loop}. */
    public NettyResolver(EventLoop loop, DnsOptions options) {
        this(loop, options, provider(options), options.noSearchDomain() ? SearchDomains.NONE : SearchDomains.system());
    }

    private static @Nullable DnsServerAddressStreamProvider provider(DnsOptions options) {
        List<InetSocketAddress> asked = options.asked(NameServers.system());
        if (asked.isEmpty()) {
            return null;
        }
        if (options.rotate()) {
            DnsServerAddresses turns = DnsServerAddresses.rotational(asked);
            return host -> turns.stream();
        }
        return new SequentialDnsServerAddressStreamProvider(asked);
    }

    /** A resolver that asks {@code servers}; null = those of the system. */
    public NettyResolver(EventLoop loop, @Nullable DnsServerAddressStreamProvider servers) {
        this(loop, DnsOptions.DEFAULT, servers, SearchDomains.NONE);
    }

    NettyResolver(
            EventLoop loop,
            DnsOptions options,
            @Nullable DnsServerAddressStreamProvider servers,
            SearchDomains search) {
        this.loop = loop;
        this.search = search;
        boolean epoll = Transport.isEpoll(loop);
        DnsNameResolverBuilder builder = new DnsNameResolverBuilder(loop)
                .datagramChannelType(epoll ? EpollDatagramChannel.class : NioDatagramChannel.class)
                .socketChannelType(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .resolveCache(NoopDnsCache.INSTANCE)
                .queryTimeoutMillis(options.timeoutMillis());
        if (servers != null) {
            builder.nameServerProvider(servers);
        }
        dns = builder.build();
    }

    @Override
    public void resolve(String name, LookupFamily family, Callback callback) {
        InetAddress literal = NetUtil.createInetAddressFromIpAddressString(name);
        if (literal != null) {
            callback.onAnswer(null, List.of(literal), -1);
            return;
        }
        List<InetAddress> known = fromHosts(name, family);
        if (!known.isEmpty()) {
            callback.onAnswer(null, known, -1);
            return;
        }
        ask(search.candidates(name), 0, family, callback);
    }

    /** Asks for one candidate after the other, until one has an address. */
    private void ask(List<String> names, int at, LookupFamily family, Callback callback) {
        boolean last = at == names.size() - 1;
        new Question(names.get(at), family, (failure, addresses, ttl) -> {
                    if (last || !addresses.isEmpty()) {
                        callback.onAnswer(failure, addresses, ttl);
                    } else {
                        ask(names, at + 1, family, callback);
                    }
                })
                .ask();
    }

    private List<InetAddress> fromHosts(String name, LookupFamily family) {
        Set<InetAddress> v4 = new LinkedHashSet<>();
        Set<InetAddress> v6 = new LinkedHashSet<>();
        if (hosts instanceof DefaultHostsFileEntriesResolver file) {
            addAll(file.addresses(name, ResolvedAddressTypes.IPV4_PREFERRED), v4, v6);
        }
        if (v4.isEmpty() && v6.isEmpty() && (name.equals("localhost") || name.endsWith(".localhost"))) {
            // RFC 6761: never asked of a server.
            v4.add(NetUtil.LOCALHOST4);
            v6.add(NetUtil.LOCALHOST6);
        }
        return family.choose(v4, v6);
    }

    private static void addAll(@Nullable List<InetAddress> from, Set<InetAddress> v4, Set<InetAddress> v6) {
        if (from != null) {
            for (InetAddress a : from) {
                (a instanceof Inet6Address ? v6 : v4).add(a);
            }
        }
    }

    @Override
    public void close() {
        dns.close();
    }

    /** One name being asked for: A, AAAA or both, one after the other. */
    private final class Question {
        private final String name;
        private final LookupFamily family;
        private final Callback callback;
        private final Set<InetAddress> v4 = new LinkedHashSet<>();
        private final Set<InetAddress> v6 = new LinkedHashSet<>();
        private long ttl = Long.MAX_VALUE;
        private @Nullable Throwable failure;
        private int left;

        Question(String name, LookupFamily family, Callback callback) {
            this.name = name;
            this.family = family;
            this.callback = callback;
        }

        void ask() {
            left = family == LookupFamily.V4_ONLY || family == LookupFamily.V6_ONLY ? 1 : 2;
            if (family != LookupFamily.V6_ONLY) {
                query(DnsRecordType.A, v4);
            }
            if (family != LookupFamily.V4_ONLY) {
                query(DnsRecordType.AAAA, v6);
            }
        }

        private void query(DnsRecordType type, Set<InetAddress> into) {
            String fqdn = name.endsWith(".") ? name : name + ".";
            dns.resolveAll(new DefaultDnsQuestion(fqdn, type)).addListener(f -> {
                if (f.isSuccess()) {
                    @SuppressWarnings("unchecked")
                    List<DnsRecord> records = (List<DnsRecord>) f.getNow();
                    read(records, type, into);
                } else if (!isEmptyAnswer(f.cause())) {
                    failure = f.cause();
                }
                if (loop.inEventLoop()) {
                    done();
                } else {
                    loop.execute(this::done);
                }
            });
        }

        private void read(List<DnsRecord> records, DnsRecordType type, Set<InetAddress> into) {
            for (DnsRecord r : records) {
                try {
                    if (r.type().equals(type) && r instanceof DnsRawRecord raw) {
                        byte[] address = new byte[raw.content().readableBytes()];
                        raw.content().getBytes(raw.content().readerIndex(), address);
                        into.add(InetAddress.getByAddress(address));
                        ttl = Math.min(ttl, r.timeToLive());
                    }
                } catch (UnknownHostException e) {
                    failure = e; // an address of a length that no address has
                } finally {
                    io.netty.util.ReferenceCountUtil.release(r);
                }
            }
        }

        /** NXDOMAIN, and a name without records of the type, are answers: there are no addresses. */
        private boolean isEmptyAnswer(Throwable cause) {
            for (Throwable t = cause; t != null; t = t.getCause()) {
                if (t instanceof DnsErrorCauseException e) {
                    return e.getCode().equals(DnsResponseCode.NXDOMAIN)
                            || e.getCode().equals(DnsResponseCode.NOERROR);
                }
            }
            return false;
        }

        private void done() {
            if (--left > 0) {
                return;
            }
            List<InetAddress> addresses = family.choose(v4, v6);
            Throwable why = addresses.isEmpty() ? failure : null;
            callback.onAnswer(why, addresses, ttl == Long.MAX_VALUE ? -1 : ttl);
        }
    }
}
