package dev.mishap.control.cli;

import dev.mishap.rules.yaml.Suggestion;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mishap help COMMAND}, which is {@code mishap COMMAND --help}; of the launcher's own commands the launcher sees to that. */
@Command(name = "help", description = "Show the help of a command.")
final class HelpCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "COMMAND", arity = "0..1", description = "Default: all of mishap.")
    private String command = "";

    @Override
    public Integer call() {
        CommandLine root = spec.root().commandLine();
        CommandLine asked = command.isEmpty() ? root : root.getSubcommands().get(command);
        if (asked == null) {
            throw new ParameterException(
                    root,
                    "there is no command '" + command + "'"
                            + Suggestion.of(command, root.getSubcommands().keySet()));
        }
        asked.usage(spec.commandLine().getOut());
        return Mishap.OK;
    }
}
