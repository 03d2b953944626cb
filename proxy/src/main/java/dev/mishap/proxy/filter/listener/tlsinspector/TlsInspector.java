package dev.mishap.proxy.filter.listener.tlsinspector;

import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.NoTls;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Waits for the client's hello, and notes its server name and protocols. A connection that doesn't begin with one is no TLS. */
final class TlsInspector implements ListenerFilter {
    /** Of record headers and hello together, as in Envoy. */
    private static final int MAX_HELLO = 16 * 1024;

    private final TlsInspectorStats stats;
    private final boolean ja3;
    private @Nullable ConnectionInfo connection;

    TlsInspector(TlsInspectorStats stats, boolean ja3) {
        this.stats = stats;
        this.ja3 = ja3;
    }

    @Override
    public Status onAccept(Channel channel, ConnectionInfo info) {
        connection = info;
        return Status.NEED_BYTES;
    }

    @Override
    public Status onBytes(ByteBuf peeked) {
        ClientHello hello = new ClientHello();
        switch (hello.read(peeked, MAX_HELLO)) {
            case PARTIAL:
                if (peeked.readableBytes() < MAX_HELLO) {
                    return Status.NEED_BYTES;
                }
                stats.helloTooLarge.inc();
                return Status.CLOSE;
            case FOUND:
                found(hello);
                return Status.CONTINUE;
            default:
                ConnectionInfo info = connection;
                assert info != null;
                NoTls instead = NoTls.of(peeked);
                if (instead != null) {
                    info.transportFailureReason = instead.inspected();
                }
                stats.tlsNotFound.inc();
                return Status.CONTINUE;
        }
    }

    private void found(ClientHello hello) {
        ConnectionInfo info = connection;
        assert info != null;
        stats.tlsFound.inc();
        stats.bytesProcessed.record(hello.size());
        info.detectedTransportProtocol = "tls";
        String name = hello.serverName();
        if (name == null) {
            stats.sniNotFound.inc();
        } else {
            stats.sniFound.inc();
            info.requestedServerName = name.toLowerCase(Locale.ROOT);
        }
        if (hello.protocols().isEmpty()) {
            stats.alpnNotFound.inc();
        } else {
            stats.alpnFound.inc();
            info.applicationProtocols = hello.protocols();
        }
        if (ja3) {
            info.ja3 = hello.ja3();
        }
    }
}
