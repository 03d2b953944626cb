package dev.mishap.rules.fault;

/** What happens to the traffic that a rule touches. Immutable, equal by value. Dispatch on {@link #kind()}, without a default. */
public sealed interface Fault permits Fault.Terminal, Delay, ResponseRateLimit, ConnectionFault, DnsFault {
    Kind kind();

    /** What a fault happens to, and so what a rule's scope can speak of. */
    enum Plane {
        /** An HTTP request. */
        REQUEST("an HTTP request"),
        /** A TCP connection. */
        CONNECTION("a connection"),
        /** A DNS question. */
        DNS("a DNS question");

        private final String words;

        Plane(String words) {
            this.words = words;
        }

        /** For people. */
        public String words() {
            return words;
        }
    }

    /** The kinds of faults. */
    enum Kind {
        ABORT("abort", Plane.REQUEST),
        RESET("reset", Plane.REQUEST),
        DELAY("delay", Plane.REQUEST),
        RESPONSE_RATE_LIMIT("responseRateLimit", Plane.REQUEST),
        REFUSE("refuse", Plane.CONNECTION),
        BLACK_HOLE("blackHole", Plane.CONNECTION),
        TIMEOUT("timeout", Plane.CONNECTION),
        FLAP("flap", Plane.CONNECTION),
        CONNECTION_LIMIT("connectionLimit", Plane.CONNECTION),
        EXHAUST_POOL("exhaustPool", Plane.CONNECTION),
        CONNECT_DELAY("connectDelay", Plane.CONNECTION),
        LATENCY("latency", Plane.CONNECTION),
        BANDWIDTH("bandwidth", Plane.CONNECTION),
        SLICE("slice", Plane.CONNECTION),
        LIMIT_DATA("limitData", Plane.CONNECTION),
        CORRUPT("corrupt", Plane.CONNECTION),
        CLOSE("close", Plane.CONNECTION),
        CONNECTION_RESET("connectionReset", Plane.CONNECTION),
        HALF_OPEN("halfOpen", Plane.CONNECTION),
        SLOW_CLOSE("slowClose", Plane.CONNECTION),
        PARTITION("partition", Plane.CONNECTION),
        DNS("dns", Plane.DNS);

        private final String field;
        private final Plane plane;

        Kind(String field, Plane plane) {
            this.field = field;
            this.plane = plane;
        }

        /** The name of the fault in a rule file. */
        public String field() {
            return field;
        }

        public Plane plane() {
            return plane;
        }
    }

    /** A fault that ends the request, so that only one of them can act on it. */
    sealed interface Terminal extends Fault permits Abort, Reset {}
}
