package dev.mishap.proxy.route.match;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * A share of the requests that a runtime key can change, as {@code envoy.config.core.v3.RuntimeFractionalPercent}.
 *
 * @param key the runtime key, {@code ""} for none
 * @param defaultPartsPerMillion the share when the key has no value, in millionths; may pass 1,000,000
 */
public record RuntimeFraction(String key, long defaultPartsPerMillion) {
    public static final SupportedFields FIELDS = SupportedFields.of("envoy.config.core.v3.RuntimeFractionalPercent")
            .supported("default_value", "runtime_key");

    public static final SupportedFields PERCENT_FIELDS =
            SupportedFields.of("envoy.type.v3.FractionalPercent").supported("numerator", "denominator");

    private static final long MILLION = 1_000_000;

    public static RuntimeFraction from(ConfigNode node) {
        return new RuntimeFraction(node.string("runtime_key"), partsPerMillion(node.message("default_value")));
    }

    /** A FractionalPercent in millionths; absent is 0. */
    public static long partsPerMillion(@Nullable ConfigNode percent) {
        if (percent == null) {
            return 0;
        }
        long numerator = percent.integer("numerator", 0);
        return switch (percent.enumName("denominator")) {
            case "TEN_THOUSAND" -> numerator * 100;
            case "MILLION" -> numerator;
            default -> numerator * 10_000;
        };
    }

    /** Whether a request with {@code random} (any long) is within the share now. */
    public boolean includes(RuntimeSnapshot runtime, long random) {
        long share = key.isEmpty() ? defaultPartsPerMillion : runtime.partsPerMillion(key, defaultPartsPerMillion);
        return share >= MILLION || Long.remainderUnsigned(random, MILLION) < share;
    }
}
