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
    /** Shared by the rules of an experiment with the same scope and cap, for its cap is theirs together. */
    final @Nullable SlidingWindow cap;
    /** Whether this rule is the one that counts the requests in scope for the window. */
    final boolean countsScope;

    private final long drawSeed;
    private final long ttlNanos;

    CompiledRule(
            InstalledRule installed,
            RuleState state,
            Ordinals ordinals,
            @Nullable SlidingWindow cap,
            boolean countsScope,
            HeaderSlots slots) {
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

    boolean expired(long nowNanos) {
        return nowNanos - installed.installedNanos() >= ttlNanos;
    }
}
