package dev.mishap.proxy.filter.http.fault;

import dev.mishap.proxy.filter.http.RandomSource;
import dev.mishap.proxy.filter.http.ResponseRateLimiter;
import dev.mishap.proxy.filter.http.fault.FaultConfig.Abort;
import dev.mishap.proxy.filter.http.fault.FaultConfig.Delay;
import dev.mishap.proxy.filter.http.fault.FaultConfig.RateLimit;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.rules.Holds;
import dev.mishap.proxy.rules.KillSwitch;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Executes one HTTPFault on one stream: the rate limit is set up first, then the request is delayed, then it is aborted. Delay
 * and abort draw independently; the abort draws when the delay is over.
 */
final class FaultFilter extends Holds.Hold implements HttpFilter {
    static final String BODY = "fault filter abort";
    static final String DETAILS = "fault_filter_abort";
    static final String METADATA_NAMESPACE = "envoy.filters.http.fault";

    private static final long MILLION = 1_000_000;
    /** Far beyond every time-out, and far from an overflow of the clock. */
    private static final long MAX_DELAY_MILLIS = TimeUnit.DAYS.toMillis(3650);

    private final String name;
    private final FaultConfig filterConfig;
    private final FaultStats stats;
    private final RandomSource random;
    private final KillSwitch kill;

    private FaultConfig config;
    private @Nullable String downstreamCluster;
    private @Nullable ResponseRateLimiter limiter;
    private @Nullable Future<?> delayTimer;
    private boolean charged;
    private @Nullable HttpStream held;

    FaultFilter(String name, FaultConfig config, FaultStats stats, RandomSource random, KillSwitch kill) {
        this.kill = kill;
        this.name = name;
        this.filterConfig = config;
        this.config = config;
        this.stats = stats;
        this.random = random;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap request, boolean endStream) {
        config = stream.perFilterConfig(name) instanceof FaultConfig perRoute ? perRoute : filterConfig;
        if (config.delay() == null && config.abort() == null && config.rateLimit() == null) {
            return Flow.CONTINUE;
        }
        if (kill.isOn() || !config.applies(stream, request)) {
            return Flow.CONTINUE;
        }
        downstreamCluster = request.get(FaultHeaders.DOWNSTREAM_CLUSTER);

        limitResponse(stream, request);
        if (delay(stream, request) || abort(stream, request)) {
            return Flow.PAUSE;
        }
        return Flow.CONTINUE;
    }

    private void limitResponse(HttpStream stream, HeaderMap request) {
        RateLimit limit = config.rateLimit();
        if (limit == null) {
            return;
        }
        long asked = limit.byHeader() ? FaultHeaders.number(request, FaultHeaders.THROUGHPUT_PERCENTAGE) : -1;
        long share = limit.share().partsPerMillion(asked);
        if (!drawn(stream.runtime().partsPerMillion(config.keys().rateLimitPercent(), share))) {
            return;
        }
        long kib = limit.byHeader() ? FaultHeaders.number(request, FaultHeaders.THROUGHPUT) : limit.kibPerSecond();
        if (kib <= 0 || !charge(stream)) {
            return;
        }
        stats.responseRateLimitsInjected.inc();
        limiter = new ResponseRateLimiter(stream, this, Math.min(kib, Long.MAX_VALUE / 1024) * 1024);
        hold(stream);
    }

    private boolean delay(HttpStream stream, HeaderMap request) {
        Delay delay = config.delay();
        if (delay == null) {
            return false;
        }
        long asked = delay.byHeader() ? FaultHeaders.number(request, FaultHeaders.DELAY_PERCENTAGE) : -1;
        long share = delay.share().partsPerMillion(asked);
        if (!drawn(share(stream.runtime(), config.keys().delayPercent(), ".delay.fixed_delay_percent", share))) {
            return false;
        }
        long nanos = delayNanos(stream, request, delay);
        if (nanos <= 0 || !charge(stream)) {
            return false;
        }
        delayTimer = stream.loop().schedule(() -> delayOver(stream), nanos, TimeUnit.NANOSECONDS);
        hold(stream);
        stats.delaysInjected.inc();
        FaultStats.DownstreamCluster counters = perClusterStats();
        if (counters != null) {
            counters.countDelay();
        }
        stream.info().addFlag(ResponseFlag.DELAY_INJECTED);
        stream.info().putDynamicMetadata(METADATA_NAMESPACE, config.metadata());
        return true;
    }

    private void hold(HttpStream stream) {
        if (held == null) {
            held = stream;
            kill.holds().add(this, stream.loop());
        }
    }

    /** Its fault is not a rule's. */
    @Override
    protected void rulesEnded() {}

    /** The kill switch: what waits goes on, and nothing more is done to it. */
    @Override
    protected void letGo() {
        HttpStream stream = held;
        held = null;
        ResponseRateLimiter l = limiter;
        if (l != null) {
            l.lift();
        }
        Future<?> timer = delayTimer;
        if (timer != null && stream != null) {
            timer.cancel(false);
            delayTimer = null;
            if (l == null) {
                discharge();
            }
            stream.resumeRequest(this);
        }
    }

