package dev.mishap.proxy.filter.http.ratelimit;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.http.ratelimit.RateLimitConfig.PerRoute;
import dev.mishap.proxy.filter.http.ratelimit.RateLimitConfig.RequestType;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.SelectedRoute;
import dev.mishap.proxy.route.RouteEntry;
import dev.mishap.proxy.route.match.RuntimeFraction;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy.Hit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Holds a request until the service has said whether it is one too many. */
final class RateLimitFilter implements HttpFilter {
    private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
    private static final HeaderName RATE_LIMITED = HeaderName.of("x-envoy-ratelimited");
    private static final HeaderName LIMIT = HeaderName.of("x-ratelimit-limit");
    private static final HeaderName REMAINING = HeaderName.of("x-ratelimit-remaining");
    private static final HeaderName RETRY_AFTER = HeaderName.of("retry-after");
    private static final HeaderName RESET = HeaderName.of("x-ratelimit-reset");

    /** Asks the service. */
    @FunctionalInterface
    interface Service {
        void ask(RateLimitCall call, HttpStream stream, String domain, List<Hit> hits);
    }

    private final String name;
    private final RateLimitConfig config;
    private final RateLimitStats stats;
    private final Function<String, @Nullable Cluster> clusters;
    private final Service service;
    private final RandomSource random;
    private @Nullable RateLimitCall call;
    private @Nullable RateLimitAnswer told;
    private boolean insideCall;
    private boolean refused;
    private boolean marked;

    RateLimitFilter(
            String name,
            RateLimitConfig config,
            RateLimitStats stats,
            Function<String, @Nullable Cluster> clusters,
            Service service,
            RandomSource random) {
        this.name = name;
        this.config = config;
        this.stats = stats;
        this.clusters = clusters;
        this.service = service;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        Cluster cluster = limited(stream, headers) ? cluster(stream) : null;
        if (cluster == null) {
            return Flow.CONTINUE;
        }
        PerRoute route = stream.perFilterConfig(name) instanceof PerRoute own ? own : PerRoute.NONE;
        List<Hit> hits = hits(stream, route);
        if (hits.isEmpty()) {
            return Flow.CONTINUE;
        }
        RateLimitCall question = new RateLimitCall(answer -> onAnswer(stream, cluster, answer));
        call = question;
        insideCall = true;
        service.ask(question, stream, route.domain().isEmpty() ? config.domain() : route.domain(), hits);
        insideCall = false;
        return call != null || refused ? Flow.PAUSE : Flow.CONTINUE;
    }

    private boolean limited(HttpStream stream, HeaderMap headers) {
        if (config.requestType() != RequestType.BOTH) {
            boolean internal = "true".equals(headers.get(INTERNAL));
            if (internal != (config.requestType() == RequestType.INTERNAL)) {
                return false;
            }
        }
        return includes(stream, config.enabled());
    }

    private boolean includes(HttpStream stream, @Nullable RuntimeFraction fraction) {
        return fraction == null || fraction.includes(stream.runtime(), random.next());
    }

    private @Nullable Cluster cluster(HttpStream stream) {
        SelectedRoute route = stream.route();
        String cluster = route == null ? null : route.clusterName();
        return cluster == null ? null : clusters.apply(cluster);
    }

    private List<Hit> hits(HttpStream stream, PerRoute perRoute) {
        List<Hit> hits = new ArrayList<>(2);
        if (!perRoute.rateLimits().isEmpty()) {
            perRoute.rateLimits().addHits(stream, 0, hits);
            return hits;
        }
        if (!config.rateLimits().isEmpty()) {
            config.rateLimits().addHits(stream, 0, hits);
            return hits;
        }
        if (!(stream.route() instanceof RouteEntry route)) {
            return hits;
        }
        RateLimitPolicy own = route.rateLimits();
        own.addSingleHits(stream, config.stage(), hits);
        boolean host = switch (perRoute.virtualHost()) {
            case INCLUDE -> true;
            case IGNORE -> false;
            case OVERRIDE -> own.isEmpty();
        };
        if (host || route.includesVirtualHostRateLimits()) {
            route.virtualHostRateLimits().addSingleHits(stream, config.stage(), hits);
        }
        return hits;
    }

