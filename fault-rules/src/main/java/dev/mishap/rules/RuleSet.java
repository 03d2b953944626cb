package dev.mishap.rules;

import dev.mishap.rules.fault.ConnectionFault;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.Fault;
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
    static final int INDEX_FROM = 8;

    /** No rules. */
    public static final RuleSet EMPTY = compile(List.of(), null, new HeaderSlots());

    private final CompiledRule[] all;
    /** Those of HTTP requests, of connections of either side and of DNS questions; each in order. */
    private final CompiledRule[] rules;

    private final ConnectionRules<ConnectionView> connections;
    private final ConnectionRules<UpstreamView> upstream;
    private final CompiledRule[] questions;
    private final Map<String, CompiledRule> byName;
    private final @Nullable RuleIndex index;
    private final @Nullable PlainIndex questionIndex;
    private final Protection protection;
    private final int agentSlot;

    private RuleSet(CompiledRule[] all, HeaderSlots slots, Protection protection) {
        this.all = all;
        this.protection = protection;
        agentSlot = protection.agents().isEmpty() ? -1 : slots.slot("user-agent");
        rules = of(all, Fault.Plane.REQUEST);
        CompiledRule[] either = of(all, Fault.Plane.CONNECTION);
        connections = ConnectionRules.ofClients(of(either, false), protection);
        upstream = ConnectionRules.ofUpstreams(of(either, true), protection);
        questions = of(all, Fault.Plane.DNS);
        index = rules.length < INDEX_FROM ? null : RuleIndex.build(rules, slots);
        questionIndex = questions.length < INDEX_FROM ? null : PlainIndex.build(questions);
        byName = new HashMap<>();
        for (CompiledRule rule : all) {
            byName.put(rule.rule.name(), rule);
        }
    }

    private static CompiledRule[] of(CompiledRule[] all, Fault.Plane plane) {
        List<CompiledRule> some = new ArrayList<>();
        for (CompiledRule rule : all) {
            if (rule.rule.fault().kind().plane() == plane) {
                some.add(rule);
            }
        }
        return some.toArray(new CompiledRule[0]);
    }

    private static CompiledRule[] of(CompiledRule[] all, boolean upstream) {
        List<CompiledRule> some = new ArrayList<>();
        for (CompiledRule rule : all) {
            if (rule.rule.isUpstream() == upstream) {
                some.add(rule);
            }
        }
        return some.toArray(new CompiledRule[0]);
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
        return compile(installed, previous, slots, Safeguards.NONE);
    }

    /** The same under what holds for all rules of a data plane. */
    public static RuleSet compile(
            List<InstalledRule> installed, @Nullable RuleSet previous, HeaderSlots slots, Safeguards safeguards) {
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
            RuleState state = before == null || before.state.ended ? new RuleState() : before.state;
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
            compiled[i] = new CompiledRule(each, state, ordinals, window, countsScope, slots, safeguards);
        }
        return new RuleSet(compiled, slots, safeguards.protection());
    }

    /** What ends things first, so that it is known whether there is anything left to slow down or change. */
    private static int rank(FaultRule rule) {
        Fault fault = rule.fault();
        if (fault instanceof Fault.Terminal
                || fault instanceof ConnectionFault.AtAccept
                || fault instanceof DnsFault dns && dns.action().terminal()) {
            return 0;
        }
        return fault.kind() == Fault.Kind.RESPONSE_RATE_LIMIT ? 2 : 1;
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
        for (CompiledRule rule : all) {
            if (rule.cap != null) {
                windows.put(CapGroup.of(rule.rule), rule.cap);
            }
        }
        return windows;
    }

    @Nullable
    CompiledRule compiled(String name) {
        return byName.get(name);
    }

    public boolean isEmpty() {
        return all.length == 0;
    }

    public int size() {
        return all.length;
    }

    /** Whether no rule is about HTTP requests. */
    public boolean hasNoRequestRules() {
        return rules.length == 0;
    }

    /** Whether no rule is about the proxy's own connections. */
    public boolean hasNoUpstreamRules() {
        return upstream.isEmpty();
    }

    /** Whether no rule is about connections of clients. */
    public boolean hasNoConnectionRules() {
        return connections.isEmpty();
    }

    /** Whether no rule is about DNS questions. */
    public boolean hasNoQuestionRules() {
        return questions.length == 0;
    }

    /** The rule of that name; null when there is none. */
    public @Nullable FaultRule rule(String name) {
        CompiledRule rule = byName.get(name);
        return rule == null ? null : rule.rule;
    }

    /** The counts of a rule; null when there is none of that name. */
    public @Nullable RuleStatus status(String name) {
        CompiledRule rule = byName.get(name);
        return rule == null ? null : rule.state.status();
    }

    /**
     * The rule is to let go of what it holds: decisions of it have {@link Decision#dropEnded} say so. For a rule that is gone; one that
     * comes after it under the same name is another.
     *
     * @return whether it holds something, or may: what is decided from now on will not be held
     */
    public boolean end(String name) {
        CompiledRule rule = byName.get(name);
        if (rule == null) {
            return false;
        }
        // In this order: who decides counts first and looks whether the rule has ended then.
        rule.state.ended = true;
        return rule.state.active.get() > 0;
    }

    /** Whether a rule only decides and counts, by what it says or by what holds for all rules. */
    public boolean isDryRun(String name) {
        CompiledRule rule = byName.get(name);
        return rule != null && rule.dryRun;
    }

    /** The rules in the order in which they act, aborts and resets before delays before rate limits. */
    public List<FaultRule> rules() {
        List<FaultRule> list = new ArrayList<>(all.length);
        for (CompiledRule rule : all) {
            list.add(rule.rule);
        }
        return list;
    }

    /** Room to think in, one for each worker. Confined to one thread. */
    public static final class Scratch {
        private long[] candidates = {};

        /** Bits that are as those given, to be added to. */
        long[] bits(long[] like) {
            long[] bits = candidates;
            if (bits.length != like.length) {
                bits = new long[like.length];
                candidates = bits;
            }
            System.arraycopy(like, 0, bits, 0, like.length);
            return bits;
        }
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

    private FaultDecision ask(
            CompiledRule compiled, RequestView request, long nowNanos, long epochMillis, FaultDecision decision) {
        if (!compiled.scope.matches(request)) {
            return decision;
        }
        compiled.scoped(nowNanos);
        if (!compiled.cohort.contains(request)) {
            return decision;
        }
        int point = compiled.drawn(compiled.cohort.drawKey(request));
        if (point < 0) {
            return decision;
        }
        boolean superseded = compiled.terminal
                ? decision.terminal() != null || compiled.dryRun && decision.wouldEnd()
                : compiled.bytesPerSecond > 0
                        && decision.terminal() instanceof Reset reset
                        && reset.point() == Reset.Point.REQUEST;
        boolean spared = !compiled.named && protection.protects(request, agentSlot);
        if (!compiled.goesAhead(point, nowNanos, epochMillis, spared, superseded, decision)) {
            return decision;
        }
        if (decision == FaultDecision.NONE) {
            return new FaultDecision(compiled);
        }
        decision.add(compiled);
        return decision;
    }

    /**
     * Decides what happens to a connection, and counts it. Called once when it is accepted and its destination is known.
     * The key of the draws is (source address, server name or else destination), so that the same seed and connections give the same
     * faults on any number of workers.
     *
     * @return {@link ConnectionDecision#NONE}, or a decision that must be released when the connection ends
     */
    public ConnectionDecision decide(ConnectionView connection, long nowNanos, long epochMillis) {
        return connections.decide(connection, nowNanos, epochMillis, null, ConnectionDecision.NONE);
    }

    /**
     * Decides anew about a connection that lives while rules change: rules that stand in {@code before} too, as they are here, keep
     * what they decided then, those that are gone let go of it, and only new ones are drawn. A fault that decides at accept
     * comes too late for it.
     *
     * @param before the rules that {@code earlier} was made with
     * @param earlier is released; what remains of it is in the answer
     */
    public ConnectionDecision decideAgain(
            ConnectionView connection, long nowNanos, long epochMillis, RuleSet before, ConnectionDecision earlier) {
        return connections.decide(connection, nowNanos, epochMillis, before, earlier);
    }

    /**
     * Decides what happens to one of the proxy's own connections, and counts it. Called once when it is about to be made. The key of
     * the draws is (cluster, endpoint).
     *
     * @return {@link ConnectionDecision#NONE}, or a decision that must be released when the connection ends
     */
    public ConnectionDecision decide(UpstreamView connection, long nowNanos, long epochMillis) {
        return upstream.decide(connection, nowNanos, epochMillis, null, ConnectionDecision.NONE);
    }

    /**
     * Decides anew about one of the proxy's own connections that lives while rules change, as {@link #decideAgain(ConnectionView,
     * long, long, RuleSet, ConnectionDecision)}. A partition acts on it, too; a refusal comes too late.
     */
    public ConnectionDecision decideAgain(
            UpstreamView connection, long nowNanos, long epochMillis, RuleSet before, ConnectionDecision earlier) {
        return upstream.decide(connection, nowNanos, epochMillis, before, earlier);
    }

    /**
     * Decides what happens to a DNS question, and counts it. The key of the draws is (source address, name, type).
     *
     * @return {@link QuestionDecision#NONE}, or a decision that must be released when the question is over
     */
    public QuestionDecision decide(QuestionView question, long nowNanos, long epochMillis) {
        return decide(question, nowNanos, epochMillis, QuestionDecision.NONE);
    }

    /**
     * Decides further about a question of which other rules have decided: what they made of it supersedes what these would.
     *
     * @param earlier what they decided; goes on in what is returned
     */
    public QuestionDecision decide(QuestionView question, long nowNanos, long epochMillis, QuestionDecision earlier) {
        QuestionDecision decision = earlier;
        if (questions.length == 0) {
            return decision;
        }
        long key = questionKey(question);
        if (questionIndex == null) {
            for (CompiledRule rule : questions) {
                decision = ask(rule, question, key, nowNanos, epochMillis, decision);
            }
            return decision;
        }
        long[] candidates = questionIndex.candidates(question);
        for (int word = 0; word < candidates.length; word++) {
            for (long bits = candidates[word]; bits != 0; bits &= bits - 1) {
                CompiledRule rule = questions[(word << 6) + Long.numberOfTrailingZeros(bits)];
                decision = ask(rule, question, key, nowNanos, epochMillis, decision);
            }
        }
        return decision;
    }

    private QuestionDecision ask(
            CompiledRule compiled,
            QuestionView question,
            long key,
            long nowNanos,
            long epochMillis,
            QuestionDecision decision) {
        if (!compiled.scope.matches(question)
                || question.overStream() && ((DnsFault) compiled.rule.fault()).action() == DnsFault.Action.TRUNCATE) {
            return decision;
        }
        compiled.scoped(nowNanos);
        int point = compiled.cohort.contains(question.sourceAddress()) ? compiled.drawn(key) : -1;
        if (point < 0) {
            return decision;
        }
        boolean spared = !compiled.named && protection.protects(question);
        boolean superseded = compiled.terminal && (decision.isAnswered() || compiled.dryRun && decision.wouldEnd());
        if (!compiled.goesAhead(point, nowNanos, epochMillis, spared, superseded, decision)) {
            return decision;
        }
        QuestionDecision mine = decision == QuestionDecision.NONE ? new QuestionDecision() : decision;
        if (compiled.dryRun) {
            mine.wouldTouch(compiled);
        } else {
            mine.touch(compiled);
        }
        return mine;
    }

    private static long questionKey(QuestionView question) {
        long key = XxHash64.finish(KeyReader.address(question.sourceAddress(), 0)
                + 0x9E3779B97F4A7C15L * XxHash64.ofText(question.name())
                + XxHash64.ofText(question.type()));
        return key == KeyReader.ABSENT ? 1 : key;
    }
}
