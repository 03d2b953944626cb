package dev.mishap.rules;

import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.ResponseRateLimit;
import org.jspecify.annotations.Nullable;

/** A rule ready to be asked. Immutable but for its state and its experiment's window. */
final class CompiledRule {
    final FaultRule rule;
    final InstalledRule installed;
    final RuleState state;
    final Ordinals ordinals;
    final ScopeMatcher scope;
    final CohortMatcher cohort;
    final long delayNanos;
    final long bytesPerSecond;
    final boolean terminal;
    final boolean dryRun;
    /** Whether it touches what is protected, since it names it. */
    final boolean named;
    /** Shared by the rules of an experiment with the same scope and cap, for its cap is theirs together. */
    final @Nullable SlidingWindow cap;
    /** Whether this rule is the one that counts the requests in scope for the window. */
    final boolean countsScope;

    private final long drawSeed;
    private final long ttlNanos;
    private final Safeguards.LimitListener limits;

    CompiledRule(
            InstalledRule installed,
            RuleState state,
            Ordinals ordinals,
            @Nullable SlidingWindow cap,
            boolean countsScope,
            HeaderSlots slots,
            Safeguards safeguards) {
        this.installed = installed;
        this.ordinals = ordinals;
        this.rule = installed.rule();
        this.state = state;
        this.cap = cap;
        this.countsScope = countsScope;
        Fault fault = rule.fault();
        scope = ScopeMatcher.compile(rule.scope(), slots);
        cohort = CohortMatcher.compile(rule.scope().cohort(), rule.tagValue(), slots);
        delayNanos = fault instanceof Delay d ? d.fixed().toNanos() : 0;
        bytesPerSecond = fault instanceof ResponseRateLimit r ? r.bytesPerSecond() : 0;
        terminal = fault instanceof Fault.Terminal
                || fault instanceof ConnectionFault.AtAccept
                || fault instanceof DnsFault dns && dns.action().terminal();
        dryRun = rule.dryRun() || safeguards.dryRun();
        named = Protection.isNamedBy(rule);
        limits = safeguards.limits();
        drawSeed = XxHash64.finish(XxHash64.ofText(rule.name()) ^ XxHash64.finish(installed.seed()));
        ttlNanos = rule.ttl() == null ? Long.MAX_VALUE : rule.ttl().toNanos();
    }

    /**
     * The draw's 64 bits: a hash of (seed, rule's name, key, ordinal of the key's request), each step mixing all bits.
     * Without a key ({@link KeyReader#ABSENT}) it counts with the others of its kind.
     */
    long draw(long key) {
        return XxHash64.finish(XxHash64.finish(drawSeed ^ key) + (ordinals.next(key) + 1) * 0x9E3779B97F4A7C15L);
    }

    private boolean expired(long nowNanos) {
        return nowNanos - installed.installedNanos() >= ttlNanos;
    }

    /** Counts what is in scope. */
    void scoped(long nowNanos) {
        state.scoped.increment();
        if (countsScope) {
            assert cap != null;
            cap.addScoped(nowNanos);
        }
    }

    /** Counts what is in the cohort and draws for it: the point that was drawn, or -1 when it is beyond the percentage. */
    int drawn(long key) {
        state.cohort.increment();
        Percentage percentage = rule.percentage();
        int point = percentage.isFull() && rule.schedule().ramp() == null ? 0 : Percentage.point(draw(key));
        if (point >= percentage.millionths()) {
            return -1;
        }
        state.drawn.increment();
        return point;
    }

    /**
     * Whether the fault goes ahead for what was drawn, and is charged to all limits; counts either way.
     *
     * @param spared whether it is protected from this rule
     * @param superseded whether an earlier rule left nothing to act on
     */
    boolean goesAhead(
            int point, long nowNanos, long epochMillis, boolean spared, boolean superseded, Decision decision) {
        Suppression cause = suppression(point, nowNanos, epochMillis, spared, superseded, decision);
        if (cause == null) {
            (dryRun ? state.wouldTouch : state.touched).increment();
            return true;
        }
        boolean news = state.suppress(cause, nowNanos);
        if (news && (cause == Suppression.CAP || cause == Suppression.CONCURRENCY || cause == Suppression.RATE)) {
            limits.limited(rule, cause, state.status());
        }
        return false;
    }

    private @Nullable Suppression suppression(
            int point, long nowNanos, long epochMillis, boolean spared, boolean superseded, Decision decision) {
        if (expired(nowNanos)
                || !rule.schedule().active(epochMillis)
                || point
                        >= rule.schedule()
                                .ramped(
                                        rule.percentage().millionths(),
                                        nowNanos - installed.installedNanos(),
                                        epochMillis)) {
            return Suppression.SCHEDULE;
        }
        if (spared) {
            return Suppression.PROTECTED;
        }
        if (superseded) {
            return Suppression.SUPERSEDED;
        }
        Limits most = rule.limits();
        int active = state.active.incrementAndGet();
        if (most.maxConcurrent() > 0 && active > most.maxConcurrent()) {
            state.active.decrementAndGet();
            return Suppression.CONCURRENCY;
        }
        if (most.maxPerSecond() > 0 && !state.rate.tryTouchUpTo(nowNanos, most.maxPerSecond())) {
            state.active.decrementAndGet();
            return Suppression.RATE;
        }
        Percentage share = most.maxTrafficPercent();
        if (share != null && cap != null && !decision.isCharged(cap) && !cap.tryTouchUnderCap(nowNanos, share)) {
            state.active.decrementAndGet();
            if (most.maxPerSecond() > 0) {
                state.rate.untouch(nowNanos);
            }
            return Suppression.CAP;
        }
        return null;
    }
}
