package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.config.schema.SchemaDescription;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SupportTableTest {
    @Test
    void everyListedMessageAndFieldExistsOnce() {
        List<String> wrong = new ArrayList<>();
        for (SupportedFields listed : SupportTable.inOrder()) {
            List<SchemaDescription.Field> fields = SchemaDescription.fields(listed.message());
            if (fields == null) {
                wrong.add(listed.message() + " is no message of the schema");
                continue;
            }
            Set<String> names = new HashSet<>();
            fields.forEach(f -> names.add(f.name()));
            listed.supported().stream()
                    .filter(f -> !names.contains(f))
                    .forEach(f -> wrong.add(listed.message() + " has no " + f));
            listed.accepted().keySet().stream()
                    .filter(f -> !names.contains(f))
                    .forEach(f -> wrong.add(listed.message() + " has no " + f));
            listed.accepted().keySet().stream()
                    .filter(listed.supported()::contains)
                    .forEach(f -> wrong.add(listed.message() + "." + f + " is supported and accepted"));
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void everySupportedFieldCanBeUsed() {
        List<String> unusable = new ArrayList<>();
        for (SupportedFields listed : SupportTable.inOrder()) {
            List<SchemaDescription.Field> fields = SchemaDescription.fields(listed.message());
            for (SchemaDescription.Field field : fields == null ? List.<SchemaDescription.Field>of() : fields) {
                String message = field.message();
                if (listed.supported().contains(field.name())
                        && message != null
                        && !SupportTable.all().containsKey(message)) {
                    unusable.add(listed.message() + "." + field.name() + ": nobody lists " + message);
                }
            }
        }
        assertThat(unusable).as("supported fields whose message is refused").isEmpty();
    }
}
