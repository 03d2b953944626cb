package dev.mishap.proxy.upstream;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.ResourceLimits;
import dev.mishap.proxy.http.h2.H2Options;
import dev.mishap.proxy.http.h2.H2Stats;
import dev.mishap.proxy.transport.UpstreamTransport;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP/2 connections of one loop to one endpoint: mostly one, that carries many requests at once. Another is opened when those
 * that are there are full, or going.
 */
final class Http2Pool extends HttpPool<Http2Connection> {
    private final H2Options options;
    private final H2Stats http2Stats;
    private final List<Http2Connection> open;

    /** A pool; by a method, so that whoever calls it loads the classes of HTTP/2 when it needs them and not before. */
    static ConnectionPool of(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        return new Http2Pool(cluster, endpoint, limits, connector);
    }

    Http2Pool(Cluster cluster, Endpoint endpoint, ResourceLimits limits, Connector connector) {
        this(cluster, endpoint, limits, connector, new ArrayList<>());
    }

    private Http2Pool(
            Cluster cluster,
            Endpoint endpoint,
            ResourceLimits limits,
            Connector connector,
            List<Http2Connection> open) {
        super(cluster, endpoint, limits, connector, UpstreamTransport.Options.HTTP2, open);
        this.open = open;
        H2Options given = cluster.config().http().http2();
        options = given == null ? H2Options.DEFAULT : given;
        http2Stats = new H2Stats(cluster.stats().scope.scope("http2."), false);
    }

    H2Options options() {
        return options;
    }

    H2Stats http2Stats() {
        return http2Stats;
    }

    @Override
    void acquire(UpstreamListener listener) {
        Http2Connection c = ready();
        if (c != null) {
            attach(c, listener);
            if (connectsAhead()) {
                connectAhead();
            }
        } else if (pend(listener)) {
            connectIfNeeded();
        }
    }

    /** A connection that takes one more request, or null. */
    private @Nullable Http2Connection ready() {
        for (int i = 0; i < open.size(); i++) {
            Http2Connection c = open.get(i);
            if (c.takesRequests()) {
                return c;
            }
        }
        return null;
    }

    @Override
    Http2Connection make() {
        return new Http2Connection(this);
    }

    @Override
    long capacity(int connections) {
        // What a connection will take is not known before it is there; as many as we would open is the best guess.
        return (long) connections * options.maxConcurrentStreams();
    }

    @Override
    void onConnected(Http2Connection c) {
        serve();
    }

    /** A connection may take requests again: those that wait get it. */
    void serve() {
        while (waiting() > 0) {
            Http2Connection c = ready();
            if (c == null) {
                connectIfNeeded();
                return;
            }
            UpstreamListener next = next();
            if (next != null) {
                attach(c, next);
            }
        }
        if (draining()) {
            drain();
        }
    }

    private void attach(Http2Connection c, UpstreamListener listener) {
        if (mayBegin()) {
            begin();
            listener.onReady(c.attach(listener));
        } else {
            overflow(listener);
        }
    }
}
