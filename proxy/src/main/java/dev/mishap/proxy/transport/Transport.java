package dev.mishap.proxy.transport;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.ThreadFactory;

/** How the process talks to its sockets. Epoll keeps timers to the microsecond and lets each worker own a listening socket. */
public enum Transport {
    EPOLL {
        @Override
        IoHandlerFactory handlers() {
            return EpollIoHandler.newFactory();
        }

        @Override
        public Class<? extends ServerChannel> serverChannel() {
            return EpollServerSocketChannel.class;
        }

        @Override
        public boolean supportsReusePort() {
            return true;
        }

        @Override
        public void reusePort(ServerBootstrap bootstrap) {
            bootstrap.option(EpollChannelOption.SO_REUSEPORT, true);
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
        public boolean supportsReusePort() {
            return false;
        }

        @Override
        public void reusePort(ServerBootstrap bootstrap) {
            throw new UnsupportedOperationException("SO_REUSEPORT");
        }
    };

    /** Epoll where its native library loads, else NIO. */
    public static Transport best() {
        return Epoll.isAvailable() ? EPOLL : NIO;
    }

    abstract IoHandlerFactory handlers();

    /** The class of listening sockets. */
    public abstract Class<? extends ServerChannel> serverChannel();

    /** Whether several sockets can listen at one address, so that the kernel spreads connections over the workers. */
    public abstract boolean supportsReusePort();

    /** Has the sockets of {@code bootstrap} share their address. */
    public abstract void reusePort(ServerBootstrap bootstrap);

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
