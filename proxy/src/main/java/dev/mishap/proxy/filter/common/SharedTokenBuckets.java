package dev.mishap.proxy.filter.common;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Token buckets that several filters of the process share by a key. Buckets of different sizes are apart though the key is one. */
public final class SharedTokenBuckets {
    private record Key(String name, long maxTokens, long tokensPerFill, long fillNanos) {}

    private final ConcurrentMap<Key, TokenBucket> buckets = new ConcurrentHashMap<>();

    /** The bucket of that key and size, made full when it is not there. */
    public TokenBucket get(String name, long maxTokens, long tokensPerFill, long fillNanos, long nowNanos) {
        return buckets.computeIfAbsent(
                new Key(name, maxTokens, tokensPerFill, fillNanos),
                k -> new TokenBucket(maxTokens, tokensPerFill, fillNanos, nowNanos));
    }
}
