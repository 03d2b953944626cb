package dev.mishap.proxy.cluster.lb;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what an endpoint tells of its load with an answer: {@code xds.data.orca.v3.OrcaLoadReport} in one of its forms. */
final class LoadReports {
    private static final String MESSAGE = "xds.data.orca.v3.OrcaLoadReport";
    private static final HeaderName HEADER = HeaderName.of("endpoint-load-metrics");
    private static final HeaderName BINARY = HeaderName.of("endpoint-load-metrics-bin");
    private static final int MAX_LENGTH = 16 << 10;

    private LoadReports() {}

    /** The numbers of the report by their names ({@code named_metrics.x}, {@code utilization.x} for those in maps), or null for none. */
    static @Nullable Map<String, Double> read(HeaderMap headers) {
        String binary = headers.get(BINARY);
        String text = binary == null ? headers.get(HEADER) : null;
        String given = binary == null ? text : binary;
        if (given == null || given.length() > MAX_LENGTH) {
            return null;
        }
        try {
            if (text == null || text.startsWith("BIN ")) {
                byte[] bytes = Base64.getDecoder()
                        .decode(text == null ? given : text.substring(4).strip());
                return numbers(ConfigReader.lenient().binary(MESSAGE, bytes, ""));
            }
            if (text.startsWith("JSON ")) {
                return numbers(ConfigReader.lenient().json(MESSAGE, text.substring(5)));
            }
            return text.startsWith("TEXT ") ? pairs(text.substring(5)) : null;
        } catch (ConfigException | IllegalArgumentException e) {
            return null; // whoever cannot say it is not heard
        }
    }

    private static Map<String, Double> numbers(ConfigNode report) {
        Map<String, Double> numbers = new HashMap<>();
        if (report.toJson() instanceof Map<?, ?> fields) {
            collect("", fields, numbers);
        }
        return numbers;
    }

    private static void collect(String prefix, Map<?, ?> fields, Map<String, Double> numbers) {
        fields.forEach((name, value) -> {
            if (value instanceof Number number) {
                numbers.put(prefix + name, number.doubleValue());
            } else if (value instanceof Map<?, ?> inner) {
                collect(prefix + name + ".", inner, numbers);
            }
        });
    }

    /** {@code name=number}, with commas between. */
    private static @Nullable Map<String, Double> pairs(String text) {
        Map<String, Double> numbers = new HashMap<>();
        for (String pair : text.split(",", -1)) {
            int equals = pair.indexOf('=');
            if (equals < 0) {
                return null;
            }
            double value = Double.parseDouble(pair.substring(equals + 1).strip());
            if (!Double.isFinite(value)) {
                return null;
            }
            numbers.put(pair.substring(0, equals).strip(), value);
        }
        return numbers;
    }
}
