package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a message of the configuration from any of its four forms. What can't be read is a {@link ConfigException} in Envoy's
 * words; constraints are checked apart, by {@link ConfigCheck}.
 */
public final class ConfigReader {
    private final boolean tolerateUnknown;
    private final List<String> unknownFields = new ArrayList<>();

    private ConfigReader(boolean tolerateUnknown) {
        this.tolerateUnknown = tolerateUnknown;
    }

    /** A reader to which a field or enum value that the schema does not have is an error. */
    public static ConfigReader strict() {
        return new ConfigReader(false);
    }

    /** A reader that drops fields and enum values that the schema does not have, and lists them in {@link #unknownFields}. */
    public static ConfigReader lenient() {
        return new ConfigReader(true);
    }

    /** A message that is read strictly from YAML and meets its constraints. */
    public static ConfigNode checkedYaml(String messageName, String text) {
        ConfigNode node = strict().yaml(messageName, text);
        ConfigCheck.constraints(node);
        return node;
    }

    /** What a lenient reader dropped so far, one description each. */
    public List<String> unknownFields() {
        return unknownFields;
    }

    public ConfigNode yaml(String messageName, String text) {
        SourceValue source = YamlSource.read(text);
        if (source == null || source.kind != SourceValue.Kind.MAP && source.kind != SourceValue.Kind.LIST) {
            throw new ConfigException("Unable to convert YAML as JSON: " + (source == null ? "" : source.text));
        }
        return map(messageName, source);
    }

    public ConfigNode json(String messageName, String text) {
        return map(messageName, JsonSource.read(text));
    }

    private ConfigNode map(String messageName, SourceValue source) {
        Problems problems = new Problems(messageName);
        MessageNode node = MessageNode.root(type(messageName), "");
        new JsonMapping(problems).message(source, node);
        finish(problems);
        return node;
    }

    private void finish(Problems problems) {
        problems.throwIfAny(tolerateUnknown);
        unknownFields.addAll(problems.unknownFields());
    }

    private static MessageType type(String messageName) {
        @Nullable MessageType type = Schema.get().message(messageName);
        if (type == null) {
            throw new IllegalArgumentException("no message " + messageName);
        }
        return type;
    }
}
