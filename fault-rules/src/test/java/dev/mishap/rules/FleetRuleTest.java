package dev.mishap.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.importer.ImportResult;
import dev.mishap.rules.importer.RuleFiles;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.RuleWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FleetRuleTest {
    private static final String RULE = """
            apiVersion: mishap.dev/v1
            kind: FaultRule
            metadata:
              name: a
              namespace: prod
            spec:
              fault:
                abort:
                  httpStatus: 503
              override:
                reason: agreed
            """;

    @Test
    void isReadAndWritten() {
        ImportResult result = RuleFiles.readForFleet(RULE, "f");
        assertThat(result).isInstanceOf(ImportResult.Imported.class);
        FleetRule rule = ((ImportResult.Imported) result).fleetRules().get(0);
        assertThat(rule.namespace()).isEqualTo("prod");
        assertThat(rule.overrideReason()).isEqualTo("agreed");
        assertThat(DocumentText.yaml(RuleWriter.write(rule))).isEqualTo(RULE);
    }

    @Test
    void aSingleProxyRefusesWhatItCannotHonour() {
        assertThat(RuleFiles.read(RULE, "f").toString()).contains("metadata.namespace", "spec.override");
    }

    @ParameterizedTest
    @CsvSource({
        "namespace: prod, namespace: -x, namespace must be 1 to 63",
        "reason: agreed, reason: ' ', override.reason must not be empty"
    })
    void whatIsWrongIsNamed(String good, String bad, String message) {
        assertThat(RuleFiles.readForFleet(RULE.replace(good, bad), "f").toString())
                .contains(message);
    }

    @Test
    void oneNameMayStandInTwoNamespaces() {
        String other = RULE.replace("namespace: prod", "namespace: staging");
        assertThat(RuleFiles.readForFleet(RULE + "---\n" + other, "f")).isInstanceOf(ImportResult.Imported.class);
        assertThat(RuleFiles.readForFleet(RULE + "---\n" + RULE, "f").toString())
                .contains("two rules are called");
    }
}
