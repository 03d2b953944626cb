package dev.mishap.proxy.config.schema;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The schema as tests outside of its package see it. */
public final class SchemaDescription {
    /**
     * @param newer whether Envoy's API has it and the API's jar does not yet
     * @param message the full name of the field's message, null for a scalar, a well-known type or an Any
     */
    public record Field(
            String name,
            boolean deprecated,
            boolean newer,
            @Nullable String message) {}

    private static final class Jar {
        static final ApiModel MODEL = SchemaGenerator.jar();
    }

    private SchemaDescription() {}

    /** The fields of a message by number, or null when the schema does not have the message. */
    public static @Nullable List<Field> fields(String message) {
        MessageType type = Schema.get().message(message);
        if (type == null) {
            return null;
        }
        ApiModel.Message inJar = Jar.MODEL.messages.get(message);
        boolean ofEnvoy = message.startsWith("envoy.") || message.startsWith("xds.");
        List<Field> fields = new ArrayList<>();
        for (FieldType field : type.fields()) {
            boolean ordinary = field.kind() == FieldType.MESSAGE && field.wellKnown() == WellKnown.NONE;
            fields.add(new Field(
                    field.name(),
                    field.isDeprecated(),
                    ofEnvoy && (inJar == null || !inJar.fields().containsKey(field.number())),
                    ordinary ? field.messageType().name() : null));
        }
        return fields;
    }
}
