package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.HealthFlag;
import io.netty.channel.EventLoop;
import java.util.List;

/** Gives endpoints that became healthy a while ago less than their weight. Confined to one loop. */
final class SlowStart {
    private final SlowStartConfig config;
    private final Cluster cluster;
    private long latestNanos;
    private boolean any;

    SlowStart(SlowStartConfig config, Cluster cluster) {
        this.config = config;
        this.cluster = cluster;
    }

    private long now() {
        EventLoop loop = cluster.context().loop();
        return loop == null ? System.nanoTime() : loop.ticker().nanoTime();
    }

    /** Takes note of endpoints; one that nobody saw becoming healthy became so now. */
    void enter(List<Endpoint> endpoints) {
        if (config.windowNanos() == 0) {
            return;
        }
        long now = now();
        for (Endpoint e : endpoints) {
            if (!e.healthy() || e.has(HealthFlag.PENDING_ACTIVE_HC)) {
                continue;
            }
            long since = e.healthySinceNanos() == 0 ? now : e.healthySinceNanos();
            if (now - since < config.windowNanos()) {
                e.healthySinceNanos(since);
                latestNanos = any ? Math.max(latestNanos, since) : since;
                any = true;
            }
        }
    }

    /** Whether some endpoint may still have less than its weight. */
    boolean active() {
        return any && now() - latestNanos < config.windowNanos();
    }

    /** {@code weight}, or the part of it that the endpoint has by now. */
    double apply(double weight, Endpoint e) {
        if (!active() || e.healthySinceNanos() == 0 || !e.healthy()) {
            return weight;
        }
        long age = now() - e.healthySinceNanos();
        if (age >= config.windowNanos()) {
            return weight;
        }
        double aggression = config.aggression().of(cluster.context().runtime());
        double time = Math.max(1_000_000.0, age) / config.windowNanos();
        double factor = aggression == 1 || aggression <= 0 ? time : Math.pow(time, 1 / aggression);
        return weight * Math.max(factor, config.minWeightPercent() / 100);
    }
}
