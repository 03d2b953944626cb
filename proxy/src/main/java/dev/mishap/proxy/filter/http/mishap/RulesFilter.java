package dev.mishap.proxy.filter.http.mishap;

import dev.mishap.proxy.filter.http.ResponseRateLimiter;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.rules.ActiveRules;
import dev.mishap.proxy.rules.Holds;
import dev.mishap.proxy.rules.Observer;
import dev.mishap.proxy.rules.RuleMarks;
import dev.mishap.proxy.rules.RuleSource;
import dev.mishap.proxy.rules.RuleTag;
import dev.mishap.rules.FaultDecision;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Reset;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Executes the rules that are in place when the request arrives, and counts for the observers. A rule that ends lets go of
 * the requests that it delays or slows down, unless it was told to keep them; so does the kill switch, of all.
 */
final class RulesFilter extends Holds.Hold implements HttpFilter {
    static final String ABORT_BODY = "fault filter abort";
    static final String ABORT_DETAILS = "mishap_abort";
    static final String RESET_DETAILS = "mishap_reset";

    private static final FastThreadLocal<StreamRequestView> VIEW = new FastThreadLocal<>() {
        @Override
        protected StreamRequestView initialValue() {
            return new StreamRequestView();
        }
    };

    private final RuleSource source;
    /** The filter that the chain knows. */
    private final HttpFilter self;

    private final ActiveRules active;
    private final RulesFilterStats stats;
    private final String listener;
    private final Predicate<HeaderMap> probes;

    private FaultDecision decision = FaultDecision.NONE;
    private @Nullable ResponseRateLimiter limiter;
    private @Nullable ResponseReset laterReset;
    private @Nullable Future<?> delayTimer;
    private long delayStartNanos;
    private @Nullable HttpStream held;

    private static final long[] NONE = {};

    /** Bit i: observer i counts this request; a store has at most 100 observers, hence two words. */
    private long[] observing = NONE;

    private long[] inCohort = NONE;
    private long startNanos;
    private boolean responseEnded;

    RulesFilter(
            RuleSource source,
            ActiveRules active,
            RulesFilterStats stats,
            String listener,
            Predicate<HeaderMap> probes) {
        this(source, active, stats, listener, probes, null);
    }

    /**
     * The same for a filter that hands everything on to this one.
     *
     * @param probes what a filter of the chain takes for a health check
     * @param owner the filter that stands in the chain; null when this one does
     */
    RulesFilter(
            RuleSource source,
            ActiveRules active,
            RulesFilterStats stats,
            String listener,
            Predicate<HeaderMap> probes,
            @Nullable HttpFilter owner) {
        this.source = source;
        this.self = owner == null ? this : owner;
        this.probes = probes;
        this.active = active;
        this.stats = stats;
        this.listener = listener;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap request, boolean endStream) {
        startNanos = stream.nanoTime();
        StreamRequestView view = VIEW.get();
        view.point(stream, active, listener, probes);
        try {
            observe(view);
            decision = active.rules().decide(view, source.nanoTime(), System.currentTimeMillis(), view.scratch);
        } finally {
            view.clear();
        }
        if (decision.isNone()) {
            return Flow.CONTINUE;
        }
        stream.info().joinDynamicMetadata(RuleTag.METADATA_NAMESPACE, RuleMarks.of(active, decision));
        if (decision.touchedCount() == 0) {
            stats.dryRunTouched.inc();
            return Flow.CONTINUE;
        }
        return execute(stream, request);
    }

    private void observe(StreamRequestView view) {
        int count = active.observerCount();
        if (count == 0) {
            return;
        }
        observing = new long[(count + 63) >> 6];
        inCohort = new long[observing.length];
        for (int i = 0; i < count; i++) {
            Observer observer = active.observer(i);
            if (observer.matches(view)) {
                observing[i >> 6] |= 1L << i;
                boolean member = observer.inCohort(view);
                if (member) {
                    inCohort[i >> 6] |= 1L << i;
                }
                observer.begin(member);
            }
        }
    }

    private Flow execute(HttpStream stream, HeaderMap request) {
        stats.touched.inc();
        stats.activeFaults.inc();
        tag(request);
        // A rule may have ended between the time when the stream began and this one.
        decision.dropEnded();
        if (decision.bytesPerSecond() > 0) {
            stats.responseRateLimitsInjected.inc();
            limiter = new ResponseRateLimiter(stream, self, decision.bytesPerSecond());
        }
        Reset reset = decision.reset();
        if (reset != null && reset.point() != Reset.Point.REQUEST) {
            laterReset = new ResponseReset(stream, self, reset, limiter, () -> countReset(stream));
        }
        if (decision.delayNanos() > 0 || limiter != null || laterReset != null) {
            held = stream;
            source.killSwitch().holds().add(this, stream.loop());
        }
        if (decision.delayNanos() > 0) {
            stats.delaysInjected.inc();
            stream.info().addFlag(ResponseFlag.DELAY_INJECTED);
            delayStartNanos = stream.nanoTime();
            delay(stream, decision.delayNanos());
            return Flow.PAUSE;
        }
        return terminate(stream) ? Flow.PAUSE : Flow.CONTINUE;
    }

    private void delay(HttpStream stream, long nanos) {
        delayTimer = stream.loop().schedule(() -> delayOver(stream), nanos, TimeUnit.NANOSECONDS);
    }

