package dev.mishap.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.cli.FlagTable;
import dev.mishap.proxy.config.schema.AbsentExtensions;
import dev.mishap.proxy.config.schema.SchemaDescription;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Writes docs/envoy-compatibility.md from the code's tables; {@code -Dmishap.regenerate=true} rewrites it. */
class EnvoyCompatibilityTest {
    private static final Path PAGE = Path.of("../docs/envoy-compatibility.md");

    private static final String INTRODUCTION = """
            # What of Envoy is supported

            This page is generated from the proxy's own tables (`SupportTable`, `Flags`), which are also what a configuration is
            checked against; a test fails when it is stale (`mvn -pl proxy -am test -Dtest=EnvoyCompatibilityTest
            -Dsurefire.failIfNoSpecifiedTests=false -Dmishap.regenerate=true` rewrites it).

            ## How a configuration is judged

            1. **Unknown**: a field, enum value or `@type` that the API does not have is an error in Envoy's words with its path;
               `--allow-unknown-static-fields` makes fields and enum values a warning. The API is that of
               Envoy 1.40, read from its binary; version 2 of the API, which Envoy dropped with 1.18, is unknown.
            2. **Constraints**: the `validate` rules of the API, of every message, with Envoy's words
               (`HTTPFaultValidationError.Abort: embedded message failed validation | caused by …`), the path and the line.
               All broken rules are reported, where Envoy stops at the first. Negative durations are refused everywhere,
               as are those of 9223372036 s and more.
            3. **Not supported**: a field or message that the API has and we don't is refused by its path, all of them at once.
               An extension that is not there is Envoy's `Didn't find a registered implementation for 'NAME' with type URL: 'TYPE'`.
            4. **Without meaning here**: accepted, and listed below with the reason.

            Forms: `.yaml`, `.yml`, `.pb` (binary), `.pb_text` (text format); any other file name is read as JSON. `--config-yaml`
            is merged over the file as protobuf merges. YAML is read as Envoy reads it (plain scalars are YAML 1.1 booleans,
            decimal, hexadecimal or octal integers, null, or strings; one value stands for a list of one; `!ignore` drops an entry),
            and JSON as protobuf does, which forgives a comma after the last element, single quotes and keys without quotes.
            `searchdiff.py --configs` (CONTRIBUTING.md) searches for configurations that Envoy judges otherwise.
            Differences from Envoy, on purpose: a key that is given twice in one map is an error (Envoy takes the last one); unsigned
            64-bit numbers over 9223372036854775807 are refused; aliases may not expand to more than ten times the document,
            nesting ends at 100 levels, a file at 64 MiB; files are UTF-8 without NUL; a tab may not stand where YAML wants a blank;
            the number of an enum value that has no name is refused (Envoy mostly takes it for the default); clusters on demand
            need an incremental source (with another one Envoy ends at the first request for a cluster); ADS where there is no
            `ads_config` is accepted by `--mode validate` and refused at the start, where Envoy ends, too.

            A management server that answers the refusal of a response with the same content again is refused with pauses that
            grow from 0.5 s to 30 s; Envoy refuses it at once, without end. Anything else is acknowledged or refused at once.

            """;

    @Test
    void pageIsWhatTheTablesGive() throws IOException {
        String page = page();
        if (Boolean.getBoolean("mishap.regenerate")) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.exists(PAGE) && Files.readString(PAGE).equals(page))
                .as("docs/envoy-compatibility.md is stale: run this test with -Dmishap.regenerate=true")
                .isTrue();
    }

    private static String page() {
        StringBuilder s = new StringBuilder(INTRODUCTION);
        s.append("## Command line\n\n").append(FlagTable.markdown());
        s.append("\n## Admin server\n\n").append(AdminTable.markdown());
        s.append("\n## Extensions that are not there\n\nWhy, or what there is instead; an error says it, too.\n\n");
        s.append("| messages that begin with | |\n|---|---|\n");
        new TreeMap<>(AbsentExtensions.all())
                .forEach((type, why) ->
                        s.append("| `").append(type).append("` | ").append(why).append(" |\n"));
        s.append(
                "\n## Messages\n\nA message that is not here is refused wherever it is set. (d) = deprecated in Envoy's API.\n"
                        + "(n) = newer than the published Java classes of the API (1.0.49, about Envoy 1.34), so only to be written in YAML, JSON\n"
                        + "or text, or sent by a control plane with newer classes.\n");
        for (SupportedFields listed : SupportTable.inOrder()) {
            message(s, listed);
        }
        return s.toString();
    }

    private static void message(StringBuilder s, SupportedFields listed) {
        List<String> supported = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        List<SchemaDescription.Field> fields = SchemaDescription.fields(listed.message());
        for (SchemaDescription.Field field : fields == null ? List.<SchemaDescription.Field>of() : fields) {
            String name = "`" + field.name() + "`" + (field.deprecated() ? " (d)" : "") + (field.newer() ? " (n)" : "");
            if (listed.supported().contains(field.name())) {
                supported.add(name);
            } else if (!listed.accepted().containsKey(field.name())) {
                String instead = listed.instead().get(field.name());
                refused.add(instead == null ? name : name + " (" + instead + ")");
            }
        }
        s.append("\n### ").append(listed.message()).append('\n');
        if (!listed.noEffect().isEmpty()) {
            s.append("- accepted without effect, whatever it holds: ")
                    .append(listed.noEffect())
                    .append('\n');
        } else if (supported.isEmpty() && refused.isEmpty() && listed.accepted().isEmpty()) {
            s.append("- supported; it has no fields\n");
        }
        line(s, "supported", supported);
        for (Map.Entry<String, String> accepted : listed.accepted().entrySet()) {
            s.append("- accepted without effect: `")
                    .append(accepted.getKey())
                    .append("`: ")
                    .append(accepted.getValue())
                    .append('\n');
        }
        line(s, "refused", refused);
    }

    private static void line(StringBuilder s, String what, List<String> names) {
        if (!names.isEmpty()) {
            s.append("- ")
                    .append(what)
                    .append(": ")
                    .append(String.join(", ", names))
                    .append('\n');
        }
    }
}
