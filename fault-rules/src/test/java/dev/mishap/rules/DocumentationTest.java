package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.importer.RuleFiles;
import dev.mishap.rules.text.RuleLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What docs/rule-language.md shows must be readable. */
class DocumentationTest {
    private static List<String> blocks(String language) throws IOException {
        List<String> blocks = new ArrayList<>();
        String[] parts = Files.readString(Path.of("../docs/rule-language.md")).split("```");
        for (int i = 1; i < parts.length; i += 2) {
            if (parts[i].startsWith(language + "\n")) {
                blocks.add(parts[i].substring(language.length() + 1));
            }
        }
        return blocks;
    }

    @Test
    void yamlIsValid() throws IOException {
        List<String> blocks = blocks("yaml");
        assertThat(blocks).hasSize(2);
        for (String block : blocks) {
            assertThat(RuleFiles.readForFleet(block, "rule-language.md")).isInstanceOf(ImportResult.Imported.class);
        }
    }

    @Test
    void linesAreValid() throws IOException {
        List<String> lines = blocks("").get(0).lines().toList();
        assertThat(lines).hasSizeGreaterThan(4);
        for (String line : lines) {
            assertThat(RuleLine.parse(line, "r")).isNotNull();
        }
    }
}
