package dev.mishap.control.demo;

/** How the demo's checkout service behaves. */
public enum DemoMode {
    /** When a payment fails, the order goes to a queue and is settled later. */
    HEALTHY("healthy"),
    /** When a payment fails, so does the checkout. */
    BROKEN_FALLBACK("broken-fallback"),
    /** One checkout in five fails, whatever the payment does: no steady state to start from. */
    SICK("sick");

    private final String text;

    DemoMode(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
