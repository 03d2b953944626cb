package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.rules.RequestView;
import dev.mishap.rules.RuleSet;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What the rules see of a stream. One object a worker, pointed at one stream while it is asked about. */
final class StreamRequestView implements RequestView {
    final RuleSet.Scratch scratch = new RuleSet.Scratch();
    private String listener = "";
    private @Nullable HttpStream stream;
    private @Nullable ActiveRules rules;
    private @Nullable String path;
    private @Nullable SelectedRoute route;
    private boolean routeKnown;
    private Predicate<HeaderMap> probes = request -> false;

    void point(HttpStream at, ActiveRules active, String listenerName, Predicate<HeaderMap> ownHealthChecks) {
        probes = ownHealthChecks;
        stream = at;
        rules = active;
        listener = listenerName;
    }

    /** Forgets the stream, so that nothing of it is kept alive or mistaken for the next one's. */
    void clear() {
        stream = null;
        rules = null;
        path = null;
        route = null;
        routeKnown = false;
    }

    private HttpStream stream() {
        return Objects.requireNonNull(stream);
    }

    @Override
    public String listener() {
        return listener;
    }

    @Override
    public @Nullable String cluster() {
        SelectedRoute r = selected();
        return r == null ? null : r.clusterName();
    }

    @Override
    public @Nullable String route() {
        SelectedRoute r = selected();
        return r == null ? null : r.name();
    }

    private @Nullable SelectedRoute selected() {
        if (!routeKnown) {
            routeKnown = true;
            route = stream().route();
        }
        return route;
    }

    @Override
    public String method() {
        String method = stream().requestHeaders().get(HeaderName.METHOD);
        return method == null ? "" : method;
    }

    @Override
    public String path() {
        String p = path;
        if (p == null) {
            p = stream().requestHeaders().get(HeaderName.PATH);
            p = p == null ? "" : withoutQuery(p);
            path = p;
        }
        return p;
    }

    private static String withoutQuery(String path) {
        int query = path.indexOf('?');
        int fragment = path.indexOf('#');
        int end = query < 0 ? fragment : fragment < 0 ? query : Math.min(query, fragment);
        return end < 0 ? path : path.substring(0, end);
    }

    @Override
    public @Nullable String header(int slot) {
        HeaderName name = Objects.requireNonNull(rules).header(slot);
        HeaderMap headers = stream().requestHeaders();
        int i = headers.indexOf(name);
        if (i < 0) {
            return null;
        }
        int next = headers.indexOf(name, i + 1);
        if (next < 0) {
            return headers.value(i);
        }
        StringBuilder joined = new StringBuilder(headers.value(i));
        for (; next >= 0; next = headers.indexOf(name, next + 1)) {
            joined.append(',').append(headers.value(next));
        }
        return joined.toString();
    }

    @Override
    public @Nullable InetAddress sourceAddress() {
        InetSocketAddress address = stream().info().downstreamRemoteAddress;
        return address == null ? null : address.getAddress();
    }

    @Override
    public int destinationPort() {
        InetSocketAddress address = stream().info().downstreamLocalAddress;
        return address == null ? 0 : address.getPort();
    }

    @Override
    public boolean isOwnHealthCheck() {
        return probes.test(stream().requestHeaders());
    }

    @Override
    public boolean requestIdGenerated() {
        return stream().info().requestIdGenerated;
    }
}
