package dev.mishap.rules.experiment.engine;

/** How a value is compared with its target. */
public enum Comparison {
    AT_LEAST(">="),
    ABOVE(">"),
    AT_MOST("<="),
    BELOW("<");

    private final String symbol;

    Comparison(String symbol) {
        this.symbol = symbol;
    }

    /** As it is written in an SLO. */
    public String symbol() {
        return symbol;
    }

    /** Whether higher values are the better ones. */
    public boolean wantsHigh() {
        return this == AT_LEAST || this == ABOVE;
    }

    /** Whether {@code value} meets {@code target}. NaN never does. */
    public boolean holds(double value, double target) {
        switch (this) {
            case AT_LEAST:
                return value >= target;
            case ABOVE:
                return value > target;
            case AT_MOST:
                return value <= target;
            case BELOW:
                return value < target;
        }
        throw new AssertionError(this);
    }
}