    /** The configured time in nanoseconds, unless a runtime key gives another one in milliseconds; 0 or less = none. */
    private long delayNanos(HttpStream stream, HeaderMap request, Delay delay) {
        long nanos = delay.fixedNanos();
        if (delay.byHeader()) {
            long millis = FaultHeaders.number(request, FaultHeaders.DELAY);
            if (millis < 0) {
                return 0;
            }
            nanos = millisToNanos(millis);
        }
        RuntimeSnapshot runtime = stream.runtime();
        long millis = runtime.integer(config.keys().delayDurationMillis(), -1);
        if (downstreamCluster != null) {
            millis = runtime.integer("fault.http." + downstreamCluster + ".delay.fixed_duration_ms", millis);
        }
        return millis < 0 ? nanos : millisToNanos(millis);
    }

    private static long millisToNanos(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(Math.min(millis, MAX_DELAY_MILLIS));
    }

    private void delayOver(HttpStream stream) {
        delayTimer = null;
        if (limiter == null) {
            discharge();
            unhold();
            held = null;
        }
        if (kill.isOn() || !abort(stream, stream.requestHeaders())) {
            stream.resumeRequest(this);
        }
    }

    private boolean abort(HttpStream stream, HeaderMap request) {
        Abort abort = config.abort();
        if (abort == null) {
            return false;
        }
        long asked = abort.byHeader() ? FaultHeaders.number(request, FaultHeaders.ABORT_PERCENTAGE) : -1;
        long share = abort.share().partsPerMillion(asked);
        RuntimeSnapshot runtime = stream.runtime();
        if (!drawn(share(runtime, config.keys().abortPercent(), ".abort.abort_percent", share))) {
            return false;
        }
        long http = httpStatus(runtime, request, abort);
        long grpc = http >= 0 ? -1 : grpcStatus(runtime, request, abort);
        if (http < 0 && grpc < 0 || !charge(stream)) {
            return false;
        }
        stats.abortsInjected.inc();
        FaultStats.DownstreamCluster counters = perClusterStats();
        if (counters != null) {
            counters.countAbort();
        }
        stream.info().addFlag(ResponseFlag.FAULT_INJECTED);
        stream.info().putDynamicMetadata(METADATA_NAMESPACE, config.metadata());
        stream.sendLocalReply(new LocalReply(http >= 0 ? (int) http : 200, abort.body(), DETAILS, (int) grpc, null));
        return true;
    }

    private long httpStatus(RuntimeSnapshot runtime, HeaderMap request, Abort abort) {
        long status = abort.httpStatus();
        if (abort.byHeader()) {
            status = FaultHeaders.number(request, FaultHeaders.ABORT);
            if (status < 200 || status >= 600) {
                return -1;
            }
        }
        if (status < 0) {
            return -1;
        }
        long now = status(runtime, config.keys().abortHttpStatus(), ".abort.http_status", status);
        // Envoy would send whatever number the key holds, even one that no client can read.
        return now < 200 || now >= 600 ? status : now;
    }

    private long grpcStatus(RuntimeSnapshot runtime, HeaderMap request, Abort abort) {
        long status = abort.byHeader() ? FaultHeaders.number(request, FaultHeaders.ABORT_GRPC) : abort.grpcStatus();
        return status < 0 ? -1 : status(runtime, config.keys().abortGrpcStatus(), ".abort.grpc_status", status);
    }

    /** With a downstream cluster its key is read instead of the general one; of a delay's time both count. */
    private long status(RuntimeSnapshot runtime, String key, String clusterKey, long configured) {
        String read = downstreamCluster == null ? key : "fault.http." + downstreamCluster + clusterKey;
        return Math.max(0, Math.min(runtime.integer(read, configured), Integer.MAX_VALUE));
    }

    /** With a downstream cluster its key is read instead of the general one, which then has no effect. */
    private long share(RuntimeSnapshot runtime, String key, String clusterKey, long configured) {
        String read = downstreamCluster == null ? key : "fault.http." + downstreamCluster + clusterKey;
        return runtime.partsPerMillion(read, configured);
    }

    private boolean drawn(long partsPerMillion) {
        if (partsPerMillion <= 0) {
            return false;
        }
        return partsPerMillion >= MILLION || Long.remainderUnsigned(random.next(), MILLION) < partsPerMillion;
    }

    private FaultStats.@Nullable DownstreamCluster perClusterStats() {
        String cluster = downstreamCluster;
        return cluster == null || cluster.isEmpty() || !config.perClusterStats()
                ? null
                : stats.downstreamCluster(cluster);
    }

    /** One stream is one active fault however many of its faults are executed. */
    private boolean charge(HttpStream stream) {
        if (charged) {
            return true;
        }
        long max = stream.runtime().integer(config.keys().maxActiveFaults(), config.maxActiveFaults());
        // Read and then counted, as in Envoy: several workers at once may pass the limit by their number.
        if (stats.activeFaults.value() >= max) {
            stats.faultsOverflow.inc();
            return false;
        }
        stats.activeFaults.inc();
        charged = true;
        return true;
    }

    private void discharge() {
        if (charged) {
            charged = false;
            stats.activeFaults.dec();
        }
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        ResponseRateLimiter l = limiter;
        return l == null ? Flow.CONTINUE : l.onData(borrowed, endStream);
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        ResponseRateLimiter l = limiter;
        return l == null ? Flow.CONTINUE : l.onTrailers();
    }

    @Override
    public void onStreamEnd(HttpStream stream) {
        Future<?> timer = delayTimer;
        if (timer != null) {
            timer.cancel(false);
            delayTimer = null;
        }
        unhold();
        held = null;
        ResponseRateLimiter l = limiter;
        if (l != null) {
            l.close();
        }
        discharge();
    }
}
