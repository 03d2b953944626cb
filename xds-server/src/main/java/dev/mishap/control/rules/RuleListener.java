package dev.mishap.control.rules;

/** Is told what changes, on one thread, in order. The first call comes at once, from the empty snapshot. */
@FunctionalInterface
public interface RuleListener {
    void onChange(RuleChange change);
}
