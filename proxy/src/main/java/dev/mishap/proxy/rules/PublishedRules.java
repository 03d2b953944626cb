package dev.mishap.proxy.rules;

import dev.mishap.proxy.observe.stats.Gauge;
import dev.mishap.proxy.observe.stats.Scope;
import dev.mishap.rules.HeaderSlots;
import dev.mishap.rules.InstalledRule;
import dev.mishap.rules.RuleSet;
import dev.mishap.rules.Safeguards;
import java.util.List;
import java.util.Map;

/**
 * What the workers see of the rules and observers that arrived by API: all of it, or no rule while the kill switch is on. The switch may be
 * turned by any thread at any time; all else is changed under the store's lock.
 */
final class PublishedRules {
    private final KillSwitch kill;
    private final RuleEvents events;
    private final Safeguards safeguards;
    private final Gauge killGauge;

    /** All that is in place. */
    private ActiveRules inPlace = ActiveRules.NONE;
    /** What workers act on. */
    private volatile ActiveRules active = ActiveRules.NONE;

    private volatile Runnable onChange = () -> {};

    /** @param mishap the scope {@code mishap.} */
    PublishedRules(KillSwitch kill, RuleEvents events, Scope mishap, Safeguards safeguards) {
        this.kill = kill;
        this.events = events;
        this.safeguards = safeguards;
        killGauge = mishap.gauge("kill_switch");
    }

    /** Follows the kill switch. {@code lock} is the store's; {@code places} are held back together with these. */
    void follow(Object lock, RulePlaces places) {
        kill.listen(new KillSwitch.Listener() {
            @Override
            public void killed(String why) {
                // At once, whoever holds the lock: a change under way publishes no rules when it sees the switch.
                active = active.withoutRules();
                places.suspend(true);
                switched(1, RuleEvents.Kind.KILLED, why);
            }

            @Override
            public void armed(String why) {
                places.suspend(false);
                switched(0, RuleEvents.Kind.ARMED, why);
            }

            private void switched(int state, RuleEvents.Kind kind, String why) {
                synchronized (lock) {
                    killGauge.set(state);
                    events.add(kind, null, why, null);
                    show();
                    onChange.run();
                }
            }
        });
    }

    void onChange(Runnable listener) {
        onChange = listener;
    }

    /** What workers act on. Any thread. */
    ActiveRules active() {
        return active;
    }

    /** All that is in place, whether or not it may act. */
    ActiveRules inPlace() {
        return inPlace;
    }

    /** Compiles what is in place now and shows it. */
    void publish(List<InstalledRule> rules, Map<String, RuleTag> tags, Observers observers) {
        HeaderSlots slots = new HeaderSlots();
        RuleSet compiled = RuleSet.compile(rules, inPlace.rules(), slots, safeguards);
        List<Observer> compiledObservers = observers.compile(inPlace, slots);
        boolean connections = aboutConnections(compiled) || aboutConnections(inPlace.rules());
        inPlace = new ActiveRules(compiled, compiledObservers, tags, slots);
        show();
        if (connections) {
            onChange.run();
        }
    }

    /** Shows workers what is in place, or no rules; the switch may be turned on meanwhile. */
    private void show() {
        active = kill.isOn() ? inPlace.withoutRules() : inPlace;
        if (kill.isOn()) {
            active = inPlace.withoutRules();
        }
    }

    private static boolean aboutConnections(RuleSet rules) {
        return !rules.hasNoConnectionRules() || !rules.hasNoUpstreamRules();
    }
}
