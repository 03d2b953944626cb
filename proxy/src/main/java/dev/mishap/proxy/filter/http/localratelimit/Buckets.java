package dev.mishap.proxy.filter.http.localratelimit;

import dev.mishap.proxy.filter.common.TokenBucket;
import dev.mishap.proxy.route.ratelimit.Descriptor;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy.Hit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The buckets of one configuration, for all workers or for one connection. */
final class Buckets {
    /** One bucket. */
    record Limit(long maxTokens, long tokensPerFill, long fillNanos) {
        TokenBucket bucket(long now) {
            return new TokenBucket(maxTokens, tokensPerFill, fillNanos, now);
        }
    }

    /**
     * The bucket of requests with a descriptor; an entry without a value stands for a bucket for each value.
     *
     * @param shadow whether it counts and refuses nobody
     */
    record DescriptorLimit(Descriptor descriptor, Limit limit, boolean shadow) {
        boolean wildcard() {
            return descriptor.entries().stream().anyMatch(e -> e.value().isEmpty());
        }
    }

    /**
     * All buckets.
     *
     * @param fallback the one for all requests, or null
     * @param always whether requests take from it although they have a bucket of their own
     * @param maxDynamic how many buckets a descriptor without values may have at a time
     */
    record Limits(@Nullable Limit fallback, List<DescriptorLimit> descriptors, boolean always, int maxDynamic) {}

    /**
     * What a request got, and the bucket that its headers tell of.
     *
     * @param shadowed whether it is allowed only because a bucket that has no token refuses nobody
     */
    record Verdict(
            boolean allowed, boolean shadowed, @Nullable TokenBucket bucket) {}

    private static final Verdict UNLIMITED = new Verdict(true, false, null);
    private static final Comparator<Match> STRICTEST_FIRST =
            Comparator.comparingDouble(m -> m.bucket.tokensPerSecond());

    private record Shared(TokenBucket bucket, boolean shadow) {}

    private record Match(TokenBucket bucket, boolean shadow, long tokens) {}

    private final boolean always;
    private final @Nullable TokenBucket fallback;
    private final Map<Descriptor, Shared> descriptors = new HashMap<>();
    private final List<Dynamic> dynamic = new ArrayList<>();

    Buckets(Limits limits, long now) {
        always = limits.always;
        fallback = limits.fallback == null ? null : limits.fallback.bucket(now);
        for (DescriptorLimit d : limits.descriptors) {
            if (d.wildcard()) {
                dynamic.add(new Dynamic(d, limits.maxDynamic));
            } else {
                descriptors.put(d.descriptor, new Shared(d.limit.bucket(now), d.shadow));
            }
        }
    }

    boolean hasDescriptors() {
        return !descriptors.isEmpty() || !dynamic.isEmpty();
    }

    /** Takes the tokens of a request; what it took is not given back when another bucket has none. */
    Verdict take(List<Hit> hits, long now) {
        List<Match> matches = hits.isEmpty() ? List.of() : matches(hits, now);
        boolean shadowed = false;
        for (int i = 0; i < matches.size(); i++) {
            Match m = matches.get(i);
            // Who asks for no token has got none, and that is how Envoy takes it.
            if (m.tokens == 0 || !m.bucket.consume(m.tokens, now)) {
                if (!m.shadow) {
                    return new Verdict(false, false, m.bucket);
                }
                shadowed = true;
            }
        }
        TokenBucket first = matches.isEmpty() ? null : matches.get(0).bucket;
        if (fallback == null) {
            return first == null ? UNLIMITED : new Verdict(true, shadowed, first);
        }
        if ((first == null || always) && !fallback.consume(1, now)) {
            return new Verdict(false, false, fallback);
        }
        return new Verdict(true, shadowed, first == null ? fallback : first);
    }

    private List<Match> matches(List<Hit> hits, long now) {
        List<Match> matches = new ArrayList<>(2);
        for (int i = 0; i < hits.size(); i++) {
            Hit hit = hits.get(i);
            Shared shared = descriptors.get(hit.descriptor());
            TokenBucket bucket = shared == null ? null : shared.bucket;
            boolean shadow = shared != null && shared.shadow;
            for (int d = 0; bucket == null && d < dynamic.size(); d++) {
                bucket = dynamic.get(d).bucket(hit.descriptor(), now);
                shadow = dynamic.get(d).limit.shadow;
            }
            if (bucket != null) {
                matches.add(new Match(bucket, shadow, hit.tokens()));
            }
        }
        if (matches.size() > 1) {
            matches.sort(STRICTEST_FIRST);
        }
        return matches;
    }

    /** A descriptor some of whose entries have no value: a bucket for each set of values, the least recently used go. */
    private static final class Dynamic {
        private final DescriptorLimit limit;
        private final LinkedHashMap<Descriptor, TokenBucket> recent;

        Dynamic(DescriptorLimit limit, int max) {
            this.limit = limit;
            this.recent = new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Descriptor, TokenBucket> eldest) {
                    return size() > max;
                }
            };
        }

        @Nullable
        TokenBucket bucket(Descriptor wanted, long now) {
            if (!fits(wanted)) {
                return null;
            }
            // Workers share the order of use, and only requests that such a descriptor fits come here.
            synchronized (recent) {
                return recent.computeIfAbsent(wanted, d -> limit.limit.bucket(now));
            }
        }

        private boolean fits(Descriptor wanted) {
            List<Descriptor.Entry> pattern = limit.descriptor.entries();
            List<Descriptor.Entry> entries = wanted.entries();
            if (pattern.size() != entries.size()) {
                return false;
            }
            for (int i = 0; i < pattern.size(); i++) {
                Descriptor.Entry p = pattern.get(i);
                Descriptor.Entry e = entries.get(i);
                if (!p.key().equals(e.key())
                        || !p.value().isEmpty() && !p.value().equals(e.value())) {
                    return false;
                }
            }
            return true;
        }
    }
}
