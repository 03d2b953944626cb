package dev.mishap.proxy.filter.listener.proxyprotocol;

import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.filter.listener.proxyprotocol.ProxyProtocolConfig.Rule;
import dev.mishap.proxy.filter.listener.proxyprotocol.ProxyProtocolConfig.Stats;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.ProxyTlv;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes the PROXY header off a connection and has the connection come from whom it names. */
final class ProxyProtocol implements ListenerFilter {
    private final ProxyProtocolConfig config;
    private final Stats stats;
    private @Nullable ConnectionInfo connection;

    ProxyProtocol(ProxyProtocolConfig config) {
        this.config = config;
        this.stats = config.stats();
    }

    @Override
    public Status onAccept(Channel channel, ConnectionInfo info) {
        connection = info;
        return Status.NEED_BYTES;
    }

    @Override
    public Status onBytes(ByteBuf peeked) {
        boolean v1 = ProxyHeader.begins(peeked, ProxyHeader.V1_SIGNATURE);
        boolean v2 = ProxyHeader.begins(peeked, ProxyHeader.V2_SIGNATURE);
        if (config.allowWithout() && (!v1 || config.v1Disallowed()) && (!v2 || config.v2Disallowed())) {
            // A version that is not to be known is none.
            stats.notFoundAllowed().inc();
            return Status.CONTINUE;
        }
        if (!v1 && !v2 && peeked.readableBytes() >= ProxyHeader.V2_FIXED) {
            return notFound();
        }
        try {
            return v2 ? version2(peeked) : version1(peeked, v1);
        } catch (ProxyHeader.Malformed e) {
            (v2 ? stats.v2() : stats.v1()).error().inc();
            stats.error().inc();
            return Status.CLOSE;
        }
    }

    private Status version1(ByteBuf in, boolean signature) throws ProxyHeader.Malformed {
        int end = -1;
        for (int i = 1; i < in.readableBytes() && end < 0; i++) {
            int at = in.readerIndex() + i;
            if (in.getByte(at) == '\n' && in.getByte(at - 1) == '\r') {
                end = i - 1;
            }
        }
        if (end < 0) {
            return in.readableBytes() < ProxyHeader.V1_MAX ? Status.NEED_BYTES : notFound();
        }
        if (end == 0 && in.readableBytes() < ProxyHeader.V2_FIXED) {
            return Status.NEED_BYTES; // as a version 2 header begins
        }
        if (!signature || end + 2 > ProxyHeader.V1_MAX) {
            throw new ProxyHeader.Malformed("no header");
        }
        if (config.v1Disallowed()) {
            return disallowed(stats.v1());
        }
        ProxyHeader header = ProxyHeader.v1(in.toString(in.readerIndex(), end, StandardCharsets.ISO_8859_1));
        return found(header, in, stats.v1());
    }

    private Status version2(ByteBuf in) throws ProxyHeader.Malformed {
        if (in.readableBytes() < ProxyHeader.V2_FIXED) {
            return Status.NEED_BYTES;
        }
        int at = in.readerIndex();
        if (in.getByte(at + 12) >> 4 != 2) {
            throw new ProxyHeader.Malformed("unknown version");
        }
        if (config.v2Disallowed()) {
            return disallowed(stats.v2());
        }
        if (in.readableBytes() < ProxyHeader.V2_FIXED + in.getUnsignedShort(at + 14)) {
            return Status.NEED_BYTES;
        }
        return found(ProxyHeader.v2(in), in, stats.v2());
    }

    private Status notFound() {
        stats.notFoundDisallowed().inc();
        stats.error().inc();
        return Status.CLOSE;
    }

    private static Status disallowed(Stats.Version version) {
        version.found().inc();
        version.disallowed().inc();
        return Status.CLOSE;
    }

    private Status found(ProxyHeader header, ByteBuf in, Stats.Version version) {
        ConnectionInfo info = connection;
        assert info != null;
        version.found().inc();
        in.skipBytes(header.size());
        InetSocketAddress source = header.source();
        InetSocketAddress destination = header.destination();
        if (source != null && destination != null) {
            info.remoteAddress = source;
            if (!destination.equals(info.localAddress)) {
                info.localAddress = destination;
                info.localAddressRestored = true;
            }
        }
        List<ProxyTlv> kept = new ArrayList<>();
        for (ProxyTlv tlv : header.tlvs()) {
            for (Rule rule : config.rules()) {
                if (rule.type() == tlv.type()) {
                    info.putDynamicMetadata(rule.namespace(), Map.of(rule.key(), text(tlv.value())));
                }
            }
            if (config.passes(tlv.type())) {
                kept.add(tlv);
            }
        }
        info.proxyTlvs = List.copyOf(kept);
        return Status.CONTINUE;
    }

    /** The value as text; each byte that is no UTF-8 becomes {@code !}, as in Envoy. */
    private static String text(byte[] value) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(value);
        CharBuffer out = CharBuffer.allocate(value.length + 1);
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            if (!result.isError()) {
                return out.flip().toString();
            }
            for (int i = 0; i < result.length(); i++) {
                out.put('!');
            }
            in.position(in.position() + result.length());
            decoder.reset();
        }
    }
}
