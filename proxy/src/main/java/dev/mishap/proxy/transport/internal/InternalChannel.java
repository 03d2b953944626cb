package dev.mishap.proxy.transport.internal;

import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.FilterStateValue;
import dev.mishap.proxy.transport.InternalAddress;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection within the process; both are on the same event loop. It behaves as a TCP connection does: each direction ends
 * by itself, a writer waits when its reader does not read, and {@code SO_LINGER} 0 makes a close a reset. Buffers pass from one end to
 * the other as they are.
 */
public final class InternalChannel extends AbstractChannel implements DuplexChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);
    /** Bytes that are read before others on the loop have their turn. */
    private static final int TURN = 64 * 1024;

    private final InternalChannelConfig config = new InternalChannelConfig(this);
    private final InternalListeners listeners;
    private final Deque<ByteBuf> received = new ArrayDeque<>(4);
    private final Runnable deliver = this::deliver;
    private Map<String, Map<String, Object>> metadata = Map.of();
    private Map<String, FilterStateValue> state = Map.of();
    private @Nullable InternalChannel peer;
    private @Nullable InternalAddress local;
    private @Nullable InternalAddress remote;
    private int receivedBytes;
    private boolean open = true;
    private boolean connected;
    private boolean wantsRead;
    private boolean scheduled;
    /** The peer sends nothing more than what is in {@link #received}. */
    private boolean inputEnded;

    /** Which was told. */
    private boolean inputEndTold;

    private boolean outputEnded;
    /** What is written waits for the peer to read. */
    private boolean blocked;

    private boolean peerGone;
    private boolean reset;

    /** An end that will connect. */
    public InternalChannel(InternalListeners listeners) {
        super(null);
        this.listeners = listeners;
    }

    private InternalChannel(InternalChannel client, InternalAddress at) {
        super(null);
        listeners = client.listeners;
        peer = client;
        local = at;
        remote = InternalAddress.CLIENT;
        connected = true;
    }

    /** Sets what the listener is told of who connects; before that. */
    void tell(Map<String, Map<String, Object>> dynamicMetadata, Map<String, FilterStateValue> filterState) {
        metadata = dynamicMetadata;
        state = filterState;
    }

    /** Adds what the client told to the facts of an accepted connection. */
    public void introduce(ConnectionInfo info) {
        InternalChannel client = peer;
        if (client != null) {
            client.metadata.forEach(info::putDynamicMetadata);
            client.state.forEach(info::putFilterState);
        }
    }

    // ---- to the peer ----

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof ByteBuf) {
            return message;
        }
        throw new UnsupportedOperationException("only buffers go through an internal connection, no "
                + message.getClass().getName());
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        InternalChannel to = peer;
        blocked = false;
        for (Object m = out.current(); m != null; m = out.current()) {
            if (to == null || !to.open) {
                // As the answer of a system whose program has closed the connection.
                reset = true;
                schedule();
                out.remove();
            } else if (to.receivedBytes >= listeners.bufferBytes()) {
                blocked = true;
                return;
            } else {
                ByteBuf data = (ByteBuf) m;
                if (data.isReadable()) {
                    to.received.addLast(data.retain());
                    to.receivedBytes += data.readableBytes();
                }
                out.remove();
                to.schedule();
            }
        }
    }

    @Override
    protected void doShutdownOutput() {
        outputEnded = true;
        InternalChannel to = peer;
        if (to != null) {
            to.inputEnded = true;
            to.schedule();
        }
    }

    @Override
    protected void doClose() {
        if (!open) {
            return;
        }
        open = false;
        ByteBuf left;
        while ((left = received.pollFirst()) != null) {
            left.release();
        }
        receivedBytes = 0;
        InternalChannel to = peer;
        if (to != null && to.open) {
            to.inputEnded = true;
            to.peerGone = true;
            to.reset |= config.getLinger() == 0;
            to.unblock();
            to.schedule();
        }
    }

    private void unblock() {
        if (blocked && open) {
            ((Ends) unsafe()).goOn();
        }
    }

    // ---- from the peer ----

    @Override
    protected void doBeginRead() {
        wantsRead = true;
        schedule();
    }

    void forgetRead() {
        wantsRead = false;
    }

    private boolean hasNews() {
        return reset || peerGone && received.isEmpty() || wantsRead && (!received.isEmpty() || inputEnded);
    }

    /** Has what there is told in a turn of its own, as a socket's. */
    private void schedule() {
        if (!scheduled && open && isRegistered() && hasNews()) {
            scheduled = true;
            eventLoop().execute(deliver);
        }
    }

    private void deliver() {
        scheduled = false;
        if (!open) {
            return;
        }
        if (reset) {
            pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
            unsafe().close(voidPromise());
            return;
        }
        if (wantsRead && !received.isEmpty()) {
            wantsRead = false;
            readSome();
            InternalChannel from = peer;
            if (from != null && receivedBytes <= listeners.bufferBytes() / 2) {
                from.unblock();
            }
        }
        if (open && received.isEmpty() && inputEnded && !inputEndTold && (wantsRead || peerGone)) {
            inputEndTold = true;
            if (config.isAllowHalfClosure()) {
                pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
                pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
            } else {
                unsafe().close(voidPromise());
            }
        } else if (!inputEndTold) {
            schedule();
        }
    }

    private void readSome() {
        int left = TURN;
        do {
            ByteBuf next = received.removeFirst();
            receivedBytes -= next.readableBytes();
            left -= next.readableBytes();
            pipeline().fireChannelRead(next);
        } while (open && left > 0 && config.isAutoRead() && !received.isEmpty());
        if (open) {
            pipeline().fireChannelReadComplete();
        }
    }

    // ---- both ----

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new Ends();
    }

    private final class Ends extends AbstractUnsafe {
        void goOn() {
            flush0();
        }

        @Override
        public void connect(SocketAddress to, SocketAddress from, ChannelPromise promise) {
            if (!promise.setUncancellable() || !ensureOpen(promise)) {
                return;
            }
            InternalAddress at = (InternalAddress) to;
            Consumer<Channel> listener = listeners.find(at.listener(), eventLoop());
            if (listener == null) {
                safeSetFailure(promise, new IOException("there is no internal listener " + at.listener()));
                closeIfClosed();
                return;
            }
            InternalChannel other = new InternalChannel(InternalChannel.this, at);
            other.pipeline().addLast(new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel accepted) {
                    listener.accept(accepted);
                }
            });
            peer = other;
            local = InternalAddress.CLIENT;
            remote = at;
            connected = true;
            eventLoop().register(other);
            safeSetSuccess(promise);
            if (open) {
                pipeline().fireChannelActive();
            }
        }
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open && connected;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return true;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return local;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return remote;
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("bind");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    // ---- DuplexChannel ----

    @Override
    public boolean isInputShutdown() {
        return inputEndTold || !open;
    }

    @Override
    public boolean isOutputShutdown() {
        return outputEnded || !open;
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        ((Ends) unsafe()).shutdownOutput(promise);
        return promise;
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    /** What comes is dropped by who reads; there is nobody else to tell. */
    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        return promise.setSuccess();
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdownOutput();
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        return shutdownOutput(promise);
    }
}
