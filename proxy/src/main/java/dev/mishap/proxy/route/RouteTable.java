package dev.mishap.proxy.route;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.InService;
import dev.mishap.proxy.http.RouteResolver;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.Upgrades;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The routes of a connection manager, as {@code envoy.config.route.v3.RouteConfiguration}. Immutable. */
public final class RouteTable implements RouteResolver, InService {
    private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");

    private final String name;
    private final Domains domains;
    private final boolean ignorePort;
    private final boolean ignorePathParameters;
    private final List<HeaderName> internalOnly;
    private final LongSupplier random;
    private final List<InService> inService;

    /** @param inService per-route configurations that want to know when the table serves */
    RouteTable(
            String name,
            Domains domains,
            boolean ignorePort,
            boolean ignorePathParameters,
            List<HeaderName> internalOnly,
            LongSupplier random,
            List<InService> inService) {
        this.inService = List.copyOf(inService);
        this.name = name;
        this.domains = domains;
        this.ignorePort = ignorePort;
        this.ignorePathParameters = ignorePathParameters;
        this.internalOnly = List.copyOf(internalOnly);
        this.random = random;
    }

    /** The table's name, {@code ""} when it has none. */
    public String name() {
        return name;
    }

    @Override
    public void enter() {
        inService.forEach(InService::enter);
    }

    @Override
    public void leave() {
        inService.forEach(InService::leave);
    }

    @Override
    public List<HeaderName> internalOnlyHeaders(HttpStream stream) {
        return internalOnly;
    }

    @Override
    public @Nullable SelectedRoute select(HttpStream stream) {
        HeaderMap request = stream.requestHeaders();
        int pathIndex = request.indexOf(HeaderName.PATH);
        VirtualHost host = pathIndex < 0 && !Upgrades.isConnect(request) ? null : host(request);
        if (host == null) {
            return null;
        }
        if (host.tls() != VirtualHost.TlsRequirement.NONE && wantsTls(host, request)) {
            return TlsRedirect.ROUTE;
        }
        HeaderMap paths = request;
        int end = Paths.pathEnd(request, pathIndex);
        if (ignorePathParameters && Paths.hasParameters(request, pathIndex, end)) {
            paths = Paths.withoutParameters(request, pathIndex);
            pathIndex = 0;
            end = Paths.pathEnd(paths, 0);
        }
        RouteEntry entry = host.select(stream, request, paths, pathIndex, end, random.getAsLong());
        if (entry != null) {
            StreamInfo info = stream.info();
            info.routeMetadata = entry.metadata();
            info.virtualHostMetadata = entry.virtualHostMetadata();
        }
        return entry;
    }

    private @Nullable VirtualHost host(HeaderMap request) {
        if (domains.onlyAny()) {
            return domains.any();
        }
        String authority = request.get(HeaderName.AUTHORITY);
        if (authority == null) {
            return domains.any();
        }
        int colon = ignorePort ? authority.lastIndexOf(':') : -1;
        return domains.find(colon >= 0 && !authority.endsWith("]") ? authority.substring(0, colon) : authority);
    }

    private static boolean wantsTls(VirtualHost host, HeaderMap request) {
        String proto = request.get(HeaderName.X_FORWARDED_PROTO);
        if ("https".equals(proto)) {
            return false;
        }
        return host.tls() == VirtualHost.TlsRequirement.ALL || !"true".equals(request.get(INTERNAL));
    }
}
