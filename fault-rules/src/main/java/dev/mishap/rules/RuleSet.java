package dev.mishap.rules;

import dev.mishap.rules.fault.Reset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The rules in place, compiled; replaced as a whole when one changes. Safe for many threads, lock-free, and makes no garbage
 * for a request that no rule touches.
 *
 * <p>Rules act in the order of their priority, then of their names. Delays add up, the slowest rate limit counts, the first
 * abort or reset wins.
 */
public final class RuleSet {
    /** Under this many rules asking each is quicker than the index. */
    private static final int INDEX_FROM = 8;

    /** No rules. */
    public static final RuleSet EMPTY = compile(List.of(), null, new HeaderSlots());

    private final CompiledRule[] rules;
    private final Map<String, CompiledRule> byName;
    private final @Nullable RuleIndex index;

    private RuleSet(CompiledRule[] rules, @Nullable RuleIndex index) {
        this.rules = rules;
        this.index = index;
        byName = new HashMap<>();
        for (CompiledRule rule : rules) {
            byName.put(rule.rule.name(), rule);
        }
    }

    // Not by Comparator.comparing, whose lambdas no start-up archive can hold: each start would make their classes
    // anew.
    private static int order(InstalledRule a, InstalledRule b) {
        int order = Integer.compare(rank(a.rule()), rank(b.rule()));
        if (order == 0) {
            order = Integer.compare(a.rule().priority(), b.rule().priority());
        }
        return order != 0 ? order : a.rule().name().compareTo(b.rule().name());
    }

    /** Compiles rules that are all installed now. */
    public static RuleSet compile(List<FaultRule> rules, long nowNanos, LongSupplier random, HeaderSlots slots) {
        return compile(
                rules.stream().map(r -> InstalledRule.of(r, nowNanos, random)).toList(), null, slots);
    }

    /**
     * Compiles rules. A rule that replaces one of {@code previous} with the same name and experiment goes on with its counts
     * and limits, and with the numbers of its keys' requests if the seed is the same.
     *
     * @param slots numbers the headers; one for all that is asked with the same {@link RequestView}
     * @throws IllegalArgumentException when two rules have one name
     */
    public static RuleSet compile(List<InstalledRule> installed, @Nullable RuleSet previous, HeaderSlots slots) {
        List<InstalledRule> ordered = new ArrayList<>(installed);
        ordered.sort(RuleSet::order);
        Set<String> names = new HashSet<>();
        Map<CapGroup, SlidingWindow> windows = new HashMap<>();
        Map<CapGroup, SlidingWindow> windowsBefore = previous == null ? Map.of() : previous.windows();
        CompiledRule[] compiled = new CompiledRule[ordered.size()];
        for (int i = 0; i < compiled.length; i++) {
            InstalledRule each = ordered.get(i);
            FaultRule rule = each.rule();
            if (!names.add(rule.name())) {
                throw new IllegalArgumentException("two rules are called '" + rule.name() + "'");
            }
            CompiledRule before = previous == null ? null : previous.byName.get(rule.name());
            if (before != null && !Objects.equals(before.rule.experimentId(), rule.experimentId())) {
                before = null;
            }
            RuleState state = before == null ? new RuleState() : before.state;
            Ordinals ordinals =
                    before != null && before.installed.seed() == each.seed() ? before.ordinals : new Ordinals();
            SlidingWindow window = null;
            boolean countsScope = false;
            if (rule.limits().maxTrafficPercent() != null) {
                CapGroup group = CapGroup.of(rule);
                window = windows.get(group);
                countsScope = window == null;
                if (window == null) {
                    window = windowsBefore.get(group);
                    window = window == null ? SlidingWindow.forCap() : window;
                    windows.put(group, window);
                }
            }
            compiled[i] = new CompiledRule(each, state, ordinals, window, countsScope, slots);
        }
        RuleIndex index = compiled.length < INDEX_FROM ? null : RuleIndex.build(compiled, slots);
        return new RuleSet(compiled, index);
    }

    /** Aborts and resets first, so that it is known whether there is a response to slow down. */
    private static int rank(FaultRule rule) {
        return switch (rule.fault().kind()) {
            case ABORT, RESET -> 0;
            case DELAY -> 1;
            case RESPONSE_RATE_LIMIT -> 2;
        };
    }

    /** Whose touches count against one cap: one rule's, or those of an experiment's rules over the same requests. */
    private record CapGroup(String owner, Scope scope, Percentage cap) {
        static CapGroup of(FaultRule rule) {
            Percentage cap = rule.limits().maxTrafficPercent();
            assert cap != null;
            String owner = rule.experimentId() == null ? "rule " + rule.name() : "experiment " + rule.experimentId();
            return new CapGroup(owner, rule.scope().withCohort(Cohort.ALL), cap);
        }
    }

