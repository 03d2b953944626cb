package dev.mishap.control.demo;

/** How the demo's checkout service behaves. */
public enum DemoMode {
    /** When a payment fails, the order goes to a queue and is settled later. */
    HEALTHY("healthy"),
    /** When a payment fails, so does the checkout. */
    BROKEN_FALLBACK("broken-fallback"),
    /** One checkout in five fails, whatever the payment does: no steady state to start from. */
    SICK("sick"),
    /** Checkout looks the payment gateway up in DNS for each payment, behind a circuit breaker. */
    DNS("dns"),
    /** The same without the circuit breaker. */
    DNS_WITHOUT_BREAKER("dns-without-breaker");

    private final String text;

    DemoMode(String text) {
        this.text = text;
    }

    /** Whether the payment gateway is found by its name. */
    boolean byName() {
        return this == DNS || this == DNS_WITHOUT_BREAKER;
    }

    @Override
    public String toString() {
        return text;
    }
}
