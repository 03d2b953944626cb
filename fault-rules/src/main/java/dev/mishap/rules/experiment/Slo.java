package dev.mishap.rules.experiment;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.math.BigDecimal;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A promise about a service: a metric, a comparison, a number.
 *
 * @param metric its name, such as {@code checkout_success_rate} or {@code checkout_p95_latency_ms}
 * @param threshold what the metric is compared with; rates from 0 to 1, latencies in the metric's unit
 * @param query PromQL that gives the metric; null = what the proxies see of the service in the metric's name
 */
public record Slo(
        String metric,
        Comparator comparator,
        BigDecimal threshold,
        @Nullable String query) {
    private static final Pattern FORM = Pattern.compile("\\s*(\\S+?)\\s*(>=|<=|==|!=|>|<|=)\\s*(\\S+?)\\s*");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_:][-A-Za-z0-9_:.]*");
    private static final Pattern RATE = Pattern.compile("(.+)_(success|error)_rate");
    private static final Pattern LATENCY = Pattern.compile("(.+)_p(\\d{1,2}(?:[._]\\d{1,3})?)_latency(?:_(us|ms|s))?");

    public enum Comparator {
        AT_LEAST(">="),
        AT_MOST("<="),
        MORE_THAN(">"),
        LESS_THAN("<"),
        EQUAL("=="),
        NOT_EQUAL("!=");

        private final String sign;

        Comparator(String sign) {
            this.sign = sign;
        }

        public String sign() {
            return sign;
        }

        /** Whether {@code value} compares so with {@code threshold}. NaN never does. */
        public boolean holds(double value, double threshold) {
            if (Double.isNaN(value)) {
                return false;
            }
            // Adding 0.0 makes -0.0 equal to 0.0 for compare.
            int c = Double.compare(value + 0.0, threshold + 0.0);
            return switch (this) {
                case AT_LEAST -> c >= 0;
                case AT_MOST -> c <= 0;
                case MORE_THAN -> c > 0;
                case LESS_THAN -> c < 0;
                case EQUAL -> c == 0;
                case NOT_EQUAL -> c != 0;
            };
        }

        static Comparator of(String sign) {
            for (Comparator c : values()) {
                if (c.sign.equals(sign)) {
                    return c;
                }
            }
            throw new IllegalArgumentException("comparator must be one of >=, <=, >, <, == and !=, got '" + sign + "'");
        }
    }

    /** What a metric measures when it is not queried but seen by the proxies. */
    public enum Kind {
        /** The share of requests that succeeded, 0 to 1. */
        SUCCESS_RATE,
        /** The share of requests that failed, 0 to 1. */
        ERROR_RATE,
        /** A percentile of the time that requests took. */
        LATENCY
    }

    /**
     * What the proxies can measure.
     *
     * @param service the observed service, as it stands in the metric's name
     * @param percentile 0 to 100, for latencies; else 0
     * @param unitNanos nanoseconds of one unit of the threshold, for latencies; else 1
     */
    public record Measure(Kind kind, String service, double percentile, long unitNanos) {
        /** Whether this is about a service of that name; a metric's name may say {@code _} where the service's has {@code -} or {@code .}. */
        public boolean isAbout(String name) {
            return plain(service).equals(plain(name));
        }

        private static String plain(String name) {
            return name.toLowerCase(Locale.ROOT).replace('-', '_').replace('.', '_');
        }
    }

    public Slo {
        if (!NAME.matcher(metric).matches()) {
            throw new IllegalArgumentException(
                    "metric must be a name such as checkout_success_rate, got '" + metric + "'");
        }
        if (query != null && query.isBlank()) {
            throw new IllegalArgumentException("query must not be empty");
        }
        Measure measure = query == null ? measureOf(metric) : null;
        if (query == null && measure == null) {
            throw new IllegalArgumentException(
                    "metric '" + metric
                            + "' needs a query: without one only SERVICE_success_rate, SERVICE_error_rate and SERVICE_pNN_latency_ms are known");
        }
        if (measure != null
                && measure.kind() != Kind.LATENCY
                && (threshold.signum() < 0 || threshold.compareTo(BigDecimal.ONE) > 0)) {
            throw new IllegalArgumentException(
                    "threshold of a rate must be from 0 to 1, got " + threshold.toPlainString());
        }
    }

    /**
     * Reads {@code checkout_success_rate >= 0.95} or {@code checkout_p95_latency_ms <= 450}; a rate may be given as {@code 95%}.
     *
     * @throws IllegalArgumentException saying what was expected
     */
    public static Slo parse(String text) {
        return parse(text, null);
    }

    /** As {@link #parse(String)}, with a query that gives the metric. */
    public static Slo parse(String text, @Nullable String query) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "expected METRIC COMPARATOR NUMBER such as checkout_success_rate >= 0.95, got '" + text + "'");
        }
        String sign = m.group(2).equals("=") ? "==" : m.group(2);
        return new Slo(m.group(1), Comparator.of(sign), number(m.group(3)), query);
    }

    /** Makes an SLO from its parts as text. */
    public static Slo of(String metric, String comparator, String threshold, @Nullable String query) {
        return new Slo(metric, Comparator.of(comparator), number(threshold), query);
    }

    private static BigDecimal number(String text) {
        boolean percent = text.endsWith("%");
        String digits = percent ? text.substring(0, text.length() - 1) : text;
        try {
            if (digits.length() > 30) {
                throw new NumberFormatException();
            }
            BigDecimal n = new BigDecimal(digits);
            return percent ? n.movePointLeft(2) : n;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("threshold must be a number, got '" + text + "'");
        }
    }

    /** What the proxies measure for this SLO; null when it has a query. */
    public @Nullable Measure measure() {
        return query == null ? measureOf(metric) : null;
    }

    private static @Nullable Measure measureOf(String metric) {
        Matcher rate = RATE.matcher(metric);
        if (rate.matches()) {
            return new Measure(
                    rate.group(2).equals("success") ? Kind.SUCCESS_RATE : Kind.ERROR_RATE, rate.group(1), 0, 1);
        }
        Matcher latency = LATENCY.matcher(metric);
        if (latency.matches()) {
            String unit = latency.group(3) == null ? "ms" : latency.group(3);
            long nanos = unit.equals("s") ? 1_000_000_000L : unit.equals("us") ? 1_000L : 1_000_000L;
            return new Measure(
                    Kind.LATENCY,
                    latency.group(1),
                    Double.parseDouble(latency.group(2).replace('_', '.')),
                    nanos);
        }
        return null;
    }

    /** Whether a value keeps the promise. NaN does not. */
    public boolean holds(double value) {
        return comparator.holds(value, threshold.doubleValue());
    }

    /** The one-line form, without the query. */
    public String text() {
        return metric + ' ' + comparator.sign() + ' ' + threshold.toPlainString();
    }
}
