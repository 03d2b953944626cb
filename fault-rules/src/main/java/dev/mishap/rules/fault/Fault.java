package dev.mishap.rules.fault;

/** What happens to a request that a rule touches. Immutable, equal by value. Dispatch on {@link #kind()}, without a default. */
public sealed interface Fault permits Fault.Terminal, Delay, ResponseRateLimit {
    Kind kind();

    /** The kinds of faults, in the order in which a request meets them in a decision. */
    enum Kind {
        ABORT("abort"),
        RESET("reset"),
        DELAY("delay"),
        RESPONSE_RATE_LIMIT("responseRateLimit");

        private final String field;

        Kind(String field) {
            this.field = field;
        }

        /** The name of the fault in a rule file. */
        public String field() {
            return field;
        }
    }

    /** A fault that ends the request, so that only one of them can act on it. */
    sealed interface Terminal extends Fault permits Abort, Reset {}
}