    private Map<CapGroup, SlidingWindow> windows() {
        Map<CapGroup, SlidingWindow> windows = new HashMap<>();
        for (CompiledRule rule : rules) {
            if (rule.cap != null) {
                windows.put(CapGroup.of(rule.rule), rule.cap);
            }
        }
        return windows;
    }

    public boolean isEmpty() {
        return rules.length == 0;
    }

    public int size() {
        return rules.length;
    }

    /** The counts of a rule; null when there is none of that name. */
    public @Nullable RuleStatus status(String name) {
        CompiledRule rule = byName.get(name);
        return rule == null ? null : rule.state.status();
    }

    /** The rules in the order in which they act, aborts and resets before delays before rate limits. */
    public List<FaultRule> rules() {
        List<FaultRule> list = new ArrayList<>(rules.length);
        for (CompiledRule rule : rules) {
            list.add(rule.rule);
        }
        return list;
    }

    /** Room to think in, one for each worker. Confined to one thread. */
    public static final class Scratch {
        long[] candidates = {};
    }

    /**
     * Decides what happens to a request, and counts it. Called once for each request.
     *
     * @param nowNanos a clock that never goes back, the one of {@link InstalledRule#installedNanos}
     * @param epochMillis the time of day, for schedules
     * @return {@link FaultDecision#NONE}, or a decision that must be released when the request ends
     */
    public FaultDecision decide(RequestView request, long nowNanos, long epochMillis, Scratch scratch) {
        FaultDecision decision = FaultDecision.NONE;
        if (index == null) {
            for (CompiledRule rule : rules) {
                decision = ask(rule, request, nowNanos, epochMillis, decision);
            }
            return decision;
        }
        long[] candidates = index.candidates(request, scratch);
        for (int word = 0; word < candidates.length; word++) {
            for (long bits = candidates[word]; bits != 0; bits &= bits - 1) {
                CompiledRule rule = rules[(word << 6) + Long.numberOfTrailingZeros(bits)];
                decision = ask(rule, request, nowNanos, epochMillis, decision);
            }
        }
        return decision;
    }

    private static FaultDecision ask(
            CompiledRule compiled, RequestView request, long nowNanos, long epochMillis, FaultDecision decision) {
        if (!compiled.scope.matches(request)) {
            return decision;
        }
        RuleState state = compiled.state;
        state.scoped.increment();
        if (compiled.countsScope) {
            assert compiled.cap != null;
            compiled.cap.addScoped(nowNanos);
        }
        if (!compiled.cohort.contains(request)) {
            return decision;
        }
        state.cohort.increment();
        FaultRule rule = compiled.rule;
        int share = rule.percentage().millionths();
        int point = rule.percentage().isFull() && rule.schedule().ramp() == null
                ? 0
                : Percentage.point(compiled.draw(request));
        if (point >= share) {
            return decision;
        }
        state.drawn.increment();
        Suppression cause = suppression(compiled, point, nowNanos, epochMillis, decision);
        if (cause != null) {
            state.suppress(cause);
            return decision;
        }
        state.touched.increment();
        if (decision == FaultDecision.NONE) {
            return new FaultDecision(compiled);
        }
        decision.add(compiled);
        return decision;
    }

    /** Why the fault is held back; null = it is charged to all limits and goes ahead. */
    private static @Nullable Suppression suppression(
            CompiledRule compiled, int point, long nowNanos, long epochMillis, FaultDecision decision) {
        FaultRule rule = compiled.rule;
        if (compiled.expired(nowNanos)
                || !rule.schedule().active(epochMillis)
                || point
                        >= rule.schedule()
                                .ramped(
                                        rule.percentage().millionths(),
                                        nowNanos - compiled.installed.installedNanos(),
                                        epochMillis)) {
            return Suppression.SCHEDULE;
        }
        if (compiled.terminal
                ? decision.terminal() != null
                : compiled.bytesPerSecond > 0 && decision.terminal() instanceof Reset) {
            return Suppression.SUPERSEDED;
        }
        Limits limits = rule.limits();
        RuleState state = compiled.state;
        int active = state.active.incrementAndGet();
        if (limits.maxConcurrent() > 0 && active > limits.maxConcurrent()) {
            state.active.decrementAndGet();
            return Suppression.CONCURRENCY;
        }
        if (limits.maxPerSecond() > 0 && !state.rate.tryTouchUpTo(nowNanos, limits.maxPerSecond())) {
            state.active.decrementAndGet();
            return Suppression.RATE;
        }
        Percentage cap = limits.maxTrafficPercent();
        if (cap != null && compiled.cap != null && !decision.isCharged(compiled.cap)) {
            if (!compiled.cap.tryTouchUnderCap(nowNanos, cap)) {
                state.active.decrementAndGet();
                if (limits.maxPerSecond() > 0) {
                    state.rate.untouch(nowNanos);
                }
                return Suppression.CAP;
            }
        }
        return null;
    }
}
