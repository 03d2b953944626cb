package dev.mishap.control.cli;

import dev.mishap.control.rules.RuleInput;
import dev.mishap.control.rules.ValidationReport;
import dev.mishap.rules.Protection;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Checks files of rules and experiments. */
@Command(
        name = "validate",
        description =
                "Check rules and experiments, ours and those that can be imported, and show what overlapping rules do together.",
        footerHeading = "%n",
        footer = "Exit codes: 0 all valid, 1 something is not, 2 a file cannot be read.")
final class ValidateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RuleSources sources = new RuleSources();

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    @Option(
            names = "--protect",
            paramLabel = "ENTRIES",
            description =
                    "What the proxies protect besides the defaults, as in MISHAP_PROTECT: path=/ready,port=15021.")
    private @Nullable String protect;

    @Override
    public Integer call() {
        List<RuleInput> inputs = sources.read(spec.commandLine());
        ValidationReport report = new ValidationReport(inputs, protection());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.print(report.json());
        } else {
            report.lines().forEach(out::println);
        }
        out.flush();
        return report.ok() ? Mishap.OK : Mishap.NO;
    }

    private Protection protection() {
        String entries = protect;
        if (entries == null) {
            return Protection.DEFAULT;
        }
        try {
            return Protection.parse(entries);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--protect: " + e.getMessage());
        }
    }
}
