package dev.mishap.proxy.observe.trace;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What spans are of: attributes of our own, and those that {@code OpenTelemetryConfig.resource_detectors} find. */
final class OtlpResource {
    private static final String PACKAGE = "envoy.extensions.tracers.opentelemetry.resource_detectors.v3.";
    private static final String ENVIRONMENT = PACKAGE + "EnvironmentResourceDetectorConfig";
    private static final String STATIC = PACKAGE + "StaticConfigResourceDetectorConfig";
    private static final String VARIABLE = "OTEL_RESOURCE_ATTRIBUTES";
    private static final String DEFAULT_SERVICE = "unknown_service:envoy";

    static final List<SupportedFields> FIELDS =
            List.of(SupportedFields.of(ENVIRONMENT), SupportedFields.of(STATIC).supported("attributes"));

    private static final Logger LOG = LoggerFactory.getLogger(OtlpResource.class);

    private OtlpResource() {}

    /**
     * The attributes, by name; those of a later detector count.
     *
     * @param environment gives the value of a variable, null = it is not set
     */
    static Map<String, String> of(ConfigNode config, String version, UnaryOperator<@Nullable String> environment) {
        Map<String, String> attributes = new LinkedHashMap<>();
        if (isOn(config, "set_service_name_resource_attribute")) {
            String name = config.string("service_name");
            attributes.put("service.name", name.isEmpty() ? DEFAULT_SERVICE : name);
        }
        if (isOn(config, "set_telemetry_sdk_resource_attributes")) {
            attributes.put("telemetry.sdk.language", "java");
            attributes.put("telemetry.sdk.name", "envoy");
            attributes.put("telemetry.sdk.version", version);
        }
        for (ConfigNode detector : config.messages("resource_detectors")) {
            attributes.putAll(detect(detector, environment));
        }
        return attributes;
    }

    /** A BoolValue that is true unless it says otherwise. */
    static boolean isOn(ConfigNode config, String field) {
        return config.bool(field, true);
    }

    private static Map<String, String> detect(ConfigNode detector, UnaryOperator<@Nullable String> environment) {
        ConfigNode config = detector.message("typed_config");
        String type = config == null ? "" : config.messageName();
        if (config != null && type.equals(STATIC)) {
            return config.stringMap("attributes");
        }
        if (type.equals(ENVIRONMENT)) {
            return parse(Objects.requireNonNullElse(environment.apply(VARIABLE), ""));
        }
        throw new ConfigException("Didn't find a registered implementation for '" + detector.string("name")
                + "' with type URL: '" + type + "'");
    }

    /** {@code name=value,name=value}. */
    private static Map<String, String> parse(String text) {
        Map<String, String> found = new LinkedHashMap<>();
        if (text.isEmpty()) {
            return found;
        }
        for (String pair : text.split(",")) {
            String[] parts = pair.split("=", -1);
            if (parts.length == 2 && !parts[0].isEmpty() && !parts[1].isEmpty()) {
                found.put(parts[0], parts[1]);
            } else if (!pair.isEmpty()) {
                LOG.warn("Invalid resource format from the environment, invalid text: {}.", pair);
            }
        }
        return found;
    }
}
