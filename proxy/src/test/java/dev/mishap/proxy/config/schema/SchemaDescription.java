package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The schema as tests outside of its package see it. */
public final class SchemaDescription {
    /**
     * @param message the full name of the field's message, null for a scalar, a well-known type or an Any
     */
    public record Field(
            String name, boolean deprecated, @Nullable String message) {}

    private SchemaDescription() {}

    /** The fields of a message by number, or null when the schema does not have the message. */
    public static @Nullable List<Field> fields(String message) {
        MessageType type = Schema.get().message(message);
        if (type == null) {
            return null;
        }
        List<Field> fields = new ArrayList<>();
        for (FieldType field : type.fields()) {
            boolean ordinary = field.kind() == FieldType.MESSAGE && field.wellKnown() == WellKnown.NONE;
            fields.add(new Field(
                    field.name(),
                    field.isDeprecated(),
                    ordinary ? field.messageType().name() : null));
        }
        return fields;
    }
}
