package dev.mishap.rules.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.rules.FaultRule;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.FaultCatalog;
import dev.mishap.rules.fault.FaultEntry;
import dev.mishap.rules.fault.FaultField;
import dev.mishap.rules.text.RuleLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The words about the faults agree with the language, and docs/faults.md with the words. */
class FaultCatalogTest {
    private static final Path DOCS = Path.of("../docs/faults.md");
    private static final String BEGIN = "<!-- made from FaultCatalog; -Dmishap.regenerate=true rewrites it -->\n";
    private static final String END = "\n<!-- end -->";

    @Test
    void everyFaultHasItsWords() {
        Set<Fault.Kind> kinds = EnumSet.noneOf(Fault.Kind.class);
        Set<String> actions = new TreeSet<>();
        for (FaultEntry entry : FaultCatalog.entries()) {
            kinds.add(entry.kind());
            if (entry.kind() == Fault.Kind.DNS) {
                actions.add(entry.name());
            }
        }
        assertThat(kinds).containsExactlyInAnyOrder(Fault.Kind.values());
        assertThat(actions).hasSize(DnsFault.Action.values().length);
        assertThat(FaultCatalog.named("dns")).hasSize(actions.size());
        assertThat(FaultCatalog.named("latency")).hasSize(1);
        assertThat(FaultCatalog.named("late")).isEmpty();
    }

    @Test
    void fieldsAreThoseThatTheReaderKnows() {
        Shape faults = ((Type.Of)
                        ((Type.Of) Shapes.FAULT_RULE.fields.get("spec").type())
                                .shape()
                                .fields
                                .get("fault")
                                .type())
                .shape();
        Set<String> dns = new TreeSet<>();
        for (FaultEntry entry : FaultCatalog.entries()) {
            Set<String> read = ((Type.Of)
                            faults.fields.get(entry.kind().field()).type())
                    .shape()
                    .fields
                    .keySet();
            Set<String> told = new TreeSet<>();
            entry.fields().stream().map(FaultField::name).forEach(told::add);
            if (entry.kind() == Fault.Kind.DNS) {
                dns.addAll(told);
                assertThat(read).containsAll(told);
            } else {
                assertThat(told).as(entry.name()).isEqualTo(new TreeSet<>(read));
            }
        }
        assertThat(dns).hasSize(DnsFault.Action.values().length);
    }

    @Test
    void examplesAreRulesOfTheirFault() {
        for (FaultEntry entry : FaultCatalog.entries()) {
            FaultRule rule = RuleLine.parse(entry.example(), "r");
            assertThat(rule.fault().kind()).as(entry.example()).isEqualTo(entry.kind());
        }
    }

    @Test
    void theDocumentIsUpToDate() throws IOException {
        String text = Files.readString(DOCS);
        int from = text.indexOf(BEGIN) + BEGIN.length();
        int to = text.indexOf(END, from);
        assertThat(to).as("the marks in " + DOCS).isPositive();
        if (Boolean.getBoolean("mishap.regenerate")) {
            Files.writeString(
                    DOCS, text.substring(0, from) + FaultCatalog.markdown().strip() + "\n" + text.substring(to));
            return;
        }
        assertThat(text.substring(from, to).strip())
                .isEqualTo(FaultCatalog.markdown().strip());
    }
}
