package dev.mishap.control.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * The commands that the launcher starts on the data plane's own class path, so that a sidecar loads nothing of this one. They
 * stand here for the help and the completion.
 */
abstract class LauncherCommands implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(hidden = true, arity = "0..*")
    private String[] ignored = {};

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(),
                "'" + spec.name() + "' is started by the launcher: run `mishap " + spec.name() + "`");
    }

    @Command(
            name = "proxy",
            description = "The data plane: takes Envoy's flags and bootstrap file.",
            footer = "`mishap proxy --help` of the launcher lists its flags.")
    static final class Proxy extends LauncherCommands {}

    @Command(
            name = "standalone",
            description = "A fault proxy in front of one dependency, without a configuration file.")
    static final class Standalone extends LauncherCommands {}
}
