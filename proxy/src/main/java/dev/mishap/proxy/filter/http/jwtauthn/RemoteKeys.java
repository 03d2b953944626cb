package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.upstream.client.AsyncFailure;
import dev.mishap.proxy.upstream.client.AsyncHttpCall;
import dev.mishap.proxy.upstream.client.AsyncHttpCallbacks;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;
import dev.mishap.proxy.upstream.client.HttpUri;
import dev.mishap.proxy.xds.InitTarget;
import dev.mishap.proxy.xds.Lifecycle;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The keys of an issuer that have to be fetched: {@code RemoteJwks}. A request that needs keys fetches them when there are none or
 * they are too old; with {@code async_fetch} they are also fetched ahead of requests and again before they are too old.
 */
final class RemoteKeys {
    private static final String PACKAGE = "envoy.extensions.filters.http.jwt_authn.v3.";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(PACKAGE + "RemoteJwks")
                    .supported("http_uri", "cache_duration", "async_fetch", "retry_policy"),
            SupportedFields.of("envoy.config.core.v3.RetryPolicy")
                    .supported("num_retries", "retry_back_off", "retry_on"),
            SupportedFields.of(PACKAGE + "JwksAsyncFetch").supported("fast_listener", "failed_refetch_duration"));

    private static final long DEFAULT_CACHE_NANOS = Duration.ofMinutes(10).toNanos();
    private static final long SECOND_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long DEFAULT_REFETCH_NANOS = Duration.ofSeconds(1).toNanos();

    /** What sends requests, {@code AsyncHttpClient.send} but for tests. */
    @FunctionalInterface
    interface Sender {
        @Nullable
        AsyncHttpCall send(String cluster, EventLoop loop, AsyncHttpRequest request, AsyncHttpCallbacks callbacks);
    }

    /** Keys and the moment from which on they are too old. */
    private record Fetched(Jwks keys, long expiresNanos, boolean forEver) {}

    private final String provider;
    private final HttpUri uri;
    private final long cacheNanos;
    private final boolean async;
    private final boolean fastListener;
    private final long refetchNanos;
    private final AsyncHttpRequest.Retries retries;
    private final JwtAuthnStats stats;
    private final Sender sender;
    private volatile @Nullable Fetched fetched;

    private RemoteKeys(String provider, ConfigNode node, JwtAuthnStats stats, Sender sender) {
        ConfigNode fetch = node.message("async_fetch");
        this.provider = provider;
        this.uri = HttpUri.from(node.required("http_uri"));
        this.cacheNanos = node.durationNanos("cache_duration", DEFAULT_CACHE_NANOS);
        this.async = fetch != null;
        this.fastListener = fetch != null && fetch.bool("fast_listener", false);
        this.refetchNanos = fetch == null
                ? DEFAULT_REFETCH_NANOS
                : fetch.durationNanos("failed_refetch_duration", DEFAULT_REFETCH_NANOS);
        this.retries = retries(node.message("retry_policy"));
        this.stats = stats;
        this.sender = sender;
    }

    private static AsyncHttpRequest.Retries retries(@Nullable ConfigNode policy) {
        if (policy == null) {
            return AsyncHttpRequest.Retries.NONE;
        }
        ConfigNode backOff = policy.message("retry_back_off");
        long base = backOff == null ? SECOND_NANOS : backOff.durationNanos("base_interval", SECOND_NANOS);
        long max = backOff == null ? 10 * base : backOff.durationNanos("max_interval", 10 * base);
        if (max < base) {
            throw new ConfigException("max_interval must be greater than or equal to the base_interval");
        }
        return new AsyncHttpRequest.Retries((int) Math.min(policy.integer("num_retries", 1), 1 << 16), base, max);
    }

    static RemoteKeys from(String provider, ConfigNode node, JwtAuthnStats stats, Sender sender) {
        RemoteKeys keys = new RemoteKeys(provider, node, stats, sender);
        if (keys.uri.authority().isEmpty()) {
            throw new ConfigException("Provider '" + provider + "' in jwt_authn config has a http_uri without a host");
        }
        return keys;
    }

    /** The keys, or null when they have to be fetched. */
    @Nullable
    Jwks current() {
        Fetched now = fetched;
        return now == null || !now.forEver() && System.nanoTime() - now.expiresNanos() >= 0 ? null : now.keys();
    }

    /**
     * Fetches the keys, which then are current. Called on {@code loop}.
     *
     * @param taker gets them, or null when that fails, which may be before this returns
     */
    void fetch(EventLoop loop, Fetch taker) {
        AsyncHttpRequest request = AsyncHttpRequest.get(
                        uri.authority(), uri.path(), Duration.ofNanos(uri.timeoutNanos()))
                .withRetries(retries);
        taker.call = sender.send(uri.cluster(), loop, request, new Callbacks(taker));
    }

    private void done(@Nullable Jwks keys, Fetch taker) {
        if (keys == null) {
            stats.jwksFetchFailed.inc();
        } else {
            stats.jwksFetchSuccess.inc();
            fetched = new Fetched(keys, System.nanoTime() + cacheNanos, async);
        }
        taker.taker.accept(keys);
    }

    /** A fetch that can be given up. */
    static final class Fetch {
        private final Consumer<@Nullable Jwks> taker;
        private @Nullable AsyncHttpCall call;

        Fetch(Consumer<@Nullable Jwks> taker) {
            this.taker = taker;
        }

        void cancel() {
            AsyncHttpCall pending = call;
            if (pending != null) {
                pending.cancel();
            }
        }
    }

    private final class Callbacks implements AsyncHttpCallbacks {
        private final Fetch taker;

        Callbacks(Fetch taker) {
            this.taker = taker;
        }

        @Override
        public void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody) {
            Jwks keys = null;
            if (status == 200) {
                try {
                    keys = Jwks.parse(ByteBufUtil.getBytes(borrowedBody));
                } catch (Jwks.BadKeysException e) {
                    // Counted as a failure.
                }
            }
            done(keys, taker);
        }

        @Override
        public void onFailure(AsyncFailure failure) {
            done(null, taker);
        }
    }

    /** Fetches ahead of requests for as long as the listener lives, which waits for the first outcome unless it is in a hurry. */
    void start(EventLoop mainLoop, Lifecycle life) {
        if (!async) {
            return;
        }
        Ahead ahead = new Ahead(mainLoop);
        life.onEnd(ahead::end);
        InitTarget target = new InitTarget("JwksAsyncFetcher " + provider, ahead::fetchNow);
        ahead.target = target;
        if (fastListener) {
            mainLoop.execute(ahead::fetchNow);
        } else {
            life.init().add(target);
        }
    }

    /** Confined to the main loop. */
    private final class Ahead {
        private final EventLoop loop;
        private @Nullable InitTarget target;
        private @Nullable Fetch pending;
        private @Nullable Future<?> timer;
        private boolean over;

        Ahead(EventLoop loop) {
            this.loop = loop;
        }

        void fetchNow() {
            if (!over) {
                Fetch next = new Fetch(this::taken);
                pending = next;
                fetch(loop, next);
            }
        }

        private void taken(@Nullable Jwks keys) {
            pending = null;
            timer = loop.schedule(this::fetchNow, keys == null ? refetchNanos : cacheNanos, TimeUnit.NANOSECONDS);
            InitTarget waiting = target;
            if (waiting != null) {
                waiting.ready();
            }
        }

        void end() {
            over = true;
            Fetch last = pending;
            if (last != null) {
                last.cancel();
            }
            Future<?> scheduled = timer;
            if (scheduled != null) {
                scheduled.cancel(false);
            }
        }
    }
}
