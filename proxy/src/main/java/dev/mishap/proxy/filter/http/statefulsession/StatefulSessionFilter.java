package dev.mishap.proxy.filter.http.statefulsession;

import dev.mishap.proxy.cluster.AddressText;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Names the endpoint of the session before a request is routed, and has the client keep the one that answered. */
final class StatefulSessionFilter implements HttpFilter {
    /**
     * What the filter or a route says.
     *
     * @param state null = there are no sessions
     * @param strict whether no other endpoint will do
     * @param statusWhenGone of the answer when no other will do, 0 = that of the router
     * @param stats null = nothing is counted
     */
    record Settings(
            @Nullable SessionState state,
            boolean strict,
            int statusWhenGone,
            @Nullable Stats stats) {
        static final Settings OFF = new Settings(null, false, 0, null);
    }

    /** {@code [http.<stat_prefix>.]stateful_session.<stat_prefix>.*}. */
    static final class Stats {
        final Counter routed;
        final Counter failedOpen;
        final Counter failedClosed;
        final Counter noSession;

        Stats(Scope scope) {
            routed = scope.counter("routed");
            failedOpen = scope.counter("failed_open");
            failedClosed = scope.counter("failed_closed");
            noSession = scope.counter("no_session");
        }
    }

    private final String name;
    private Settings settings;
    private @Nullable SessionState session;
    private boolean off;
    private @Nullable String named;

    /** @param settings unless the route has others */
    StatefulSessionFilter(String name, Settings settings) {
        this.name = name;
        this.settings = settings;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (stream.perFilterConfig(name) instanceof Settings ofRoute) {
            settings = ofRoute;
        }
        SessionState state = settings.state();
        off = state == null;
        if (state == null || !state.covers(headers)) {
            return Flow.CONTINUE;
        }
        session = state;
        named = state.address(headers);
        stream.info().overrideHost = named;
        stream.info().overrideHostStrict = settings.strict();
        return Flow.CONTINUE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        SessionState state = session;
        SocketAddress host = stream.info().upstreamHost;
        Stats s = settings.stats();
        if (state == null) {
            if (s != null && !off) {
                s.noSession.inc();
            }
            return Flow.CONTINUE;
        }
        if (host == null) {
            if (settings.strict() && named != null) {
                count(s == null ? null : s.failedClosed);
                if (settings.statusWhenGone() != 0) {
                    headers.set(HeaderName.STATUS, Integer.toString(settings.statusWhenGone()));
                }
            }
            return Flow.CONTINUE;
        }
        String address = AddressText.of(host);
        if (address.equals(named)) {
            count(s == null ? null : s.routed);
            return Flow.CONTINUE;
        }
        if (!settings.strict()) {
            count(s == null ? null : s.failedOpen);
        }
        state.keep(address, headers);
        return Flow.CONTINUE;
    }

    private static void count(@Nullable Counter counter) {
        if (counter != null) {
            counter.inc();
        }
    }
}
