package dev.mishap.control.cli;

import dev.mishap.control.Failures;
import dev.mishap.rules.yaml.Suggestion;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command. A sub-command is a class and one line here. */
@Command(
        name = "mishap",
        description = "Faults on purpose: an Envoy-compatible fault proxy and a runner of chaos experiments.",
        versionProvider = Mishap.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%n",
        footer = {
            "Exit codes: 0 done or held, 1 not held or not valid, 2 bad input or not judged.",
            "`mishap COMMAND --help` tells more."
        },
        subcommands = {
            LauncherCommands.Proxy.class,
            LauncherCommands.Standalone.class,
            ServeCommand.class,
            ApplyCommand.class,
            GetCommand.class,
            DescribeCommand.class,
            DeleteCommand.class,
            WatchCommand.class,
            StopCommand.class,
            FleetCommand.class,
            TokenCommand.class,
            AuditCommand.class,
            ConfigCommand.class,
            RunCommand.class,
            ValidateCommand.class,
            ConvertCommand.class,
            FaultsCommand.class,
            StoreCommand.class,
            CompletionCommand.class,
            HelpCommand.class,
        })
public final class Mishap implements Runnable {
    /** What was asked for was done; the hypothesis held. */
    public static final int OK = 0;
    /** It was judged, and the answer is no; or an address is taken. */
    public static final int NO = 1;
    /** Bad input, or it could not be judged. */
    public static final int ERROR = 2;

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help and exit.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version and exit.")
    private boolean version;

    Mishap() {}

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The whole command line, ready to run; tests set its writers. */
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Mishap());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExpandAtFiles(false);
        line.setParameterExceptionHandler(Mishap::badArguments);
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            PrintWriter err = command.getErr();
            err.println("mishap: " + words(e));
            if (System.getenv("MISHAP_DEBUG") != null) {
                e.printStackTrace(err);
            }
            err.flush();
            // As of Envoy and of `standalone`: nothing that was said is wrong.
            return e instanceof Failures.CannotListenException || e.getCause() instanceof Failures.CannotListenException
                    ? NO
                    : ERROR;
        });
        return line;
    }

    /** The JDK's own messages about files are often a path only. */
    private static String words(Exception e) {
        if (e instanceof FileSystemException file && file.getReason() == null) {
            return file.getFile() + ": " + Failures.text(file);
        }
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    /** One line on what is wrong, near misses, and where help is; not the whole usage. */
    private static int badArguments(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        if (e instanceof CommandLine.UnmatchedArgumentException unmatched
                && command.getParent() == null
                && !unmatched.getUnmatched().get(0).startsWith("-")) {
            String word = unmatched.getUnmatched().get(0);
            err.println("mishap: there is no command '" + word + "'"
                    + Suggestion.of(word, command.getSubcommands().keySet()));
        } else {
            err.println("mishap: " + e.getMessage());
            CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
        }
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        err.flush();
        return ERROR;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Mishap.class.getPackage().getImplementationVersion();
            return new String[] {"mishap " + (version == null ? "(built from classes)" : version)};
        }
    }
}
