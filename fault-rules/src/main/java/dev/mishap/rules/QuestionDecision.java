package dev.mishap.rules;

import dev.mishap.rules.fault.DnsFault;

/** What is to happen to one DNS question. Whoever got it calls {@link #release} once, when the question is answered or given up. */
public final class QuestionDecision extends Decision {
    /** Nothing happens. */
    public static final QuestionDecision NONE = new QuestionDecision(true);

    private QuestionDecision(boolean none) {
        super(none);
    }

    QuestionDecision() {
        this(false);
    }

    /** Whether nothing happens; a dry run may still want to be told of. */
    public boolean isNone() {
        return touchedCount() == 0;
    }

    private DnsFault fault(int index) {
        return (DnsFault) touched(index).fault();
    }

    boolean isAnswered() {
        for (int i = 0; i < touchedCount(); i++) {
            if (fault(i).action().terminal()) {
                return true;
            }
        }
        return false;
    }

    /** How long the answer waits, in nanoseconds; the sum of all delays; 0 = not at all. */
    public long delayNanos() {
        long sum = 0;
        for (int i = 0; i < touchedCount(); i++) {
            if (fault(i).action() == DnsFault.Action.DELAY && !hasEnded(i)) {
                sum += fault(i).time().toNanos();
            }
        }
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    /** Whether the rule has ended that makes the answer, as far as {@link #dropEnded} was told. */
    public boolean hasAnswerEnded() {
        for (int i = 0; i < touchedCount(); i++) {
            if (fault(i).action().terminal()) {
                return hasEnded(i);
            }
        }
        return false;
    }

    /** Nothing is kept that would have to change. An answer that a rule has made stays. */
    @Override
    void decideWithoutEnded() {}

    /** The time to live that the answer's records get, in seconds; the smallest of all; -1 = as it was. */
    public long ttlSeconds() {
        long ttl = -1;
        for (int i = 0; i < touchedCount(); i++) {
            if (fault(i).action() == DnsFault.Action.TTL) {
                long seconds = fault(i).time().toSeconds();
                ttl = ttl < 0 ? seconds : Math.min(ttl, seconds);
            }
        }
        return ttl;
    }

    /** What makes the answer in place of the resolver; null = the resolver's own. */
    public @org.jspecify.annotations.Nullable DnsFault answer() {
        for (int i = 0; i < touchedCount(); i++) {
            if (fault(i).action().terminal()) {
                return fault(i);
            }
        }
        return null;
    }
}
