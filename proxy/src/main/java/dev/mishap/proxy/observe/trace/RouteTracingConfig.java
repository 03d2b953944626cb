package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.RouteTracing;
import dev.mishap.proxy.http.RouteTracing.Fraction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code tracing} and {@code decorator} of a route. */
public final class RouteTracingConfig {
    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.route.v3.Decorator").supported("operation", "propagate"),
            SupportedFields.of("envoy.config.route.v3.Tracing")
                    .supported("client_sampling", "random_sampling", "overall_sampling", "custom_tags"));

    private RouteTracingConfig() {}

    /** Reads them from an {@code envoy.config.route.v3.Route}. */
    public static RouteTracing from(ConfigNode route) {
        ConfigNode decorator = route.message("decorator");
        ConfigNode tracing = route.message("tracing");
        if (decorator == null && tracing == null) {
            return RouteTracing.NONE;
        }
        return new RouteTracing(
                decorator == null ? "" : decorator.string("operation"),
                decorator == null || decorator.bool("propagate", true),
                tracing == null ? null : share(tracing, "client_sampling"),
                tracing == null ? null : share(tracing, "random_sampling"),
                tracing == null ? null : share(tracing, "overall_sampling"),
                tracing == null ? List.of() : CustomTags.from(tracing.messages("custom_tags")));
    }

    /** Once a route says anything of tracing, what it leaves out is always, as in Envoy. */
    private static Fraction share(ConfigNode tracing, String field) {
        @Nullable ConfigNode percent = tracing.message(field);
        if (percent == null) {
            return new Fraction(100, 100);
        }
        long denominator = switch (percent.enumName("denominator")) {
            case "TEN_THOUSAND" -> 10_000;
            case "MILLION" -> 1_000_000;
            default -> 100;
        };
        return new Fraction(percent.integer("numerator", 0), denominator);
    }
}
