package dev.mishap.proxy.filter.common.dns;

import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Where answers go: the listener's UDP socket, or one TCP connection. */
interface DnsClient {
    /** Takes the answer. {@code to} is who asked, of a UDP socket. */
    void answer(ByteBuf transferred, InetSocketAddress to);

    boolean overStream();

    @Nullable
    InetSocketAddress local();

    /** A question of this client begins, and ends. */
    void began(Exchange exchange);

    void ended(Exchange exchange);
}
