package dev.mishap.proxy.rules;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.HeaderSlots;
import dev.mishap.rules.InstalledRule;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.RuleStatus;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rules that one place of the configuration has: a filter, a route, a cluster. They are in place for as long as something holds
 * this object, less those whose ttl is over. Made by {@link RulePlaces}, under whose lock it changes.
 */
public final class PlacedRules implements RuleSource {
    private static final Logger LOG = LoggerFactory.getLogger("mishap");

    private final RulePlaces owner;
    final String site;
    /** All of the configuration, in its order, whether they have ended or not. */
    final List<InstalledRule> installed;

    final Counts counts = new Counts();

    private volatile ActiveRules active = ActiveRules.NONE;

    /** Those that have been taken out of the configuration since. Whoever puts them there again begins anew. */
    private final Set<FaultRule> takenOut = new HashSet<>();

    private int places;
    /** Whether it served and does so no more: its rules have been told to have stopped. */
    private volatile boolean left;

    /** What the rules did. Outlives them until it is shown for the last time, so that nothing of it is lost. */
    static final class Counts {
        private final Map<String, RuleCounts> byRule = new LinkedHashMap<>();
        /** What is in place, whether or not it is held back. */
        private ActiveRules all = ActiveRules.NONE;

        /** Brings {@code mishap.rule.*} in /stats up to date. */
        void show() {
            byRule.values().forEach(count -> {
                if (all.rules().status(count.name()) != null) {
                    count.show(all.rules());
                }
            });
        }

        /** Shown for the last time. */
        void letGo() {
            byRule.values().forEach(RuleCounts::letGo);
        }
    }

    PlacedRules(RulePlaces owner, String site, List<InstalledRule> installed, @Nullable PlacedRules before) {
        this.owner = owner;
        this.site = site;
        this.installed = installed;
        for (InstalledRule each : installed) {
            FaultRule rule = each.rule();
            RuleCounts known = before == null || !before.has(rule) ? null : before.counts.byRule.get(rule.name());
            counts.byRule.put(
                    rule.name(),
                    known == null || !known.areOf(rule) ? new RuleCounts(rule, owner.stats) : known.share());
        }
        compile(before == null ? null : before.counts.all.rules());
    }

    @Override
    public ActiveRules active() {
        return active;
    }

    @Override
    public long nanoTime() {
        return owner.nanoTime();
    }

    @Override
    public KillSwitch killSwitch() {
        return owner.killSwitch();
    }

    /** Whether a rule of its name and experiment, which is to say that rule, is among these. */
    boolean has(FaultRule rule) {
        return isAmong(rule, rules());
    }

    /** The same of those that have not ended. */
    boolean isAlive(FaultRule rule) {
        return isAmong(rule, alive());
    }

    private static boolean isAmong(FaultRule rule, List<FaultRule> all) {
        return all.stream()
                .anyMatch(each ->
                        each.name().equals(rule.name()) && Objects.equals(each.experimentId(), rule.experimentId()));
    }

    /** A place begins to serve with these. On the main loop, as {@link #leave}. */
    public void enter() {
        if (places++ == 0) {
            left = false;
            owner.began(this);
        }
    }

    /** A place that served with these does so no more; after the last one, what they hold is let go of. */
    public void leave() {
        if (--places == 0) {
            left = true;
            owner.ended(this);
        }
    }

    /** Those that have not ended, whether or not they are held back. */
    List<FaultRule> alive() {
        return counts.all.rules().rules();
    }

    @Nullable
    RuleStatus status(String name) {
        return counts.all.rules().status(name);
    }

    void takeOut(FaultRule rule) {
        takenOut.add(rule);
    }

    /** Whether all of them stand in the configuration as they did, so that they can serve on. */
    boolean isWhole() {
        return takenOut.isEmpty();
    }

    /** Those that stand in the configuration as they did, whether they have ended or not. */
    List<InstalledRule> standing() {
        return installed.stream()
                .filter(each -> !takenOut.contains(each.rule()))
                .toList();
    }

    /** The rule is to let go of what it holds; whether that may be something. */
    boolean end(String name) {
        return counts.all.rules().end(name);
    }

    void describe(List<RulePlaces.Configured> into) {
        long now = owner.nanoTime();
        RuleSet set = counts.all.rules();
        for (InstalledRule each : installed) {
            FaultRule rule = each.rule();
            RuleStatus status = set.status(rule.name());
            if (status != null) {
                into.add(
                        new RulePlaces.Configured(site, rule, status, leftNanos(each, now), set.isDryRun(rule.name())));
            }
        }
    }

    List<FaultRule> rules() {
        return installed.stream().map(InstalledRule::rule).toList();
    }

    private void compile(@Nullable RuleSet previous) {
        long now = owner.nanoTime();
        List<InstalledRule> alive =
                installed.stream().filter(each -> leftNanos(each, now) > 0).toList();
        if (alive.isEmpty()) {
            counts.all = ActiveRules.NONE;
        } else {
            HeaderSlots slots = new HeaderSlots();
            RuleSet set = RuleSet.compile(alive, previous, slots, owner.safeguards());
            Map<String, RuleTag> tags = new LinkedHashMap<>();
            for (InstalledRule each : alive) {
                FaultRule rule = each.rule();
                RuleCounts of = Objects.requireNonNull(counts.byRule.get(rule.name()));
                tags.put(rule.name(), RuleTag.of(rule, of.touchedOfExperiment()));
            }
            counts.all = new ActiveRules(set, List.of(), tags, slots);
        }
        publish();
    }

    /** Shows the workers what is in place, unless all rules are held back. */
    void publish() {
        active = owner.isSuspended() ? ActiveRules.NONE : counts.all;
    }

    /** What holds for all rules of the proxy has changed. */
    void recompile() {
        compile(counts.all.rules());
    }

    /** Takes out the rules whose ttl is over; whether there was one. */
    boolean expire() {
        long now = owner.nanoTime();
        List<FaultRule> over = new ArrayList<>();
        for (FaultRule rule : counts.all.rules().rules()) {
            for (InstalledRule each : installed) {
                if (each.rule() == rule && leftNanos(each, now) <= 0) {
                    over.add(rule);
                }
            }
        }
        if (over.isEmpty()) {
            return false;
        }
        counts.show();
        RuleSet was = counts.all.rules();
        compile(was);
        for (FaultRule rule : over) {
            if (owner.goesOn(this, rule)) {
                continue; // installed anew, with what it holds
            }
            was.end(rule.name());
            LOG.info("rule '{}' of {} has ended: its ttl is over", rule.name(), site);
            if (!left) {
                owner.events.add(RuleEvents.Kind.EXPIRED, rule, "its ttl is over, in " + site, was.status(rule.name()));
            }
        }
        return true;
    }

    /** When the next ttl is over, from now on; {@link Long#MAX_VALUE} = never. */
    long nextEndNanos() {
        long now = owner.nanoTime();
        long next = Long.MAX_VALUE;
        for (InstalledRule each : installed) {
            long left = leftNanos(each, now);
            if (left > 0) {
                next = Math.min(next, left);
            }
        }
        return next;
    }

    private static long leftNanos(InstalledRule each, long now) {
        return each.rule().ttl() == null ? Long.MAX_VALUE : each.rule().ttl().toNanos() - (now - each.installedNanos());
    }
}
