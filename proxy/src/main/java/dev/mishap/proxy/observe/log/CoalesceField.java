package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigReader;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code COALESCE({"operators": [...]})}: the first of several operators that has a value. An operator is its name, or an object
 * of {@code command}, {@code param} and {@code max_length}.
 */
final class CoalesceField extends Field {
    private static final String WRAPPER = "envoy.config.core.v3.Node";

    private final Field[] operators;

    private CoalesceField(List<Field> operators) {
        this.operators = operators.toArray(new Field[0]);
    }

    static Field create(Command command) {
        if (command.parameters().isEmpty()) {
            throw new ConfigException("COALESCE requires parameters");
        }
        Object list = read(command.parameters()) instanceof Map<?, ?> map ? map.get("operators") : null;
        if (!(list instanceof List<?> entries)) {
            throw new ConfigException("COALESCE: JSON configuration must contain 'operators' array");
        }
        if (entries.isEmpty()) {
            throw new ConfigException("COALESCE: 'operators' array must not be empty");
        }
        List<Field> operators = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            try {
                operators.add(Commands.create(operator(entries.get(i))));
            } catch (ConfigException e) {
                String unknown = "Not supported field in StreamInfo: ";
                String message = String.valueOf(e.getMessage());
                throw new ConfigException("COALESCE: failed to parse operator at index " + i + ": "
                        + (message.startsWith(unknown)
                                ? "unknown command: '" + message.substring(unknown.length()) + "'"
                                : message));
            }
        }
        Field field = new CoalesceField(operators);
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    /** Reads JSON as a Struct, which a message around it brings. */
    private static @Nullable Object read(String json) {
        try {
            return ConfigReader.strict()
                                    .json(WRAPPER, "{\"metadata\":{\"v\":" + json + "}}")
                                    .struct("metadata")
                            instanceof Map<?, ?> map
                    ? map.get("v")
                    : null;
        } catch (ConfigException e) {
            throw new ConfigException("COALESCE: failed to parse JSON configuration: " + e.getMessage());
        }
    }

    private static Command operator(@Nullable Object entry) {
        if (entry instanceof String name) {
            return new Command(name, "", -1);
        }
        if (!(entry instanceof Map<?, ?> map)) {
            throw new ConfigException(
                    "operator entry must be either a string (command name) or an object with 'command' field");
        }
        if (!(map.get("command") instanceof String name)) {
            throw new ConfigException("operator object must have 'command' field");
        }
        Object param = map.get("param");
        if (param != null && !(param instanceof String)) {
            throw new ConfigException("'param' field must be a string");
        }
        Object length = map.get("max_length");
        int max = length instanceof Number n ? n.intValue() : length == null ? -1 : 0;
        if (length != null && max <= 0) {
            throw new ConfigException("'max_length' must be a positive integer");
        }
        return new Command(name, param == null ? "" : param.toString(), max);
    }

    @Override
    boolean append(LogContext context, LogBuffer out) {
        for (Field f : operators) {
            if (f.append(context, out)) {
                return true;
            }
        }
        return false;
    }

    @Override
    boolean appendJson(LogContext context, LogBuffer out) {
        for (Field f : operators) {
            if (f.appendJson(context, out)) {
                return true;
            }
        }
        return false;
    }
}
