package dev.mishap.control.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the completion script of a shell. */
@Command(
        name = "completion",
        description = "Print a shell's completion script.",
        footerHeading = "%n",
        footer = {"  source <(mishap completion bash)", "  mishap completion zsh > \"$${fpath[1]}/_mishap\""})
final class CompletionCommand implements Callable<Integer> {
    enum Shell {
        bash,
        zsh
    }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
    private Shell shell = Shell.bash;

    @Override
    public Integer call() {
        String script = AutoComplete.bash("mishap", spec.root().commandLine());
        PrintWriter out = spec.commandLine().getOut();
        if (shell == Shell.zsh) {
            // The script speaks bash and turns zsh's emulation on. Loaded from fpath it is the body of a function that
            // has been
            // asked for completions, so after it has set itself up it must answer.
            out.println("#compdef mishap");
            out.print(script);
            out.println("[[ ${funcstack[1]-} = _mishap ]] && _bash_complete -o default -F _complete_mishap");
        } else {
            out.print(script);
        }
        out.flush();
        return Mishap.OK;
    }
}