    private void tag(HeaderMap request) {
        for (int i = 0; i < decision.touchedCount(); i++) {
            RuleTag tag = active.tag(decision.touched(i));
            if (isFirstOfItsExperiment(i, tag)) {
                tag.touched().inc();
            }
            if (tag.baggage() && !Baggage.add(request, tag.value())) {
                stats.baggageFull.inc();
            }
        }
    }

    /** A request that two rules of one experiment touch is one touched request of it. */
    private boolean isFirstOfItsExperiment(int index, RuleTag tag) {
        for (int i = 0; i < index; i++) {
            if (active.tag(decision.touched(i)).touched() == tag.touched()) {
                return false;
            }
        }
        return true;
    }

    /** The kill switch: what waits goes on, and nothing more is done to it. */
    @Override
    protected void letGo() {
        HttpStream stream = held;
        held = null;
        ResponseReset later = laterReset;
        if (later != null && !later.isReached()) {
            later.close();
            laterReset = null;
        }
        ResponseRateLimiter l = limiter;
        if (l != null) {
            l.lift();
        }
        Future<?> timer = delayTimer;
        if (timer != null && stream != null) {
            timer.cancel(false);
            delayTimer = null;
            stream.resumeRequest(self);
        }
    }

    /** What is left is what the other rules do; a slower rate stays, since it is one of theirs or soon over. */
    @Override
    protected void rulesEnded() {
        HttpStream stream = held;
        if (stream == null || !decision.dropEnded()) {
            return;
        }
        letGoOfEnded();
        Future<?> timer = delayTimer;
        if (timer != null) {
            timer.cancel(false);
            long left = delayStartNanos + decision.delayNanos() - stream.nanoTime();
            if (left > 0) {
                delay(stream, left);
            } else {
                delayOver(stream);
            }
        }
    }

    private void letGoOfEnded() {
        ResponseReset later = laterReset;
        if (later != null && decision.reset() == null && !later.isReached()) {
            later.close();
            laterReset = null;
        }
        ResponseRateLimiter l = limiter;
        if (l != null && decision.bytesPerSecond() == 0) {
            l.lift();
        }
    }

    private void delayOver(HttpStream stream) {
        delayTimer = null;
        if (decision.dropEnded()) {
            letGoOfEnded();
        }
        if (limiter == null && laterReset == null) {
            unhold();
            held = null;
        }
        if (source.killSwitch().isOn() || !terminate(stream)) {
            stream.resumeRequest(self);
        }
    }

    private boolean terminate(HttpStream stream) {
        Reset reset = decision.reset();
        if (reset != null) {
            if (laterReset != null) {
                return false;
            }
            countReset(stream);
            stream.resetDownstream(RESET_DETAILS, reset.code(), reset.goAway());
            return true;
        }
        Abort abort = decision.abort();
        if (abort == null) {
            return false;
        }
        stats.abortsInjected.inc();
        stream.info().addFlag(ResponseFlag.FAULT_INJECTED);
        String body = abort.body() == null ? ABORT_BODY : abort.body();
        int status = abort.isGrpc() ? 200 : abort.httpStatus();
        stream.sendLocalReply(new LocalReply(status, body, ABORT_DETAILS, abort.grpcStatus(), null));
        return true;
    }

    private void countReset(HttpStream stream) {
        stats.resetsInjected.inc();
        stream.info().addFlag(ResponseFlag.FAULT_INJECTED);
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        for (int i = 0; i < decision.touchedCount(); i++) {
            RuleTag tag = active.tag(decision.touched(i));
            HeaderName name = tag.responseHeader();
            if (name != null && !has(headers, name, tag.value())) {
                headers.add(name, tag.value());
            }
        }
        responseEnded = endStream;
        if (laterReset != null && !endStream) {
            laterReset.onHeaders();
        }
        return Flow.CONTINUE;
    }

    private static boolean has(HeaderMap headers, HeaderName name, String value) {
        for (int i = headers.indexOf(name); i >= 0; i = headers.indexOf(name, i + 1)) {
            if (headers.value(i).equals(value)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        responseEnded |= endStream;
        if (laterReset != null) {
            return laterReset.onData(borrowed, endStream);
        }
        ResponseRateLimiter l = limiter;
        return l == null ? Flow.CONTINUE : l.onData(borrowed, endStream);
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        responseEnded = true;
        if (laterReset != null && laterReset.isReached()) {
            return Flow.PAUSE;
        }
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
        ResponseReset later = laterReset;
        if (later != null) {
            later.close();
        }
        unhold();
        held = null;
        ResponseRateLimiter l = limiter;
        boolean cut = l != null && l.isWaiting() || later != null && later.isReached();
        if (l != null) {
            l.close();
        }
        if (!decision.isNone()) {
            decision.release();
            if (decision.touchedCount() > 0) {
                stats.activeFaults.dec();
            }
        }
        if (observing.length > 0) {
            count(stream, responseEnded && !cut);
        }
    }

    private void count(HttpStream stream, boolean complete) {
        long nanos = stream.nanoTime() - startNanos;
        boolean success = complete && Outcome.isSuccess(stream);
        for (int word = 0; word < observing.length; word++) {
            for (long bits = observing[word]; bits != 0; bits &= bits - 1) {
                int bit = Long.numberOfTrailingZeros(bits);
                boolean member = (inCohort[word] >>> bit & 1) == 1;
                active.observer((word << 6) + bit).count(member, success, !complete, nanos);
            }
        }
    }
}
