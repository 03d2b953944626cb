package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Endpoint;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.util.AttributeKey;
import java.net.SocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One of the proxy's own connections, as a {@link UpstreamGate} sees it. Confined to its loop. */
public final class UpstreamLink {
    static final AttributeKey<Map<String, Object>> MARKS = AttributeKey.valueOf("mishap.upstream.marks");

    private final String cluster;
    private final Endpoint endpoint;
    private final SocketAddress address;
    private final ChannelHandler owner;
    private @Nullable Channel channel;
    private @Nullable Dialing dialing;

    /** What the gate knows of the connection. */
    public @Nullable Object state;

    UpstreamLink(String cluster, Endpoint endpoint, SocketAddress address, ChannelHandler owner) {
        this.cluster = cluster;
        this.endpoint = endpoint;
        this.address = address;
        ChannelHandler handler = owner instanceof SecureConnect secure ? secure.handler() : owner;
        this.owner = handler instanceof HappyEyeballs.Attempt attempt ? attempt.handler() : handler;
    }

    /** The cluster that the endpoint belongs to. */
    public String cluster() {
        return cluster;
    }

    public Endpoint endpoint() {
        return endpoint;
    }

    /** Which of the endpoint's addresses it goes to. */
    public SocketAddress address() {
        return address;
    }

    void begun(Channel made, Dialing how) {
        channel = made;
        dialing = how;
    }

    Dialing dialing() {
        Dialing d = dialing;
        assert d != null;
        return d;
    }

    /** The connection; not before it was begun. */
    public Channel channel() {
        Channel c = channel;
        assert c != null;
        return c;
    }

    /** Whether who uses the connection knows what to do with an end of one direction. */
    public boolean halfCloses() {
        return owner instanceof TcpUpstream;
    }

    /** Says what of {@code mishap}'s dynamic metadata those get who use {@code of} now or later; empty = nothing from now on. */
    public void mark(Channel of, Map<String, Object> marks) {
        of.attr(MARKS).set(marks);
        if (!marks.isEmpty() && owner instanceof Marked user) {
            user.marked(marks);
        }
    }

    /** Tells a user of a connection what it is marked with, if it is. */
    static void tell(Channel connection, UpstreamListener user) {
        if (connection.hasAttr(MARKS)) {
            Map<String, Object> marks = connection.attr(MARKS).get();
            if (marks != null && !marks.isEmpty()) {
                user.onMarks(marks);
            }
        }
    }

    /** Who uses a connection and can tell those it is used for. */
    interface Marked {
        void marked(Map<String, Object> marks);
    }
}
