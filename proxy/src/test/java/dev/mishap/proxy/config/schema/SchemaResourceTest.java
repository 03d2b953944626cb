package dev.mishap.proxy.config.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
}
