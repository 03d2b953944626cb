package dev.mishap.proxy.transport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** How the process talks to its sockets. Epoll keeps timers to the microsecond and lets each worker own a listening socket. */
public enum Transport {
    EPOLL {
        @Override
        IoHandlerFactory handlers() {
            return LastingEpollHandler.newFactory();
        }

        @Override
        public Class<? extends ServerChannel> serverChannel() {
            return EpollServerSocketChannel.class;
        }

        @Override
        public Class<? extends ServerChannel> unixServerChannel() {
            return EpollServerDomainSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> unixChannel() {
            return EpollDomainSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> socketChannel() {
            return EpollSocketChannel.class;
        }

        @Override
        public DatagramChannel datagramChannel() {
            return new EpollDatagramChannel();
        }

        @Override
        public SocketAddress unixAddress(String path) {
            return new DomainSocketAddress(path);
        }

        @Override
        public boolean supportsReusePort() {
            return true;
        }

        @Override
        public void reusePort(ServerBootstrap bootstrap) {
            bootstrap.option(EpollChannelOption.SO_REUSEPORT, true);
        }

        @Override
        public void reusePort(Bootstrap bootstrap) {
            bootstrap.option(EpollChannelOption.SO_REUSEPORT, true);
        }

        @Override
        public boolean tellsDestinations(Bootstrap bootstrap) {
            bootstrap.option(EpollChannelOption.IP_RECVORIGDSTADDR, true);
            return true;
        }

        @Override
        public void options(ServerBootstrap bootstrap, List<RawOption> options) {
            for (RawOption o : options) {
                Integer number = o.number();
                if (number == null) {
                    bootstrap.option(o.raw(), ByteBuffer.wrap(o.bytes()));
                } else {
                    bootstrap.option(o.integer(), number);
                }
            }
        }

        @Override
        public void option(Bootstrap bootstrap, RawOption o) {
            Integer number = o.number();
            if (number == null) {
                bootstrap.option(o.raw(), ByteBuffer.wrap(o.bytes()));
            } else {
                bootstrap.option(o.integer(), number);
            }
        }

        @Override
        public void option(Channel socket, RawOption o) {
            Integer number = o.number();
            if (number == null) {
                socket.config().setOption(o.raw(), ByteBuffer.wrap(o.bytes()));
            } else {
                socket.config().setOption(o.integer(), number);
            }
        }
    },
    NIO {
        @Override
        IoHandlerFactory handlers() {
            return NioIoHandler.newFactory();
        }

        @Override
        public Class<? extends ServerChannel> serverChannel() {
            return NioServerSocketChannel.class;
        }

        @Override
        public Class<? extends ServerChannel> unixServerChannel() {
            return NioServerDomainSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> unixChannel() {
            return NioDomainSocketChannel.class;
        }

        @Override
        public Class<? extends Channel> socketChannel() {
            return NioSocketChannel.class;
        }

        @Override
        public DatagramChannel datagramChannel() {
            return new NioDatagramChannel();
        }

        @Override
        public SocketAddress unixAddress(String path) {
            return UnixDomainSocketAddress.of(path);
        }

        @Override
        public boolean supportsReusePort() {
            return false;
        }

        @Override
        public void reusePort(ServerBootstrap bootstrap) {
            throw new UnsupportedOperationException("SO_REUSEPORT");
        }

        @Override
        public void reusePort(Bootstrap bootstrap) {
            throw new UnsupportedOperationException("SO_REUSEPORT");
        }

        // The JDK's sockets have no options by number; what a listener can do without them, it does.
        @Override
        public void options(ServerBootstrap bootstrap, List<RawOption> options) {}

        @Override
        public void option(Bootstrap bootstrap, RawOption option) {}

        @Override
        public void option(Channel socket, RawOption option) {}
    };

    /** Bytes that the kernel is asked to keep of a UDP socket's datagrams until they are read; it gives what its limit allows. */
    public static final int DATAGRAM_QUEUE = 1 << 20;

    /** Epoll where its native library loads, else NIO. */
    public static Transport best() {
        return Epoll.isAvailable() ? EPOLL : NIO;
    }

    /** Whether the loop is one of {@link #EPOLL}'s, so that channels on it must be, too. */
    public static boolean isEpoll(EventLoop loop) {
        return loop instanceof IoEventLoop io && Epoll.isAvailable() && io.isIoType(LastingEpollHandler.class);
    }

    /** The one that {@code loop} is of. */
    public static Transport of(EventLoop loop) {
        return isEpoll(loop) ? EPOLL : NIO;
    }

    abstract IoHandlerFactory handlers();

    /** The class of listening sockets. */
    public abstract Class<? extends ServerChannel> serverChannel();

    /** The class of sockets that listen at a path of the file system. */
    public abstract Class<? extends ServerChannel> unixServerChannel();

    /** The class of sockets that connect to a path of the file system. */
    public abstract Class<? extends Channel> unixChannel();

    /** The class of sockets that connect by TCP. */
    public abstract Class<? extends Channel> socketChannel();

    /** A UDP socket that is not bound yet. */
    public abstract DatagramChannel datagramChannel();

    /**
     * Has a UDP socket take datagrams of up to {@code size} bytes, and {@code count} with one call of the system where that can be
     * (recvmmsg). A longer one is cut.
     */
    public static void datagramBuffers(Channel socket, int size, int count) {
        boolean many = socket instanceof EpollDatagramChannel;
        if (many) {
            socket.config().setOption(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, size);
        }
        socket.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(many ? size * count : size));
    }

    /** The address of the unix socket at {@code path}, in the form that {@link #unixServerChannel} and {@link #unixChannel} take. */
    public abstract SocketAddress unixAddress(String path);

    /** Whether several sockets can listen at one address, so that the kernel spreads connections over the workers. */
    public abstract boolean supportsReusePort();

    /**
     * Has datagrams of IPv4 come with the address that they were sent to as their recipient, also at a socket of any address.
     *
     * @return whether they do
     */
    public boolean tellsDestinations(Bootstrap bootstrap) {
        return false;
    }

    /** Has the sockets of {@code bootstrap} share their address. */
    public abstract void reusePort(ServerBootstrap bootstrap);

    /** Has the UDP sockets of {@code bootstrap} share their address. */
    public abstract void reusePort(Bootstrap bootstrap);

    /** Has the sockets of {@code bootstrap} be set {@code options} before they are bound. */
    public abstract void options(ServerBootstrap bootstrap, List<RawOption> options);

    /** Has the socket of {@code bootstrap} be set {@code option} before it is bound. */
    public abstract void option(Bootstrap bootstrap, RawOption option);

    /** Sets an option of a socket that is there. */
    public abstract void option(Channel socket, RawOption option);

    /**
     * A socket option as the system names it.
     *
     * @param number its value, or null when that is {@code bytes}
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record RawOption(int level, int name, @Nullable Integer number, byte[] bytes) {
        public static final int IP = 0;
        public static final int TCP = 6;
        public static final int IPV6 = 41;
        public static final int IP_FREEBIND = 15;
        public static final int IP_TRANSPARENT = 19;
        public static final int IPV6_V6ONLY = 26;
        public static final int TCP_FASTOPEN = 23;

        public static RawOption of(int level, int name, int value) {
            return new RawOption(level, name, value, new byte[0]);
        }

        private IntegerUnixChannelOption integer() {
            return new IntegerUnixChannelOption(level + "/" + name, level, name);
        }

        private RawUnixChannelOption raw() {
            return new RawUnixChannelOption(level + "/" + name + "/" + bytes.length, level, name, bytes.length);
        }
    }

    /**
     * Makes {@code count} event loops.
     *
     * @param name of the threads, with a number after it
     */
    public MultiThreadIoEventLoopGroup loops(int count, String name) {
        ThreadFactory threads = new DefaultThreadFactory(name, true);
        return new MultiThreadIoEventLoopGroup(count, threads, handlers());
    }
}
