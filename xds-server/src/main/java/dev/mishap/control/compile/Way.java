package dev.mishap.control.compile;

/** How a rule reaches a node. */
public enum Way {
    /** The whole rule, as an extension configuration that our own proxy reads. */
    RULES("our extension, by ECDS"),
    /** An HTTPFault as the configuration of a fault filter that stands in the listener. */
    ECDS("HTTPFault, by ECDS"),
    /** An HTTPFault as the configuration of routes. */
    RDS("HTTPFault of routes, by RDS"),
    /** A fault filter that is put into a listener which has none, once, and then as {@link #ECDS}. */
    LDS("HTTPFault, by ECDS, after the filter was put into the listener");

    private final String words;

    Way(String words) {
        this.words = words;
    }

    /** For people. */
    public String words() {
        return words;
    }
}