    private void onAnswer(HttpStream stream, Cluster cluster, @Nullable RateLimitAnswer answer) {
        call = null;
        if (answer == null) {
            boolean denied = includes(stream, config.failureModeDeny());
            stats.error(cluster, !denied);
            if (denied) {
                stream.info().addFlag(ResponseFlag.RATELIMIT_SERVICE_ERROR);
                refuse(stream, LocalReply.of(config.errorStatus(), "", "rate_limiter_error"));
            } else {
                goOn(stream);
            }
            return;
        }
        if (!answer.metadata().isEmpty()) {
            stream.info().putDynamicMetadata(config.metadataNamespace(), answer.metadata());
        }
        told = answer;
        if (!answer.overLimit()) {
            stats.ok(cluster);
            pass(stream, answer);
            return;
        }
        stats.overLimit(cluster, config.status());
        marked = config.tellsLimited();
        if (!includes(stream, config.enforced())) {
            pass(stream, answer);
            return;
        }
        stream.info().addFlag(ResponseFlag.RATE_LIMITED);
        refuse(
                stream,
                new LocalReply(
                        config.status(), answer.body(), "request_rate_limited", config.grpcStatus(), response -> {
                            // The code is not the response's yet, as in Envoy.
                            stream.info().responseCode = 0;
                            if (config.retryAfter() && answer.retryAfterSeconds() > 0) {
                                response.set(RETRY_AFTER, Long.toString(answer.retryAfterSeconds()));
                            }
                            config.responseHeaders().apply(response, stream, response);
                        }));
    }

    private void pass(HttpStream stream, RateLimitAnswer answer) {
        add(answer.requestHeaders(), stream.requestHeaders());
        goOn(stream);
    }

    private void goOn(HttpStream stream) {
        if (!insideCall) {
            stream.resumeRequest(this);
        }
    }

    private void refuse(HttpStream stream, LocalReply reply) {
        refused = true;
        stream.sendLocalReply(reply);
    }

    private static void add(List<String> headers, HeaderMap to) {
        for (int i = 0; i < headers.size(); i += 2) {
            to.add(HeaderName.unshared(headers.get(i)), headers.get(i + 1));
        }
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        RateLimitAnswer answer = told;
        if (answer != null) {
            if (marked) {
                headers.set(RATE_LIMITED, "true");
            }
            if (config.tellsLimits()) {
                tellLimits(answer.limits(), headers);
            }
            add(answer.responseHeaders(), headers);
        }
        return Flow.CONTINUE;
    }

    /** The headers of the draft {@code draft-polli-ratelimit-headers-03}: the limit of which least is left, then all of them. */
    private static void tellLimits(List<RateLimitAnswer.Limit> limits, HeaderMap headers) {
        RateLimitAnswer.Limit least = null;
        StringBuilder policies = new StringBuilder();
        for (RateLimitAnswer.Limit limit : limits) {
            if (least == null || limit.remaining() < least.remaining()) {
                least = limit;
            }
            if (limit.seconds() > 0) {
                policies.append(", ").append(limit.requests()).append(";w=").append(limit.seconds());
                if (!limit.name().isEmpty()) {
                    policies.append(";name=\"").append(limit.name()).append('"');
                }
            }
        }
        if (least != null) {
            headers.set(LIMIT, least.requests() + policies.toString());
            headers.set(REMAINING, Long.toString(least.remaining()));
            headers.set(RESET, Long.toString(least.resetSeconds()));
        }
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        RateLimitCall pending = call;
        if (pending != null) {
            call = null;
            pending.cancel();
        }
    }
}
