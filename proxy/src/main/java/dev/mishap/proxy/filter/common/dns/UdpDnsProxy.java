package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.filter.udp.UdpFilter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** The proxy behind one UDP socket. Answers that are ready at the same time go out together (sendmmsg). */
public final class UdpDnsProxy implements UdpFilter, DnsClient {
    private final DnsServer server;
    private final Channel socket;
    private final UnderWay underWay = new UnderWay();
    private final ChannelFutureListener atClose = f -> abandon();
    private boolean unflushed;
    private boolean removed;

    public UdpDnsProxy(DnsProxyConfig config, Channel socket) {
        this.server = new DnsServer(config, socket.eventLoop());
        this.socket = socket;
        socket.closeFuture().addListener(atClose);
    }

    private void abandon() {
        underWay.abandon(server);
    }

    @Override
    public void onRemoved() {
        removed = true;
        letGo();
    }

    /** The socket keeps what is told of its end, for as long as it lives. */
    private void letGo() {
        if (removed && underWay.size() == 0) {
            socket.closeFuture().removeListener(atClose);
        }
    }

    @Override
    public boolean onDatagram(ByteBuf borrowed, InetSocketAddress from) {
        server.reading();
        server.question(this, from, borrowed);
        return false;
    }

    @Override
    public void onReadComplete() {
        server.flush();
    }

    @Override
    public void answer(ByteBuf transferred, InetSocketAddress to) {
        socket.write(new DatagramPacket(transferred, to), socket.voidPromise());
        if (!unflushed) {
            unflushed = true;
            server.flushClient(this::flush);
        }
    }

    private void flush() {
        unflushed = false;
        socket.flush();
    }

    @Override
    public void began(Exchange exchange) {
        underWay.add(exchange);
    }

    @Override
    public void ended(Exchange exchange) {
        underWay.remove(exchange);
        letGo();
    }

    @Override
    public boolean overStream() {
        return false;
    }

    @Override
    public @Nullable InetSocketAddress local() {
        return (InetSocketAddress) socket.localAddress();
    }
}
