package dev.mishap.proxy.xds.rest;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.upstream.client.AsyncFailure;
import dev.mishap.proxy.upstream.client.AsyncHttpCall;
import dev.mishap.proxy.upstream.client.AsyncHttpCallbacks;
import dev.mishap.proxy.upstream.client.AsyncHttpClient;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;
import dev.mishap.proxy.xds.ResourceDecoder;
import dev.mishap.proxy.xds.ResourceType;
import dev.mishap.proxy.xds.ResourceWatcher;
import dev.mishap.proxy.xds.Subscription;
import dev.mishap.proxy.xds.SubscriptionStats;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Polls {@code POST /v3/discovery:<type>} with a {@code DiscoveryRequest} in JSON. Confined to the main loop. */
public final class RestSubscription implements Subscription, AsyncHttpCallbacks {
    private static final Logger LOG = LoggerFactory.getLogger("config");
    private static final int MAX_RESPONSE_BYTES = 64 << 20;

    private final Settings settings;
    private final ResourceType type;
    private final ResourceDecoder decoder;
    private final AsyncHttpClient client;
    private final EventLoop loop;
    private final Map<String, Object> node;
    private final SubscriptionStats stats;
    private final ResourceWatcher watcher;
    private Set<String> names = Set.of();
    private String version = "";
    private @Nullable AsyncHttpCall call;
    private @Nullable Future<?> timer;
    private @Nullable Future<?> patience;
    private boolean closed;

    /**
     * How a server is polled.
     *
     * @param clusters taken in turn
     * @param refreshNanos {@code refresh_delay}: the wait between polls, up to half as much more
     * @param timeoutNanos {@code request_timeout}, default 1 s
     * @param initialFetchNanos {@code initial_fetch_timeout}; 0 = for ever
     */
    public record Settings(List<String> clusters, long refreshNanos, long timeoutNanos, long initialFetchNanos) {
        public Settings {
            clusters = List.copyOf(clusters);
        }
    }

    /** @param node as JSON */
    public RestSubscription(
            Settings settings,
            ResourceType type,
            ResourceDecoder decoder,
            AsyncHttpClient client,
            EventLoop loop,
            Map<String, Object> node,
            SubscriptionStats stats,
            ResourceWatcher watcher) {
        this.settings = settings;
        this.type = type;
        this.decoder = decoder;
        this.client = client;
        this.loop = loop;
        this.node = node;
        this.stats = stats;
        this.watcher = watcher;
    }

    @Override
    public void start(Set<String> wanted) {
        names = new TreeSet<>(wanted);
        if (settings.initialFetchNanos() > 0) {
            patience = loop.schedule(this::impatient, settings.initialFetchNanos(), TimeUnit.NANOSECONDS);
        }
        poll();
    }

    private void impatient() {
        patience = null;
        LOG.warn("REST config: initial fetch timed out for {}", type.restPath());
        stats.initFetchTimedOut();
        watcher.onFailure();
    }

    private void answered() {
        Future<?> p = patience;
        patience = null;
        if (p != null) {
            p.cancel(false);
        }
    }

    @Override
    public void names(Set<String> wanted) {
        names = new TreeSet<>(wanted);
    }

    private void poll() {
        timer = null;
        if (closed) {
            return;
        }
        stats.attempt();
        String cluster = settings.clusters()
                .get(ThreadLocalRandom.current().nextInt(settings.clusters().size()));
        Map<String, Object> body = new LinkedHashMap<>();
        if (!version.isEmpty()) {
            body.put("version_info", version);
        }
        body.put("node", node);
        if (!names.isEmpty()) {
            body.put("resource_names", new ArrayList<>(names));
        }
        body.put("type_url", type.typeUrl());
        AsyncHttpRequest request = AsyncHttpRequest.post(
                        cluster,
                        type.restPath(),
                        JsonWriter.pretty(body).getBytes(StandardCharsets.UTF_8),
                        Duration.ofNanos(settings.timeoutNanos()))
                .withMaxResponseBytes(MAX_RESPONSE_BYTES);
        request.headers().add(HeaderName.CONTENT_TYPE, "application/json");
        call = client.send(cluster, loop, request, this);
    }

    @Override
    public void onResponse(int status, HeaderMap headers, ByteBuf borrowedBody) {
        call = null;
        if (status == 304) {
            next();
            return;
        }
        if (status != 200) {
            failed("status " + status);
            return;
        }
        ResourceDecoder.Response response;
        try {
            response = decoder.json(borrowedBody.toString(StandardCharsets.UTF_8));
        } catch (ConfigException e) {
            failed(e.getMessage());
            return;
        }
        answered();
        long began = System.nanoTime();
        try {
            watcher.onUpdate(decoder.resources(response, type), response.version());
            version = response.version();
            stats.accepted(version, System.nanoTime() - began);
        } catch (ConfigException e) {
            LOG.warn("REST config for {} rejected: {}", type.restPath(), e.getMessage());
            stats.rejected();
            watcher.onRefused(e.getMessage());
        }
        next();
    }

    @Override
    public void onFailure(AsyncFailure failure) {
        call = null;
        failed(failure.text());
    }

    private void failed(String why) {
        LOG.debug("REST update for {} failed: {}", type.restPath(), why);
        stats.failed();
        next();
    }

    private void next() {
        if (!closed) {
            long delay = settings.refreshNanos()
                    + ThreadLocalRandom.current().nextLong(Math.max(1, settings.refreshNanos() / 2));
            timer = loop.schedule(this::poll, delay, TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public void close() {
        closed = true;
        answered();
        Future<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
        AsyncHttpCall c = call;
        if (c != null) {
            c.cancel();
        }
    }
}
