package dev.mishap.proxy.filter.http.localratelimit;

import dev.mishap.proxy.filter.common.TokenBucket;
import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.route.RouteEntry;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy.Hit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes a request's tokens and refuses it when there are none. */
final class LocalRateLimitFilter implements HttpFilter {
    private static final String REFUSAL = "local_rate_limited";
    private static final HeaderName LIMIT = HeaderName.of("x-ratelimit-limit");
    private static final HeaderName REMAINING = HeaderName.of("x-ratelimit-remaining");
    private static final HeaderName RETRY_AFTER = HeaderName.of("retry-after");
    private static final HeaderName RESET = HeaderName.of("x-ratelimit-reset");

    private final String name;
    private final LocalRateLimitConfig filterConfig;
    private final RandomSource random;
    private @Nullable TokenBucket told;

    LocalRateLimitFilter(String name, LocalRateLimitConfig config, RandomSource random) {
        this.name = name;
        this.filterConfig = config;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        LocalRateLimitConfig config =
                stream.perFilterConfig(name) instanceof LocalRateLimitConfig perRoute ? perRoute : filterConfig;
        if (!config.enabled().includes(stream.runtime(), random.next())) {
            return Flow.CONTINUE;
        }
        config.stats().enabled.inc();
        Buckets buckets = buckets(stream, config);
        Buckets.Verdict verdict =
                buckets.take(buckets.hasDescriptors() ? hits(stream, config) : List.of(), stream.nanoTime());
        if (verdict.allowed()) {
            if (verdict.shadowed()) {
                config.stats().rateLimited.inc();
                config.stats().shadowMode.inc();
            } else {
                config.stats().ok.inc();
            }
            told = config.rateLimitHeaders() ? verdict.bucket() : null;
            return Flow.CONTINUE;
        }
        config.stats().rateLimited.inc();
        if (!config.enforced().includes(stream.runtime(), random.next())) {
            config.requestHeaders().apply(headers, stream, null);
            return Flow.CONTINUE;
        }
        config.stats().enforced.inc();
        told = config.rateLimitHeaders() ? verdict.bucket() : null;
        stream.sendLocalReply(new LocalReply(config.status(), REFUSAL, REFUSAL, config.grpcStatus(), response -> {
            TokenBucket empty = verdict.bucket();
            if (config.retryAfter() && empty != null) {
                response.set(RETRY_AFTER, Long.toString(empty.secondsToNext(stream.nanoTime())));
            }
            config.responseHeaders().apply(response, stream, response);
            stream.info().addFlag(ResponseFlag.RATE_LIMITED); // which the headers added do not see yet, as in Envoy
        }));
        return Flow.PAUSE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        TokenBucket bucket = told;
        if (bucket != null) {
            long now = stream.nanoTime();
            headers.set(LIMIT, Long.toString(bucket.maxTokens()));
            headers.set(REMAINING, Long.toString(bucket.remaining(now)));
            headers.set(RESET, Long.toString(bucket.secondsToNext(now)));
        }
        return Flow.CONTINUE;
    }

    private static Buckets buckets(HttpStream stream, LocalRateLimitConfig config) {
        Buckets shared = config.shared();
        return shared != null
                ? shared
                : stream.connectionState(config.limits(), limits -> new Buckets(limits, stream.nanoTime()));
    }

    private static List<Hit> hits(HttpStream stream, LocalRateLimitConfig config) {
        List<Hit> hits = new ArrayList<>(2);
        if (!config.rateLimits().isEmpty()) {
            config.rateLimits().addHits(stream, 0, hits);
            return hits;
        }
        if (!(stream.route() instanceof RouteEntry route) || !route.forwards()) {
            return hits;
        }
        RateLimitPolicy own = route.rateLimits();
        own.addSingleHits(stream, config.stage(), hits);
        boolean host = switch (config.virtualHostLimits()) {
            case INCLUDE -> true;
            case IGNORE -> false;
            case OVERRIDE -> own.isEmpty();
        };
        if (host || route.includesVirtualHostRateLimits()) {
            route.virtualHostRateLimits().addSingleHits(stream, config.stage(), hits);
        }
        return hits;
    }
}
