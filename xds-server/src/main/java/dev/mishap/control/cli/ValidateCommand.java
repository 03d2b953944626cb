package dev.mishap.control.cli;

import dev.mishap.control.rules.RuleInput;
import dev.mishap.control.rules.ValidationReport;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

    @Override
    public Integer call() {
        List<RuleInput> inputs = sources.read(spec.commandLine());
        ValidationReport report = new ValidationReport(inputs);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.print(report.json());
        } else {
            report.lines().forEach(out::println);
        }
        out.flush();
        return report.ok() ? Mishap.OK : Mishap.NO;
    }
}
