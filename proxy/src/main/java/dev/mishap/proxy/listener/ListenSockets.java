package dev.mishap.proxy.listener;

import dev.mishap.proxy.transport.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * The sockets of one listening address, one a worker where the system allows it. They outlive a listener that is replaced: who
 * takes its place takes its sockets, so that no connection is refused in between.
 */
final class ListenSockets {
    private final Transport transport;
    private final List<EventLoop> workers;
    private final List<Channel> sockets = new ArrayList<>();
    private final Accepted accepted = new Accepted();
    private volatile Listener target;

    ListenSockets(Transport transport, List<EventLoop> workers, Listener target) {
        this.transport = transport;
        this.workers = workers;
        this.target = target;
    }

    /** Has new connections go to {@code next}. */
    void target(Listener next) {
        target = next;
    }

    /** Where the first socket listens, with the port that was found when the configured one is 0. */
    synchronized InetSocketAddress address(InetSocketAddress absent) {
        return sockets.isEmpty() ? absent : (InetSocketAddress) sockets.get(0).localAddress();
    }

    /**
     * Binds the sockets; blocks until all are there.
     *
     * @throws Listener.BindException when the address can't be had
     */
    synchronized void bind(ListenerConfig config) {
        boolean each = config.reusePort() && transport.supportsReusePort();
        InetSocketAddress address = config.address();
        for (int i = 0; i < (each ? workers.size() : 1); i++) {
            ServerBootstrap b = new ServerBootstrap();
            EventLoop own = workers.get(i);
            // Without a socket of its own for each worker, one worker accepts, and all take turns with the connections.
            b.group(own, each ? own : own.parent()).channel(transport.serverChannel());
            if (each) {
                transport.reusePort(b);
            }
            b.childHandler(accepted);
            b.option(ChannelOption.SO_REUSEADDR, true);
            b.option(ChannelOption.SO_BACKLOG, config.backlog() == 0 ? 4096 : config.backlog());
            b.childOption(ChannelOption.TCP_NODELAY, true);
            int high = Math.max(config.bufferLimit(), 1);
            b.childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(high / 2, high));
            Channel socket = bind(b, address, config);
            sockets.add(socket);
            address = (InetSocketAddress) socket.localAddress();
        }
    }

    private Channel bind(ServerBootstrap b, InetSocketAddress address, ListenerConfig config) {
        var future = b.bind(address).awaitUninterruptibly();
        if (!future.isSuccess()) {
            close();
            throw failure(config, future.cause());
        }
        return future.channel();
    }

    private static Listener.BindException failure(ListenerConfig config, Throwable cause) {
        InetSocketAddress at = config.address();
        return new Listener.BindException(
                "error adding listener '" + ListenerAddress.text(at) + "': cannot bind: " + reason(cause));
    }

    /** The system's own words, which Netty's native transport puts after its own. */
    private static String reason(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        return message.substring(message.lastIndexOf(": ") + (message.contains(": ") ? 2 : 1));
    }

    /**
     * Finds out whether the address could be had, without listening there: a listener that warms up must not take connections
     * yet, and who sent it is to be told now.
     *
     * @throws Listener.BindException when not
     */
    static void probe(ListenerConfig config) {
        try (Socket socket = new Socket()) {
            socket.setReuseAddress(true);
            if (config.reusePort() && socket.supportedOptions().contains(StandardSocketOptions.SO_REUSEPORT)) {
                socket.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            }
            socket.bind(config.address());
        } catch (IOException e) {
            throw failure(config, e);
        }
    }

    synchronized void close() {
        for (Channel s : sockets) {
            s.close();
        }
        sockets.clear();
    }

    @ChannelHandler.Sharable
    private final class Accepted extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            target.accepted(channel);
        }
    }
}
