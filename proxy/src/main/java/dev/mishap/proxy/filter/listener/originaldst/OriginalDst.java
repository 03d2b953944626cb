package dev.mishap.proxy.filter.listener.originaldst;

import dev.mishap.proxy.filter.listener.ListenerFilter;
import dev.mishap.proxy.transport.ConnectionInfo;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.channel.unix.UnixChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Asks the kernel where a connection was to go before a rule of its firewall redirected it here. Without state. */
final class OriginalDst implements ListenerFilter {
    private static final int SOL_IP = 0;
    private static final int SOL_IPV6 = 41;
    private static final int SO_ORIGINAL_DST = 80; // the same number at both levels
    private static final int SOCKADDR_IN = 16;
    private static final int SOCKADDR_IN6 = 28;

    /** Made when the first connection asks: the option is of the native transport, and loads it. */
    private static final class Options {
        static final RawUnixChannelOption V4 =
                new RawUnixChannelOption("SO_ORIGINAL_DST", SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN);
        static final RawUnixChannelOption V6 =
                new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6);
    }

    @Override
    public Status onAccept(Channel channel, ConnectionInfo connection) {
        InetSocketAddress local = connection.directLocalAddress;
        if (local != null && channel instanceof UnixChannel) {
            InetSocketAddress original = original(channel, local.getAddress().getAddress().length == 16);
            if (original != null) {
                connection.localAddress = original;
                connection.localAddressRestored |= !original.equals(local);
            }
        }
        return Status.CONTINUE;
    }

    private static @Nullable InetSocketAddress original(Channel channel, boolean v6) {
        InetSocketAddress found = v6 ? ask(channel, Options.V6, 8, 16) : null;
        // A dual-stack socket carries IPv4 connections, too.
        return found == null ? ask(channel, Options.V4, 4, 4) : found;
    }

    private static @Nullable InetSocketAddress ask(Channel channel, RawUnixChannelOption option, int at, int length) {
        try {
            ByteBuffer address = channel.config().getOption(option);
            if (address == null || address.remaining() < at + length) {
                return null;
            }
            byte[] ip = new byte[length];
            int start = address.position();
            for (int i = 0; i < length; i++) {
                ip[i] = address.get(start + at + i);
            }
            int port = address.order(ByteOrder.BIG_ENDIAN).getShort(start + 2) & 0xffff;
            return new InetSocketAddress(InetAddress.getByAddress(ip), port);
        } catch (ChannelException | UnknownHostException e) {
            return null; // nobody redirected it, or the system doesn't track connections
        }
    }
}
