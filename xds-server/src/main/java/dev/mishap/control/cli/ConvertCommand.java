package dev.mishap.control.cli;

import dev.mishap.control.rules.RuleConverter;
import dev.mishap.control.rules.RuleInput;
import dev.mishap.rules.FleetRule;
import dev.mishap.rules.experiment.Experiment;
import dev.mishap.rules.importer.ImportResult;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes rules and experiments in another form. */
@Command(
        name = "convert",
        description =
                "Write rules and experiments in another form. What that form has no words for is an error that names it.",
        footerHeading = "%n",
        footer = "Exit codes: 0 written, 1 not valid or not expressible, 2 a file cannot be read.")
final class ConvertCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RuleSources sources = new RuleSources();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description =
                    "${COMPLETION-CANDIDATES}: our YAML, our JSON, one line a rule, or HTTPFault filters of Envoy. Default: mishap.")
    private RuleConverter.Format format = RuleConverter.Format.mishap;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<FleetRule> rules = new ArrayList<>();
        List<Experiment> experiments = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (RuleInput input : sources.read(spec.commandLine())) {
            if (input.result() instanceof ImportResult.Imported imported) {
                rules.addAll(imported.fleetRules());
                experiments.addAll(imported.experiments());
                imported.notes().forEach(note -> err.println("note: " + note));
                RuleConverter.inexpressible(imported, format).forEach(m -> problems.add(input.name() + ": " + m));
            } else if (input.result() instanceof ImportResult.Refused refused) {
                refused.problems().forEach(p -> problems.add(p.toString()));
            }
        }
        if (problems.isEmpty()) {
            out.print(RuleConverter.write(new ImportResult.Imported(rules, experiments, List.of()), format));
            out.flush();
            err.flush();
            return Mishap.OK;
        }
        problems.forEach(err::println);
        err.flush();
        return Mishap.NO;
    }
}
