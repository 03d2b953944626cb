package dev.mishap.proxy.tls;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.transport.Cidr;
import dev.mishap.proxy.transport.LineFiles;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.KeyLogCallback;
import io.netty.internal.tcnative.SSLContext;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code TlsKeyLog}: the secrets of connections, in a file that Wireshark reads (SSLKEYLOGFILE). BoringSSL only; loaded where it is
 * configured.
 */
final class KeyLog implements KeyLogCallback {
    private final Consumer<String> file;
    private final List<Cidr> local;
    private final List<Cidr> remote;
    /** By BoringSSL's pointer, from before the handshake to its end; secrets come during the handshake only. */
    private final Map<Long, Connection> connections = new ConcurrentHashMap<>();

    private record Connection(
            Supplier<? extends @Nullable SocketAddress> local, Supplier<? extends @Nullable SocketAddress> remote) {}

    private KeyLog(Consumer<String> file, List<Cidr> local, List<Cidr> remote) {
        this.file = file;
        this.local = List.copyOf(local);
        this.remote = List.copyOf(remote);
    }

    /** The one of {@code common}, a {@code CommonTlsContext} that has one. */
    static KeyLog from(ConfigNode common, TlsEngine engine, @Nullable LineFiles files) {
        ConfigNode node = common.required("key_log");
        if (engine != TlsEngine.BORINGSSL || files == null) {
            throw common.error(
                    "key_log", "is not supported by the TLS engine of the JDK, which does not tell its secrets");
        }
        List<Cidr> local = ranges(node, "local_address_range");
        List<Cidr> remote = ranges(node, "remote_address_range");
        return new KeyLog(files.open(node.string("path")), local, remote);
    }

    private static List<Cidr> ranges(ConfigNode node, String field) {
        List<Cidr> ranges = new ArrayList<>();
        for (ConfigNode range : node.messages(field)) {
            String prefix = range.string("address_prefix");
            int bits = (int) range.integer("prefix_len", 0);
            byte[] address = NetUtil.createByteArrayFromIpAddressString(prefix);
            if (address == null) {
                throw new ConfigException(
                        "invalid ip/mask combo '" + prefix + "/" + bits + "' (format is <ip>/<# mask bits>)");
            }
            ranges.add(Cidr.of(address, bits));
        }
        return ranges;
    }

    /** Has the connections of a context tell their secrets. */
    void listen(SslContext context) {
        if (!(context instanceof ReferenceCountedOpenSslContext openSsl)
                || !SSLContext.setKeyLogCallback(pointer(openSsl), this)) {
            throw unsupported();
        }
    }

    /**
     * netty-tcnative's own context. Netty has no setting for key logs and tells only BoringSSL's pointer, which is another one and which
     * the call would crash with.
     */
    private static long pointer(ReferenceCountedOpenSslContext context) {
        try {
            Field ctx = ReferenceCountedOpenSslContext.class.getDeclaredField("ctx");
            ctx.setAccessible(true);
            return ctx.getLong(context);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw unsupported();
        }
    }

    private static ConfigException unsupported() {
        return new ConfigException("key_log is not supported with this version of netty-tcnative");
    }

    /**
     * A connection is about to begin.
     *
     * @param local its addresses, asked for when there are secrets
     * @param ready done when its handshake is over
     */
    void follow(
            SslHandler handler,
            Supplier<? extends @Nullable SocketAddress> local,
            Supplier<? extends @Nullable SocketAddress> remote,
            Future<?> ready) {
        if (handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            long pointer = engine.sslPointer();
            Connection connection = new Connection(local, remote);
            connections.put(pointer, connection);
            // Another connection may be at the same place by then.
            ready.addListener(f -> connections.remove(pointer, connection));
        }
    }

    @Override
    public void handle(long ssl, byte[] line) {
        Connection c = connections.get(ssl);
        if (c != null && in(local, c.local.get()) && in(remote, c.remote.get())) {
            file.accept(new String(line, StandardCharsets.US_ASCII));
        }
    }

    private static boolean in(List<Cidr> ranges, @Nullable SocketAddress address) {
        if (ranges.isEmpty()) {
            return true;
        }
        if (!(address instanceof InetSocketAddress ip)) {
            return false;
        }
        byte[] bytes = ip.getAddress().getAddress();
        return ranges.stream().anyMatch(r -> r.contains(bytes));
    }
}
