package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the schema resource to the descriptors; {@code -Dmishap.regenerate=true} rewrites it. */
class SchemaResourceTest {
    private static final Path RESOURCE = Path.of("src/main/resources/dev/mishap/proxy/config/schema/envoy-api.schema");

    @Test
    void resourceIsWhatTheDescriptorsGive() throws IOException {
        byte[] generated = SchemaGenerator.generate();
        if (Boolean.getBoolean("mishap.regenerate")) {
            Files.write(RESOURCE, generated);
        }
        assertThat(Files.exists(RESOURCE) && Arrays.equals(Files.readAllBytes(RESOURCE), generated))
                .as("%s is stale: run this test with -Dmishap.regenerate=true", RESOURCE)
                .isTrue();
    }

    /** {@code -Dmishap.api=FILE}, a FileDescriptorSet, writes the supplement anew before any test of it. */
    @BeforeAll
    static void writeTheSupplementWhenAsked() throws IOException {
        String api = System.getProperty("mishap.api", "");
        if (!api.isEmpty()) {
            ApiSupplement.write(Path.of(api));
        }
    }

    @Test
    void theDocumentOfTheExtensionsIsWhatTheMessagesSay() throws IOException {
        Path document = Path.of("../docs/extensions.md");
        String text = Files.readString(document);
        int marker = text.indexOf(ExtensionsDocument.MARKER);
        String byHand = marker < 0 ? text + "\n" : text.substring(0, marker);
        String wanted = byHand + ExtensionsDocument.generate();
        if (Boolean.getBoolean("mishap.regenerate")) {
            Files.writeString(document, wanted);
        }
        assertThat(Files.readString(document))
                .as("%s is stale: run this test with -Dmishap.regenerate=true", document)
                .isEqualTo(wanted);
    }

    @Test
    void everyRuleOfTheSchemaIsOneThatIsChecked() {
        List<String> unchecked = new ArrayList<>();
        Schema schema = Schema.get();
        for (int i = 0; i < schema.messageCount(); i++) {
            for (FieldType field : schema.messageAt(i).fields()) {
                collect(field, field.rules(), schema.messageAt(i).name() + "." + field.name(), unchecked);
            }
        }
        assertThat(unchecked).isEmpty();
    }

    private static void collect(FieldType field, @Nullable FieldRules rules, String name, List<String> unchecked) {
        if (rules == null) {
            return;
        }
        // Well-known formats of strings other than header names and values, and rules of timestamps, are not
        // implemented.
        if (rules.format != 0 && rules.format != 24 || rules.type == FieldRules.TIMESTAMP) {
            unchecked.add(name);
        }
        collect(field, rules.items, name, unchecked);
        collect(field, rules.keys, name, unchecked);
        collect(field, rules.values, name, unchecked);
    }
}
