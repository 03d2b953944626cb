package dev.mishap.control.cli;

import dev.mishap.rules.fault.FaultCatalog;
import dev.mishap.rules.fault.FaultEntry;
import dev.mishap.rules.fault.FaultField;
import dev.mishap.rules.yaml.DocumentText;
import dev.mishap.rules.yaml.Suggestion;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells what faults there are. */
@Command(
        name = "faults",
        description = "List the faults, or tell all about one: what happens on the wire, its fields, an example.",
        footerHeading = "%n",
        footer = "Exit codes: 0 told, 2 there is no such fault.")
final class FaultsCommand implements Callable<Integer> {
    /** For completion. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return names().iterator();
        }
    }

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            completionCandidates = Names.class,
            description = "A fault, such as latency, or dns.delay, or dns for all of its actions.")
    private @Nullable String name;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    private static List<String> names() {
        return FaultCatalog.entries().stream().map(FaultEntry::name).toList();
    }

    @Override
    public Integer call() {
        String wanted = name;
        List<FaultEntry> chosen = wanted == null ? FaultCatalog.entries() : FaultCatalog.named(wanted);
        if (chosen.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "there is no fault '" + wanted + "'" + Suggestion.of(String.valueOf(wanted), names()));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(DocumentText.jsonLine(
                    Map.of("faults", chosen.stream().map(FaultsCommand::map).toList())));
        } else if (wanted == null) {
            int width = chosen.stream().mapToInt(e -> e.name().length()).max().orElse(0);
            for (FaultEntry entry : chosen) {
                out.println(entry.name() + " ".repeat(width + 2 - entry.name().length()) + entry.example());
            }
        } else {
            chosen.forEach(entry -> tell(entry, out));
        }
        out.flush();
        return Mishap.OK;
    }

    private static void tell(FaultEntry entry, PrintWriter out) {
        out.println(entry.name() + " (" + entry.kind().plane().words() + ")");
        out.println("  on the wire  " + entry.wire());
        out.println("  client sees  " + entry.seen());
        out.println("  scope        " + entry.scope());
        for (FaultField field : entry.fields()) {
            out.println("  field        " + field.name() + ": " + field.values());
        }
        out.println("  example      " + entry.example());
    }

    private static Map<String, Object> map(FaultEntry entry) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", entry.name());
        map.put("actsOn", entry.kind().plane().words());
        map.put("onTheWire", entry.wire());
        map.put("clientSees", entry.seen());
        map.put("scope", entry.scope());
        List<Object> fields = new ArrayList<>();
        for (FaultField field : entry.fields()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", field.name());
            one.put("values", field.values());
            fields.add(one);
        }
        map.put("fields", fields);
        map.put("example", entry.example());
        return map;
    }
}
