package dev.mishap.control.cli;

import dev.mishap.control.rules.RuleInput;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The arguments that name rules. */
final class RuleSources {
    @Parameters(
            paramLabel = "FILE",
            arity = "0..*",
            description =
                    "YAML or JSON: mishap.dev/v1, the chaos guide's template, Litmus, Istio VirtualService; - is standard input.")
    private List<String> files = List.of();

    @Option(
            names = "--fault",
            paramLabel = "RULE",
            description = "A rule in one line, such as 'abort 503 40%%'. Repeatable.")
    private List<String> lines = List.of();

    /** Reads all of them; a file that cannot be read ends the command. */
    List<RuleInput> read(CommandLine command) {
        if (files.isEmpty() && lines.isEmpty()) {
            throw new ParameterException(command, "a FILE or --fault is missing");
        }
        List<RuleInput> inputs = new ArrayList<>();
        for (String file : files) {
            inputs.add(RuleInput.file(file, System.in));
        }
        for (int i = 0; i < lines.size(); i++) {
            inputs.add(RuleInput.line(lines.get(i), i + 1));
        }
        return inputs;
    }
}
