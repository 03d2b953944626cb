package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.List;

/** Decides which of the spans that a connection manager has made are sampled: {@code OpenTelemetryConfig.sampler}. */
@FunctionalInterface
interface OtlpSampler {
    String PACKAGE = "envoy.extensions.tracers.opentelemetry.samplers.v3.";
    String ALWAYS_ON = PACKAGE + "AlwaysOnSamplerConfig";
    String PARENT_BASED = PACKAGE + "ParentBasedSamplerConfig";
    String RATIO = PACKAGE + "TraceIdRatioBasedSamplerConfig";

    List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(ALWAYS_ON),
            SupportedFields.of(PARENT_BASED).supported("wrapped_sampler"),
            SupportedFields.of(RATIO).supported("sampling_percentage"));

    /** Whether a span of {@code context} is sampled, which has no parent when it is the first of its trace. */
    boolean samples(W3cContext context);

    /** Reads a TypedExtensionConfig. */
    static OtlpSampler from(ConfigNode extension) {
        ConfigNode config = extension.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (config != null && type.equals(ALWAYS_ON)) {
            return context -> true;
        }
        if (config != null && type.equals(PARENT_BASED)) {
            ConfigNode wrapped = config.message("wrapped_sampler");
            if (wrapped == null) {
                throw new ConfigException("Didn't find a registered implementation for '' with type URL: ''");
            }
            OtlpSampler first = from(wrapped);
            return context -> context.hasParent() ? context.sampled() : first.samples(context);
        }
        if (config != null && type.equals(RATIO)) {
            ConfigNode share = config.message("sampling_percentage");
            long numerator = share == null ? 0 : share.integer("numerator", 0);
            long denominator = share == null ? 100 : denominator(share.enumName("denominator"));
            // Envoy takes the first half of the id as a number whose lowest byte comes first.
            return context -> Long.remainderUnsigned(Long.reverseBytes(context.traceIdHigh()), denominator) < numerator;
        }
        throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                + "' with type URL: '" + type + "'");
    }

    private static long denominator(String name) {
        return switch (name) {
            case "TEN_THOUSAND" -> 10_000;
            case "MILLION" -> 1_000_000;
            default -> 100;
        };
    }
}
