package dev.mishap.proxy.config.schema;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message of the schema. Immutable. */
final class MessageType {
    private final String name;
    private final FieldType[] fields;
    private final Map<String, FieldType> byName;
    private final String[] oneofs;
    private final boolean[] oneofRequired;
    private final boolean checked;
    private final WellKnown wellKnown;

    MessageType(String name, FieldType[] fields, String[] oneofs, boolean[] oneofRequired, boolean checked) {
        this.name = name;
        this.fields = fields;
        this.oneofs = oneofs;
        this.oneofRequired = oneofRequired;
        this.checked = checked;
        wellKnown = WellKnown.of(name);
        byName = new HashMap<>(fields.length * 3);
        for (FieldType field : fields) {
            byName.put(field.jsonName(), field);
        }
        for (FieldType field : fields) {
            byName.put(field.name(), field);
        }
    }

    String name() {
        return name;
    }

    /** By number. */
    FieldType[] fields() {
        return fields;
    }

    /** The field called {@code fieldName}, in snake_case or camelCase, or null. */
    @Nullable
    FieldType field(String fieldName) {
        return byName.get(fieldName);
    }

    @Nullable
    FieldType field(int number) {
        int low = 0;
        int high = fields.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int n = fields[middle].number();
            if (n == number) {
                return fields[middle];
            }
            if (n < number) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return null;
    }

    String[] oneofs() {
        return oneofs;
    }

    boolean oneofRequired(int index) {
        return oneofRequired[index];
    }

    /** False when validation is switched off for the message. */
    boolean isChecked() {
        return checked;
    }

    WellKnown wellKnown() {
        return wellKnown;
    }

    @Override
    public String toString() {
        return name;
    }
}
