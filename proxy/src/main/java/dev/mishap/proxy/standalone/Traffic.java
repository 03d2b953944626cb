package dev.mishap.proxy.standalone;

import java.util.List;
import java.util.Locale;

/**
 * What has passed since the start.
 *
 * @param unit what is counted: requests or connections
 * @param seconds since the start
 * @param statuses answers by class: 1xx, 2xx, 3xx, 4xx, 5xx
 * @param active requests under way
 * @param resets requests whose connection went before an answer was complete
 * @param touched requests that at least one rule touched
 * @param rules what each rule did, those that have ended included
 */
record Traffic(
        String unit,
        double seconds,
        long requests,
        List<Long> statuses,
        long active,
        long resets,
        long touched,
        List<RuleLine> rules) {
    /** A rule's counts. {@code active} is whether it is still in place. */
    record RuleLine(String name, boolean active, long scoped, long touched, long suppressed) {}

    /** One line for a terminal. */
    String status(Traffic before) {
        double period = seconds - before.seconds;
        StringBuilder s = new StringBuilder(160);
        s.append(String.format(Locale.ROOT, "%5.0fs  %,d %s", seconds, requests, unit));
        if (period > 0) {
            s.append(String.format(Locale.ROOT, " (%,.0f/s)", (requests - before.requests) / period));
        }
        s.append(String.format(Locale.ROOT, "  %,d under way", active));
        for (int i = 1; i < 5; i++) {
            if (statuses.get(i) > 0) {
                s.append(String.format(Locale.ROOT, "  %dxx %,d", i + 1, statuses.get(i)));
            }
        }
        return s.append(String.format(Locale.ROOT, "  touched %,d", touched)).toString();
    }

    /** The summary at the end, for people. */
    String summary() {
        StringBuilder s = new StringBuilder(400);
        s.append(String.format(
                Locale.ROOT, "%,d %s in %.1f s, %,d touched by a fault%n", requests, unit, seconds, touched));
        for (int i = 0; i < 5; i++) {
            if (statuses.get(i) > 0) {
                s.append(String.format(Locale.ROOT, "  %dxx %,d%n", i + 1, statuses.get(i)));
            }
        }
        if (resets > 0) {
            s.append(String.format(Locale.ROOT, "  no complete answer %,d%n", resets));
        }
        for (RuleLine rule : rules) {
            s.append(String.format(
                    Locale.ROOT,
                    "rule %s%s: matched %,d, touched %,d%s%s%n",
                    rule.name(),
                    rule.active() ? "" : " (ended)",
                    rule.scoped(),
                    rule.touched(),
                    rule.scoped() > 0
                            ? String.format(Locale.ROOT, " (%.1f%%)", 100.0 * rule.touched() / rule.scoped())
                            : "",
                    rule.suppressed() > 0
                            ? String.format(Locale.ROOT, ", held back by limits %,d", rule.suppressed())
                            : ""));
        }
        return s.toString();
    }
}
