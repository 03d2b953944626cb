package dev.mishap.proxy.rules;

/** Where who executes rules finds those that are in place. */
public interface RuleSource {
    /** What is in place now. Any thread; one volatile read. */
    ActiveRules active();

    /** The clock that {@link dev.mishap.rules.RuleSet#decide} is to be asked with. */
    long nanoTime();

    /** What ends all faults, those under way, too. */
    KillSwitch killSwitch();
}
