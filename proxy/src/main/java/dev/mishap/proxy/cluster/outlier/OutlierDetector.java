package dev.mishap.proxy.cluster.outlier;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.cluster.EndpointMonitor;
import dev.mishap.proxy.cluster.HealthFlag;
import dev.mishap.proxy.cluster.OutlierView;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Outlier detection of one cluster. Confined to the main loop, but for what {@link HostMonitor}s call. */
final class OutlierDetector implements OutlierView {
    private final OutlierConfig config;
    private final Cluster cluster;
    private final @Nullable EventLoop loop;
    private final LongSupplier random;
    private final OutlierStats stats;
    private final @Nullable OutlierLog log;
    private final Map<Endpoint, HostMonitor> monitors = new LinkedHashMap<>();
    private @Nullable Future<?> timer;
    private boolean stopped;
    private long active;
    private volatile double average = -1;
    private volatile double threshold = -1;
    private volatile double localAverage = -1;
    private volatile double localThreshold = -1;

    /** @param random draws of 0 or more */
    OutlierDetector(OutlierConfig config, Cluster cluster, LongSupplier random) {
        this.config = config;
        this.cluster = cluster;
        this.loop = cluster.context().loop();
        this.random = random;
        this.stats = new OutlierStats(cluster.stats().scope.scope("outlier_detection."));
        this.log = OutlierLog.of(cluster);
    }

    OutlierConfig config() {
        return config;
    }

    RuntimeSnapshot runtime() {
        return cluster.context().runtime();
    }

    void start() {
        cluster.outlierView(this);
        cluster.members().all().forEach(this::add);
        cluster.onMembers(change -> {
            change.removed().forEach(this::remove);
            change.added().forEach(this::add);
        });
        arm();
    }

    void stop() {
        stopped = true;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void arm() {
        if (loop != null && !stopped) {
            timer = loop.schedule(
                    () -> {
                        onInterval(loop.ticker().nanoTime());
                        arm();
                    },
                    nanos("interval_ms", config.intervalNanos()),
                    TimeUnit.NANOSECONDS);
        }
    }

    private long nanos(String key, long configured) {
        return TimeUnit.MILLISECONDS.toNanos(number(key, TimeUnit.NANOSECONDS.toMillis(configured)));
    }

    private long number(String key, long configured) {
        return runtime().integer("outlier_detection." + key, configured);
    }

    private void add(Endpoint e) {
        if (e.monitor() == EndpointMonitor.NONE) {
            HostMonitor m = new HostMonitor(e, this);
            monitors.put(e, m);
            e.monitor(m);
        }
    }

    private void remove(Endpoint e) {
        HostMonitor m = monitors.remove(e);
        if (m != null) {
            e.monitor(EndpointMonitor.NONE);
            if (e.has(HealthFlag.FAILED_OUTLIER_CHECK)) {
                stats.active.set(--active);
            }
        }
    }

    // ---- failures in a row ----

    /** Called on any loop. */
    void found(HostMonitor monitor, Ejection why) {
        if (loop == null) {
            foundHere(monitor, why, System.nanoTime());
        } else {
            loop.execute(() -> foundHere(monitor, why, loop.ticker().nanoTime()));
        }
    }

    void foundHere(HostMonitor monitor, Ejection why, long now) {
        // It may have left, or been ejected, since it was found.
        if (stopped || monitors.get(monitor.endpoint) != monitor || ejected(monitor)) {
            return;
        }
        stats.detected(why);
        eject(monitor, why, now);
        monitor.resetConsecutive(why);
    }

    private static boolean ejected(HostMonitor monitor) {
        return monitor.endpoint.has(HealthFlag.FAILED_OUTLIER_CHECK);
    }

    private void eject(HostMonitor monitor, Ejection why, long now) {
        long max = Math.min(100, number("max_ejection_percent", config.maxEjectionPercent()));
        boolean fits = 100.0 * (active + 1) / monitors.size() <= max;
        boolean first = active == 0 && config.alwaysEjectOne();
        if (!fits && !first) {
            stats.overflow.inc();
            return;
        }
        if (why == Ejection.CONSECUTIVE_5XX || why == Ejection.SUCCESS_RATE) {
            stats.total.inc();
        }
        if (!enforced(why)) {
            log(monitor, why, false, now);
            return;
        }
        stats.active.set(++active);
        stats.enforced(why);
        monitor.ejectedNanos = now;
        monitor.ejections++;
        monitor.endpoint.set(HealthFlag.FAILED_OUTLIER_CHECK, true);
        long base = nanos("base_ejection_time_ms", config.baseEjectionNanos());
        long longest = Math.max(base, nanos("max_ejection_time_ms", config.maxEjectionNanos()));
        long jitter = nanos("max_ejection_time_jitter_ms", config.maxJitterNanos());
        monitor.jitterNanos = jitter > 0 ? random.getAsLong() % (jitter + 1) : 0;
        if (monitor.backoff * base < longest + base) {
            monitor.backoff++;
        }
        cluster.healthChanged();
        log(monitor, why, true, now);
        monitor.lastActionNanos = now;
    }

    private boolean enforced(Ejection why) {
        long percent = runtime().integer(why.enforcingKey(), config.enforcing().getOrDefault(why, 100L));
        return random.getAsLong() % 100 < percent;
    }

    private void log(HostMonitor monitor, Ejection why, boolean enforced, long now) {
        if (log != null) {
            log.eject(monitor, why, enforced, now, rates(monitor, why));
        }
    }

    private double[] rates(HostMonitor monitor, Ejection why) {
        boolean ofLocal = why == Ejection.SUCCESS_RATE_LOCAL_ORIGIN || why == Ejection.FAILURE_PERCENTAGE_LOCAL_ORIGIN;
        return ofLocal
                ? new double[] {monitor.localOriginSuccessRate(), localAverage, localThreshold}
                : new double[] {monitor.successRate(), average, threshold};
    }

    // ---- what happens each interval ----

    void onInterval(long now) {
        for (HostMonitor m : List.copyOf(monitors.values())) {
            unejectIfDue(m, now);
            m.external.turn();
            m.local.turn();
            m.show(false, -1);
            m.show(true, -1);
        }
        compare(false, now);
        compare(true, now);
        for (HostMonitor m : monitors.values()) {
            if (!ejected(m) && m.backoff > 0) {
                m.backoff--;
            }
        }
    }

    private void unejectIfDue(HostMonitor m, long now) {
        if (!ejected(m)) {
            return;
        }
        long base = nanos("base_ejection_time_ms", config.baseEjectionNanos());
        long longest = Math.max(base, nanos("max_ejection_time_ms", config.maxEjectionNanos()));
        if (Math.min(base * m.backoff, longest) + m.jitterNanos <= now - m.ejectedNanos) {
            uneject(m, now);
        }
    }

    private void uneject(HostMonitor m, long now) {
        stats.active.set(--active);
        m.endpoint.set(HealthFlag.FAILED_OUTLIER_CHECK, false);
        m.resetConsecutive();
        cluster.healthChanged();
        if (log != null) {
            log.uneject(m, now);
        }
        m.lastActionNanos = now;
    }

    @Override
    public void healthCheckPassed(Endpoint endpoint) {
        HostMonitor m = monitors.get(endpoint);
        if (config.unejectByHealthCheck() && m != null && ejected(m) && !endpoint.has(HealthFlag.FAILED_ACTIVE_HC)) {
            uneject(m, loop == null ? System.nanoTime() : loop.ticker().nanoTime());
        }
    }

    private void compare(boolean ofLocal, long now) {
        long minHosts = number("success_rate_minimum_hosts", config.successRateMinimumHosts());
        long volume = number("success_rate_request_volume", config.successRateRequestVolume());
        long failureMinHosts = number("failure_percentage_minimum_hosts", config.failurePercentageMinimumHosts());
        long failureVolume = number("failure_percentage_request_volume", config.failurePercentageRequestVolume());
        setThreshold(ofLocal, -1, -1);
        if (monitors.size() < minHosts && monitors.size() < failureMinHosts) {
            return;
        }
        List<HostMonitor> compared = new ArrayList<>();
        List<HostMonitor> judged = new ArrayList<>();
        double sum = 0;
        for (HostMonitor m : monitors.values()) {
            if (ejected(m)) {
                continue;
            }
            SuccessRate rate = ofLocal ? m.local : m.external;
            if (rate.volume() >= Math.min(volume, failureVolume)) {
                m.show(ofLocal, rate.rate());
            }
            if (rate.volume() >= volume && rate.volume() > 0) {
                compared.add(m);
                sum += rate.rate();
            }
            if (rate.volume() >= failureVolume && rate.volume() > 0) {
                judged.add(m);
            }
        }
        if (!compared.isEmpty() && compared.size() >= minHosts) {
            byDeviation(ofLocal, compared, sum / compared.size(), now);
        }
        if (!judged.isEmpty() && judged.size() >= failureMinHosts) {
            byFailures(ofLocal, judged, now);
        }
    }

    private void byDeviation(boolean ofLocal, List<HostMonitor> hosts, double mean, long now) {
        double variance = 0;
        for (HostMonitor m : hosts) {
            double off = rate(m, ofLocal) - mean;
            variance += off * off;
        }
        double factor = number("success_rate_stdev_factor", config.successRateStdevFactor()) / 1000.0;
        double least = mean - factor * Math.sqrt(variance / hosts.size());
        setThreshold(ofLocal, mean, least);
        Ejection why = ofLocal ? Ejection.SUCCESS_RATE_LOCAL_ORIGIN : Ejection.SUCCESS_RATE;
        for (HostMonitor m : hosts) {
            if (rate(m, ofLocal) < least) {
                stats.detected(why);
                eject(m, why, now);
            }
        }
    }

    private void byFailures(boolean ofLocal, List<HostMonitor> hosts, long now) {
        double most = number("failure_percentage_threshold", config.failurePercentageThreshold());
        Ejection why = ofLocal ? Ejection.FAILURE_PERCENTAGE_LOCAL_ORIGIN : Ejection.FAILURE_PERCENTAGE;
        for (HostMonitor m : hosts) {
            if (!ejected(m) && 100.0 - rate(m, ofLocal) >= most) {
                stats.detected(why);
                eject(m, why, now);
            }
        }
    }

    private static double rate(HostMonitor m, boolean ofLocal) {
        return (ofLocal ? m.local : m.external).rate();
    }

    private void setThreshold(boolean ofLocal, double mean, double least) {
        if (ofLocal) {
            localAverage = mean;
            localThreshold = least;
        } else {
            average = mean;
            threshold = least;
        }
    }

    // ---- OutlierView ----

    @Override
    public double average() {
        return average;
    }

    @Override
    public double threshold() {
        return threshold;
    }

    @Override
    public double localOriginAverage() {
        return localAverage;
    }

    @Override
    public double localOriginThreshold() {
        return localThreshold;
    }
}
